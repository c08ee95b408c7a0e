// What the file system knows about a file: type, identity, owner, times, sizes.
#pragma once

#include "afio/result.hpp"

#include <compare>
#include <cstdint>

namespace afio {

class fs_handle;
class path_handle;
class leaf_name;

enum class file_type : std::uint8_t {
  unknown, ///< Not asked for, or a listing that does not say.
  regular,
  directory,
  symlink,
  fifo,
  socket,
  character_device,
  block_device
};

/// Time since 1970-01-01T00:00:00Z: any 64-bit second, negative ones too, and 0 to 999,999,999 ns.
/// Not a std::chrono time point because those of nanoseconds end in the year 2262.
struct timestamp {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  friend auto operator<=>(const timestamp&, const timestamp&) noexcept = default;
};

/// Which file a handle or a name means. Two names with equal identities are one file, reached over
/// one mount. A btrfs subvolume shows as another device, a bind mount as another mount.
struct identity {
  std::uint64_t mount = 0; ///< Of the kernel's table; 0 where it does not tell (before 5.8).
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const identity&, const identity&) noexcept = default;

  /// Whether both are the same inode, over whatever mount.
  bool same_file(const identity& other) const noexcept {
    return device == other.device && inode == other.inode;
  }

  /// Whether both are on one device, reached over one mount.
  bool same_mount(const identity& other) const noexcept {
    return mount == other.mount && device == other.device;
  }
};

/// Inode flags that statx reports.
enum class attribute : std::uint64_t {
  none = 0,
  compressed = 0x4,
  immutable = 0x10,
  append_only = 0x20,
  no_dump = 0x40,
  encrypted = 0x800,
  mount_root = 0x2000,
  verity = 0x100000,
};

/// Which fields of stat_t are wanted, and which are there. Combine with `|`.
enum class want : std::uint32_t {
  none = 0,
  type = 1 << 0,
  mode = 1 << 1,
  links = 1 << 2,
  owner = 1 << 3,    ///< User and group.
  times = 1 << 4,    ///< accessed, modified, changed.
  identity = 1 << 5, ///< Mount, device, inode.
  size = 1 << 6,
  allocated = 1 << 7,
  born = 1 << 8,
  all = (1 << 9) - 1
};

constexpr want operator|(want a, want b) noexcept {
  return static_cast<want>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}

constexpr want operator&(want a, want b) noexcept {
  return static_cast<want>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}

/// Whether all of `fields` are in `set`.
constexpr bool has(want set, want fields) noexcept { return (set & fields) == fields; }

/// A value. Fields that are not in `filled` are zero.
struct stat_t {
  want filled = want::none;
  file_type type = file_type::unknown;
  std::uint16_t mode = 0; ///< Permission bits with setuid, setgid and sticky: 07777.
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  afio::identity id;
  std::uint64_t links = 0;
  std::uint64_t size = 0;          ///< Bytes; of a symlink, those of its target.
  std::uint64_t allocated = 0;     ///< Bytes on the device, as st_blocks counts them.
  std::uint64_t device_number = 0; ///< Of a device file: major << 32 | minor.
  std::uint32_t io_size = 0;       ///< Bytes that the file system likes to be read and written in.
  attribute attributes = attribute::none;
  timestamp accessed;
  timestamp modified;
  timestamp changed;
  timestamp born; ///< Only where the file system keeps it.

  /// Fills the wanted fields from what is open: one statx. `filled` tells what came: a file system
  /// may leave out `born`, and kernels before 5.8 leave `id.mount` at 0. Never blocks on a fifo or
  /// device. On failure *this is unchanged. Does not allocate.
  result<void> stamp(const fs_handle& file, want fields = want::all) noexcept;
  /// The same for the entry `name` of `dir`; never follows a symlink nor mounts an automount.
  /// ENOENT where there is none.
  result<void> stamp(const path_handle& dir, leaf_name name, want fields = want::all) noexcept;

  bool has_attribute(attribute which) const noexcept {
    return (static_cast<std::uint64_t>(attributes) & static_cast<std::uint64_t>(which)) != 0;
  }
};

/// Whether contents and status have certainly not been changed through any name between the two:
/// same file, type, size, modified and changed. (A store through a mapping may show late.)
bool unchanged(const stat_t& before, const stat_t& after) noexcept;

} // namespace afio
