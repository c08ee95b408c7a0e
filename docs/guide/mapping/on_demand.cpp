#include "algorithms/mapping/demand_map.hpp"

#include <cstring>
#include <iostream>

using afio::algorithms::apply_delta;
using afio::algorithms::demand;
using afio::algorithms::demand_map;

int main() {
  const auto& here = afio::path_handle::working_directory();
  auto disk = afio::file_handle::unnamed(here).value();
  disk.truncate(std::uint64_t{1} << 39).value(); // 512 GiB, of which nothing is there.

  // A copy of all of it, of which what is stored never reaches the file.
  auto copy = demand_map::open(disk, {.how = demand::copy, .budget = 1 << 20}).value();
  {
    const auto held = copy.at({.offset = std::uint64_t{1} << 38, .length = 5}).value();
    std::memcpy(held.bytes().data(), "hello", 5);
  }

  // What has changed, in a file of its own; and into the original when it is wanted there.
  auto delta = afio::file_handle::unnamed(here).value();
  std::cout << copy.write_delta(delta).value().changed << " bytes differ\n";
  apply_delta(delta, disk).value();
  char text[6] = {};
  disk.read(std::as_writable_bytes(std::span(text, 5)), std::uint64_t{1} << 38).value();
  std::cout << text << '\n';
}
