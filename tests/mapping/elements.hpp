// Types of elements that vectors are tested with, and values of them.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <ostream>

namespace afio::unit {

/// Of no size that divides a page.
struct three_bytes {
  std::uint8_t bytes[3] = {};

  three_bytes() = default;

  three_bytes(int i) noexcept // NOLINT: as an int is a value of the others, it is of this.
      : bytes{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8),
              static_cast<std::uint8_t>(i >> 16)} {}

  friend auto operator<=>(const three_bytes&, const three_bytes&) noexcept = default;
};

/// A cache line; not comparable by <=>.
struct line {
  std::int64_t numbers[8];

  line() = default;

  line(int i) noexcept : numbers{i, i, i, i, i, i, i, i} {} // NOLINT

  friend bool operator==(const line& a, const line& b) noexcept {
    for (int i = 0; i < 8; ++i) {
      if (a.numbers[i] != b.numbers[i]) return false;
    }
    return true;
  }

  friend bool operator<(const line& a, const line& b) noexcept {
    return a.numbers[0] < b.numbers[0];
  }
};

struct alignas(256) wide {
  int number;

  wide() = default;

  wide(int i) noexcept : number(i) {} // NOLINT

  friend auto operator<=>(const wide&, const wide&) noexcept = default;
};

/// Value-initialized, it is not zeros.
struct one_by_default {
  int number = 1;

  one_by_default() = default;

  one_by_default(int i) noexcept : number(i) {} // NOLINT

  friend auto operator<=>(const one_by_default&, const one_by_default&) noexcept = default;
};

template <class T>
T value(int i) {
  return T(i);
}

template <>
inline char value<char>(int i) {
  return static_cast<char>(i % 127);
}

} // namespace afio::unit
