#include "afio/directory_handle.hpp"

#include <array>
#include <iostream>
#include <set>
#include <string>

afio::result<std::set<std::string>> names_of(const afio::path_handle& anchor) {
  AFIO_TRY(const auto directory, afio::directory_handle::directory(anchor));
  alignas(8) std::array<std::byte, 32 * 1024> buffer;
  std::set<std::string> names;
  for (;;) {
    AFIO_TRY(const auto part, directory.read(buffer)); // An error is not the end.
    if (part.at_end()) return names;
    for (const afio::directory_entry entry : part) {
      names.insert(std::string(entry.name) + (entry.type == afio::file_type::directory ? "/" : ""));
    }
  }
}

int main() {
  const auto& here = afio::path_handle::working_directory();
  here.create_directory(afio::leaf_name::from("folder").value()).value();
  here.create_node(afio::leaf_name::from("pipe").value(), afio::file_type::fifo, 0600).value();
  const auto names = names_of(here).value(); // Not in the loop's head: it would be gone at once.
  for (const std::string& name : names) std::cout << name << '\n';
}
