#include "afio/mapped_file_handle.hpp"

#include <array>
#include <iostream>
#include <span>
#include <string_view>

int main() {
  const auto& here = afio::path_handle::working_directory();
  const auto name = afio::leaf_name::from("text").value();
  {
    auto file = afio::file_handle::file(
                    here, name, {.mode = afio::mode::write, .creation = afio::creation::if_needed})
                    .value();
    file.write(std::as_bytes(std::span(std::string_view("mapped, not copied"))), 0).value();
  }

  // Unguarded: where the bytes are, without a copy. For files that nobody else cuts.
  const auto file = afio::mapped_file_handle::mapped_file(here, name).value();
  const afio::const_buffer bytes = file.read(afio::extent{0, 100});
  std::cout << std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()) << '\n';

  // Guarded: a copy, and an error instead of SIGBUS if somebody has cut the file.
  const auto careful = afio::mapped_file_handle::mapped_file(
                           here, name, {}, {.access = afio::mapped_access::guarded})
                           .value();
  auto other = afio::file_handle::file(here, name, {.mode = afio::mode::write}).value();
  other.truncate(0).value();
  std::array<std::byte, 6> copy;
  if (const auto read = careful.read(afio::buffer(copy), 0); !read)
    std::cout << read.assume_error().code().message() << '\n';
}
