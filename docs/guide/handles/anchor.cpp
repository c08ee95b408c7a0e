#include "afio/file_handle.hpp"

#include <array>
#include <iostream>
#include <span>
#include <string_view>

int main() {
  const auto& here = afio::path_handle::working_directory();
  const auto inbox = afio::leaf_name::from("inbox").value();
  const auto letter = afio::leaf_name::from("letter").value();

  // An anchor: this directory, whatever its path becomes.
  here.create_directory(inbox).value();
  const auto anchor = afio::path_handle::path(here, inbox).value();
  {
    auto file =
        afio::file_handle::file(anchor, letter,
                                {.mode = afio::mode::write, .creation = afio::creation::if_needed})
            .value();
    file.write(std::as_bytes(std::span(std::string_view("Dear reader"))), 0).value();
  }

  here.rename(inbox, here, afio::leaf_name::from("archive").value(), afio::replace::no).value();

  const auto file = afio::file_handle::file(anchor, letter).value(); // Not by any path: found.
  std::array<char, 100> text;
  const auto bytes = file.read(std::as_writable_bytes(std::span(text)), 5).value();
  std::cout << std::string_view(text.data(), bytes) << '\n';

  std::array<char, 4096> path;
  const auto now = anchor.current_path(path).value(); // For messages only.
  std::cout << "in " << now.substr(now.rfind('/') + 1) << '\n';
}
