#include "afio/file_handle.hpp"

#include <cerrno>
#include <iostream>
#include <string_view>

using afio::file_handle;
using afio::path_handle;

/// The size of a file, or 0 where there is none.
afio::result<std::uint64_t> size_of(const char* name) {
  AFIO_TRY(const auto leaf, afio::leaf_name::from(name)); // Another error is returned from here.
  auto file = file_handle::file(path_handle::working_directory(), leaf);
  if (file) return file.assume_value().size();
  if (file.assume_error() == std::errc::no_such_file_or_directory) return 0; // As promised above.
  return file.assume_error();
}

void tell(const char* name) {
  const auto size = size_of(name);
  if (size) {
    std::cout << "size " << size.assume_value() << '\n';
    return;
  }
  const afio::error& why = size.assume_error();
  std::cout << why.message() << " | errno " << why.native() << ", from " << name_of(why.origin())
            << ", about \"" << why.name() << "\"\n";
  if (why == afio::errc::invalid_name) std::cout << "that is no name of an entry\n";
}

int main() {
  const auto& here = path_handle::working_directory();
  here.create_node(afio::leaf_name::from("pipe").value(), afio::file_type::fifo, 0600).value();
  here.create_directory(afio::leaf_name::from("folder").value()).value();

  tell("nothing");
  tell("folder");
  tell("pipe"); // Neither opened nor waited for.
  tell("folder/../pipe");
}
