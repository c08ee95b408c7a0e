// Numbers in files, the lowest byte first on every machine.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>

namespace afio::algorithms::little_endian {

template <std::unsigned_integral U>
void put(U number, std::byte* to) noexcept {
  for (std::size_t i = 0; i < sizeof number; ++i) to[i] = static_cast<std::byte>(number >> 8 * i);
}

template <std::unsigned_integral U>
U get(const std::byte* from) noexcept {
  U number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number |= static_cast<U>(from[i]) << 8 * i;
  return number;
}

} // namespace afio::algorithms::little_endian
