// SpookyHash V2: 128 bits of hash, made quickly, of any bytes.
//
// By Bob Jenkins, 2012, public domain: https://burtleburtle.net/bob/hash/spooky.html. Rotations and
// constants are his; the values are the same on every machine, those of his code on a little-endian
// one. Long messages are taken in blocks of 96 bytes, such of less than 192 bytes in a shorter way.
//
// What it is not: cryptographic. Who wants to can make two messages of one hash, so equal hashes
// say that two files are worth comparing, and never that they are equal.
//
// Nothing here allocates or fails; all is safe from any thread, a hasher from one at a time.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

namespace afio::algorithms {

/// A hash; or the seed of one, of which different ones give independent hashes.
struct hash128 {
  std::uint64_t first = 0;
  std::uint64_t second = 0;

  friend auto operator<=>(const hash128&, const hash128&) noexcept = default;
};

/// Of the whole message at once; from 16 KiB on 13 GB/s a core were measured.
hash128 spooky_hash128(std::span<const std::byte> message, hash128 seed = {}) noexcept;
/// 64 bits of the above.
std::uint64_t spooky_hash64(std::span<const std::byte> message, std::uint64_t seed = 0) noexcept;
/// 32 bits of the above.
std::uint32_t spooky_hash32(std::span<const std::byte> message, std::uint32_t seed = 0) noexcept;

/// Of a message that comes in pieces; however it is cut, the hash is that of the whole.
class spooky_hasher {
public:
  explicit spooky_hasher(hash128 seed = {}) noexcept : seed_(seed) {}

  /// Begins a new message.
  void init(hash128 seed = {}) noexcept { *this = spooky_hasher(seed); }

  /// The next piece.
  void update(std::span<const std::byte> piece) noexcept;
  /// The hash of all pieces so far. More may follow.
  hash128 final() const noexcept;

private:
  friend struct spooky_together;

  static constexpr std::size_t block = 96;

  /// Takes of `piece` what it needs to be between two blocks. What is left; nothing where it took
  /// all.
  std::span<const std::byte> reach_block(std::span<const std::byte> piece) noexcept;
  /// Takes `piece`, being between two blocks.
  void take_rest(std::span<const std::byte> piece) noexcept;

  hash128 seed_;
  std::uint64_t length_ = 0;
  std::array<std::uint64_t, 12> state_{};
  std::size_t waiting_ = 0;
  // What is not in state_ yet: only a message of at least two blocks is taken in blocks.
  std::array<std::byte, 2 * block> pending_{};
};

} // namespace afio::algorithms
