// What is known of the file system that a file is on: kind, space, limits.
#pragma once

#include "afio/result.hpp"

#include <cstdint>
#include <string_view>

namespace afio {

class fs_handle;

/// A value. Sizes in bytes.
struct statfs_t {
  std::uint64_t kind = 0; ///< The kernel's magic number (linux/magic.h).
  std::uint64_t block_size = 0;
  std::uint64_t total = 0;
  std::uint64_t free = 0;      ///< For root; includes the reserved blocks.
  std::uint64_t available = 0; ///< For everybody else.
  std::uint64_t files = 0;     ///< Inodes in all; 0 where the file system makes them as needed.
  std::uint64_t files_free = 0;
  std::uint64_t name_max = 0; ///< Longest leaf name, bytes.
  bool read_only = false;

  /// Fills every field from the file system that `file` is on: one fstatfs. Does not allocate.
  result<void> stamp(const fs_handle& file) noexcept;

  /// "ext4", "xfs", "btrfs", "tmpfs", "overlay", "nfs", "fuse", …; "unknown" for the rest.
  std::string_view kind_name() const noexcept;
};

} // namespace afio
