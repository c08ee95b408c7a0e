// What is remembered of a file that was hashed: its hash, and what the file was then.
//
// In 56 bytes, all numbers little-endian: as many as ext4 keeps in the inode itself beside the name
// of the attribute, so that a record takes neither a block nor another read.
//
//     offset  bytes
//          0      4  when it was computed: seconds since 1970, unsigned
//          4      4  checksum: spooky_hash32 of all else, by a seed that stands for this form
//          8     16  the hash
//         24      8  size
//         32      8  inode
//         40      8  time of modification: seconds in the upper 34 bits, signed; nanoseconds
//         48      8  time of change, likewise
//
// The checksum finds accidents, not forgers: whoever may write the record may compute it.
#pragma once

#include "afio/stat.hpp"
#include "algorithms/hash/spooky_hash.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace afio::algorithms {

/// A value.
struct hash_record {
  hash128 hash;
  std::uint32_t computed = 0; ///< Seconds since 1970; for people.
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  timestamp modified;
  timestamp changed;

  static hash_record of(const hash128& hash, const stat_t& file, const timestamp& now) noexcept {
    return {hash,          static_cast<std::uint32_t>(now.seconds),
            file.size,     file.id.inode,
            file.modified, file.changed};
  }

  /// Whether a file of that status (times, identity and size) is the one, and as it was.
  bool describes(const stat_t& file) const noexcept {
    return size == file.size && inode == file.id.inode && modified == file.modified &&
           changed == file.changed;
  }

  friend bool operator==(const hash_record&, const hash_record&) noexcept = default;
};

inline constexpr std::size_t hash_record_size = 56;

using encoded_hash_record = std::array<std::byte, hash_record_size>;

/// Nothing for times before the year 1698 or after 2242, which have no room.
std::optional<encoded_hash_record> encode(const hash_record& r) noexcept;

/// Nothing for what encode() has not made.
std::optional<hash_record> decode_hash_record(std::span<const std::byte> bytes) noexcept;

/// The inode that an encoded record is about, unchecked.
std::uint64_t inode_of(std::span<const std::byte, hash_record_size> record) noexcept;

} // namespace afio::algorithms
