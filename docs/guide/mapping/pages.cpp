#include "algorithms/mapping/page_allocator.hpp"

#include <cstring>
#include <iostream>

using afio::algorithms::page_allocator;
using afio::algorithms::page_number;

page_allocator open() {
  return page_allocator::open(afio::file_handle::file(afio::path_handle::working_directory(),
                                                      afio::leaf_name::from("pages").value(),
                                                      {.mode = afio::mode::write,
                                                       .creation = afio::creation::if_needed})
                                  .value())
      .value();
}

int main() {
  auto pages = open();
  const page_number page = pages.allocate().value();
  std::memcpy(pages[page].data(), "a page", 7);
  pages.root().store(static_cast<std::uint64_t>(page));

  // As another process would: it shares what is free, and neither waits for the other.
  auto others = open();
  const auto root = static_cast<page_number>(others.root().load());
  std::cout << reinterpret_cast<const char*>(others[root].data()) << '\n';
  others.free(root).value();
  const auto all = pages.census().value();
  std::cout << all.free << " of " << all.pages << " pages are free\n";
}
