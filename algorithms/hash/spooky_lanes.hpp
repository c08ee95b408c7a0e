// SpookyHash V2 of several messages at once: one in each lane of the processor's vectors.
//
// A message alone cannot use them, since each block of it waits for the one before. Of
// equal length, eight take 0.33 of the time of one after another from 4 KiB on (AVX-512), four 0.55
// (AVX2).
#pragma once

#include "algorithms/hash/spooky_hash.hpp"

#include <cstdint>
#include <span>

namespace afio::algorithms {

/// How many messages are hashed at once.
enum class spooky_lanes : std::uint8_t {
  one = 1,
  four = 4,  ///< AVX2.
  eight = 8, ///< AVX-512.
};

/// The most that this processor has instructions for.
spooky_lanes widest_spooky_lanes() noexcept;

/// The hash of each of `messages`, into that of `hashes` with the same index, which must be there.
/// The same values as spooky_hash128. Messages are taken together as they follow each other: it
/// pays where neighbours are of like length, and any lengths are right. `lanes` must not be wider
/// than widest_spooky_lanes().
void spooky_hash128(std::span<const std::span<const std::byte>> messages, std::span<hash128> hashes,
                    hash128 seed = {}, spooky_lanes lanes = widest_spooky_lanes()) noexcept;

/// The next piece of one of several messages.
struct spooky_piece {
  spooky_hasher* message = nullptr; ///< Borrowed. In no other of the pieces.
  std::span<const std::byte> bytes;
};

/// As message->update(bytes) of each, but in lanes, as far as all those that are taken together
/// have bytes. What is said above of lengths is true of pieces. It pays from three on.
void spooky_update(std::span<const spooky_piece> pieces,
                   spooky_lanes lanes = widest_spooky_lanes()) noexcept;

} // namespace afio::algorithms
