#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/random_name.hpp"

#include <iostream>
#include <span>
#include <string_view>

/// Gives `name` new contents: at every instant, and after a power cut, it has the old or the new.
afio::result<void> replace_contents(const afio::directory_handle& directory, afio::leaf_name name,
                                    std::string_view text) {
  AFIO_TRY(auto file, afio::file_handle::unnamed(directory));
  auto rest = std::as_bytes(std::span(text));
  for (std::uint64_t at = 0; !rest.empty();) {
    AFIO_TRY(const auto written, file.write(rest, at));
    at += written;
    rest = rest.subspan(written);
  }
  AFIO_TRY(file.barrier(afio::barrier_kind::all)); // The contents before the name.

  AFIO_TRY(const auto temporary, afio::random_name());
  AFIO_TRY(file.link(directory, temporary));
  AFIO_TRY(file.relink(directory, temporary, directory, name, afio::replace::yes));
  return directory.barrier(); // The name.
}

int main() {
  const auto directory =
      afio::directory_handle::directory(afio::path_handle::working_directory()).value();
  const auto name = afio::leaf_name::from("config").value();
  replace_contents(directory, name, "colour = red\n").value();
  replace_contents(directory, name, "colour = dark green\n").value();
  std::cout << afio::file_handle::file(directory, name).value().size().value() << " bytes\n";
}
