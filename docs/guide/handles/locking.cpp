#include "afio/file_handle.hpp"

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

int main() {
  const auto& here = afio::path_handle::working_directory();
  const auto name = afio::leaf_name::from("accounts").value();
  const afio::file_options writing = {.mode = afio::mode::write,
                                      .creation = afio::creation::if_needed};
  auto mine = afio::file_handle::file(here, name, writing).value();
  auto others = afio::file_handle::file(here, name, writing).value(); // As in another process.

  const auto record = mine.lock_file_range({.offset = 0, .length = 100},
                                           afio::lock_kind::exclusive)
                          .value(); // Until `record` ends.

  const auto late = others.lock_file(afio::lock_kind::shared, afio::deadline::in(20ms));
  std::cout << "all of it: " << late.assume_error().code().message() << '\n';

  const auto next = others.lock_file_range({.offset = 100, .length = 100},
                                           afio::lock_kind::exclusive, afio::deadline::in(0s));
  std::cout << "the next record: " << (next ? "locked" : "busy") << '\n';
}
