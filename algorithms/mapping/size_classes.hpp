// Into which sizes memory is cut.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace afio::algorithms::size_classes {

/// What all blocks are multiples of, and aligned to.
constexpr std::uint64_t grain = 16;

/// 16, 32, … 128; then four steps in each doubling, so that at most a fifth of a block is not what
/// was asked for; up to 2^47, which is all the addresses that a process has.
constexpr std::size_t count = 8 + 4 * 40;

/// The smallest class that holds so many bytes; `count` or more where none does.
constexpr std::size_t of(std::uint64_t bytes) noexcept {
  if (bytes <= 128) return bytes == 0 ? 0 : static_cast<std::size_t>((bytes - 1) / grain);
  // 2^k < bytes <= 2^(k + 1)
  const auto k = static_cast<unsigned>(std::bit_width(bytes - 1) - 1);
  const std::uint64_t quarter = (bytes - 1 - (std::uint64_t{1} << k)) >> (k - 2);
  return 8 + 4 * std::size_t{k - 7} + static_cast<std::size_t>(quarter);
}

/// The bytes of a block of that class.
constexpr std::uint64_t bytes_of(std::size_t which) noexcept {
  if (which < 8) return (which + 1) * grain;
  const auto k = static_cast<unsigned>(7 + (which - 8) / 4);
  return (std::uint64_t{1} << k) + ((which - 8) % 4 + 1) * (std::uint64_t{1} << (k - 2));
}

/// The largest class of which a block is in so many bytes, at least `grain` of them.
constexpr std::size_t within(std::uint64_t bytes) noexcept {
  const std::size_t which = of(bytes);
  return which < count && bytes_of(which) == bytes ? which : which - 1;
}

/// Some of the classes.
class set {
public:
  void add(std::size_t which) noexcept { words_[which / 64] |= bit(which); }

  void remove(std::size_t which) noexcept { words_[which / 64] &= ~bit(which); }

  /// `count` where there is none.
  std::size_t first_behind(std::size_t which) const noexcept {
    const std::size_t from = which + 1;
    for (std::size_t i = from / 64; i < words_.size(); ++i) {
      const std::uint64_t rest = i == from / 64 ? words_[i] & ~(bit(from) - 1) : words_[i];
      if (rest != 0) return i * 64 + static_cast<std::size_t>(std::countr_zero(rest));
    }
    return count;
  }

private:
  static constexpr std::uint64_t bit(std::size_t which) noexcept {
    return std::uint64_t{1} << which % 64;
  }

  std::array<std::uint64_t, (count + 63) / 64> words_{};
};

} // namespace afio::algorithms::size_classes
