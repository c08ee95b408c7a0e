#include "afio/map_handle.hpp"
#include "afio/memory_usage.hpp"

#include <cstring>
#include <iostream>

int main() {
  // Addresses alone: a tebibyte of them costs nothing.
  auto map = afio::map_handle::reserve(std::uint64_t{1} << 40).value();

  // Memory where it is wanted. Addresses never change.
  const afio::extent part = {std::uint64_t{1} << 39, 1 << 20};
  map.commit(part).value();
  std::memset(map.address() + part.offset, 1, part.length);
  std::cout << (map.length() >> 30) << " GiB of addresses, ";

  const auto used = afio::memory_usage_now().value().own;
  map.decommit(part).value(); // To the system, at once.
  const auto rest = afio::memory_usage_now().value().own;
  std::cout << ((used - rest + (1 << 19)) >> 20) << " MiB given back\n";
}
