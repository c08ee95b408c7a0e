// Where a file system keeps the bytes of a file.
#pragma once

#include "afio/file_handle.hpp"

#include <cstdint>
#include <span>

namespace afio {

/// What a file system says of an extent. Combine with `|`.
enum class extent_flags : std::uint8_t {
  none = 0,
  last = 1 << 0,      ///< No extent follows in the file.
  shared = 1 << 1,    ///< Other files, or other parts of this one, have the same blocks.
  unwritten = 1 << 2, ///< Allocated, and reads as zeros; not so where written bytes are still in
                      ///< memory alone: next_data() knows those.
  in_inode = 1 << 3,  ///< Kept with the metadata: it has no blocks of its own.
  unplaced = 1 << 4,  ///< Has no place yet, or none that is known: `physical` says nothing.
  encoded = 1 << 5,   ///< Compressed or encrypted: blocks at `physical` are not the bytes.
};

constexpr extent_flags operator|(extent_flags a, extent_flags b) noexcept {
  return static_cast<extent_flags>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}

constexpr extent_flags operator&(extent_flags a, extent_flags b) noexcept {
  return static_cast<extent_flags>(static_cast<std::uint8_t>(a) & static_cast<std::uint8_t>(b));
}

/// Whether all of `flags` are in `set`.
constexpr bool has(extent_flags set, extent_flags flags) noexcept { return (set & flags) == flags; }

/// A value.
struct physical_extent {
  extent where;               ///< In the file.
  std::uint64_t physical = 0; ///< In the file system, in bytes. Its devices, if several, are one.
  extent_flags flags = extent_flags::none;
  friend bool operator==(const physical_extent&, const physical_extent&) noexcept = default;
};

/// The extents that `part` of `file` has, in order, as the file system tells them (FIEMAP): the
/// front of `into`, filled. The first and the last may reach beyond the part. Nothing is waited
/// for, and what is told may change at once. Fewer than `into` holds are all there are; else go
/// on from where.end() of the last one, unless that is flagged `last`.
///
/// Says how a file is stored, not what it reads as: for data and holes, ask next_data(). The handle
/// must be open for reading or writing (EBADF). EOPNOTSUPP, or ENOTTY, where the file system does
/// not tell (tmpfs). Does not allocate. Any thread.
result<std::span<physical_extent>> physical_extents(const file_handle& file, extent part,
                                                    std::span<physical_extent> into) noexcept;

} // namespace afio
