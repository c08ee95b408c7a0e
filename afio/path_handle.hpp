// An anchor: a directory that stays the same one, whatever its path becomes.
#pragma once

#include "afio/fs_handle.hpp"
#include "afio/path_view.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace afio {

/// Where a directory may be opened through.
enum class crossing : std::uint8_t {
  same_mount, ///< EXDEV at a mount point. (A btrfs subvolume shows only in identity().)
  any_mount,
};

/// Holds a directory by O_PATH: names can be looked up, made and removed in it, its listing cannot
/// be read. Every call that takes a leaf_name acts on that one entry of this directory, never
/// follows a symlink and does not allocate. Changes are durable after directory_handle::barrier().
class path_handle : public fs_handle {
public:
  path_handle() noexcept = default;

  /// Opens what a person typed, symlinks followed, relative to `base`. An empty path means `base`.
  static result<path_handle> path(const path_handle& base, path_view path) noexcept;
  /// Opens the directory `name` of `base`. ENOTDIR for anything else (a symlink too: ELOOP or
  /// ENOTDIR), EXDEV as `how` says. Where the kernel has no openat2, a mount point is not refused.
  static result<path_handle> path(const path_handle& base, leaf_name name,
                                  crossing how = crossing::same_mount) noexcept;
  /// The working directory of the process, followed when it changes. Borrowed; lives for ever.
  static const path_handle& working_directory() noexcept;

  /// Another handle to this directory; of working_directory(), to the one it is now.
  result<path_handle> clone() const noexcept;

  using fs_handle::link;            // Of the directory itself, where that can be.
  using fs_handle::list_attributes; // Of the directory itself.
  using fs_handle::set_mode;
  using fs_handle::unlink; // By identity, wherever this directory is.

  /// Removes the entry, whatever file it means by now, unless it is a directory (EISDIR, EPERM).
  result<void> unlink(leaf_name name) const noexcept;
  /// Removes the empty directory of that name (ENOTEMPTY, ENOTDIR).
  result<void> remove_directory(leaf_name name) const noexcept;
  /// Renames the entry, whatever file it means by now. EXDEV, EEXIST and so on as `how` says; where
  /// the file system cannot refuse to replace (EINVAL), only random names are renamed to.
  /// Renaming one hard link over another of the same inode succeeds and does nothing (POSIX).
  result<void> rename(leaf_name name, const path_handle& to, leaf_name new_name,
                      replace how) const noexcept;
  /// Gives whatever file the entry means by now, a symlink itself, one more name. EEXIST, EXDEV,
  /// EMLINK; EPERM for a directory. Who must know which file that is compares its identity
  /// afterwards, where nobody else can reach it; or uses fs_handle::link().
  result<void> link(leaf_name name, const path_handle& to, leaf_name new_name) const noexcept;
  /// Makes a directory with `mode` less the umask. EEXIST.
  result<void> create_directory(leaf_name name, std::uint16_t mode = 0777) const noexcept;
  /// Makes a fifo, a socket or a device (`device_number` as in stat_t) with `mode` less the umask.
  /// EEXIST; EPERM for a device without CAP_MKNOD; EINVAL for any other type.
  result<void> create_node(leaf_name name, file_type type, std::uint16_t mode,
                           std::uint64_t device_number = 0) const noexcept;
  /// Changes the mode of the entry (never through a symlink).
  result<void> set_mode(leaf_name name, std::uint16_t mode) const noexcept;
  /// As fs_handle::list_attributes, of the entry (never through a symlink), in one call: most have
  /// none, and need not be held to find that out.
  result<std::size_t> list_attributes(leaf_name name, std::span<char> buffer) const noexcept;

  /// As fs_handle::get_attribute, of the entry (never through a symlink), in one call; nothing
  /// where it has no such attribute, or its file system has none.
  result<std::optional<std::size_t>> find_attribute(leaf_name name, const char* attribute,
                                                    std::span<std::byte> buffer) const noexcept;

protected:
  using fs_handle::fs_handle;
};

/// Where a file is: a directory and the name in it.
struct location {
  path_handle directory;
  leaf_buffer name;
};

} // namespace afio
