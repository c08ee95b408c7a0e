// A handle to something that has a name in a file system: identity, names, attributes.
#pragma once

#include "afio/deadline.hpp"
#include "afio/handle.hpp"
#include "afio/leaf_name.hpp"
#include "afio/stat.hpp"
#include "afio/statfs.hpp"

#include <cstddef>
#include <span>

namespace afio {

class path_handle;
struct location;

/// What giving a name does to an entry that already has it.
enum class replace : std::uint8_t {
  no,       ///< EEXIST.
  yes,      ///< It goes, in the same instant.
  exchange, ///< The two swap names, in the same instant. ENOENT where there is nothing to swap
            ///< with.
};

/// Linux removes and renames names, not inodes, so a name may come to mean another file between a
/// check and the act. The calls below that act on *this* file therefore first rename it to a random
/// private name (random_name.hpp), look whether what moved is this inode, put it back if not
/// (errc::raced), and only then act. The name is missing for that moment; a kill within it leaves
/// the file whole under the private name, beside where it was or shall be.
class fs_handle : public handle {
public:
  fs_handle() noexcept = default;

  /// Holds the entry `name` of `dir`, whatever its type, a symlink itself: O_PATH, so it never
  /// blocks nor acts and needs no permission on the file. ENOENT.
  static result<fs_handle> pin(const path_handle& dir, leaf_name name) noexcept;
  /// Holds in the same way what the entry leads to: the kernel follows symlinks, wherever they
  /// lead. ENOENT where they lead nowhere, ELOOP where they lead in circles.
  static result<fs_handle> pin_target(const path_handle& dir, leaf_name name) noexcept;

  /// One statx of what is open. Does not allocate.
  result<stat_t> stat(want fields = want::all) const noexcept;
  result<afio::identity> identity() const noexcept;
  result<statfs_t> statfs() const noexcept;

  /// A directory and a leaf that lead to this file now, found from its current path and checked by
  /// identity; looked up again while they do not agree, until `d`. ENOENT when the name is gone,
  /// ETIMEDOUT after `d`, ENAMETOOLONG for paths beyond 4,095 bytes (use the overloads that are
  /// told the directory), errc::raced when the path stays the same and leads elsewhere (a mount
  /// covers it), errc::invalid_name for the root.
  result<location> locate(deadline d = {}) const noexcept;

  /// Removes the entry `name` of `dir` if it is this file. errc::raced if the name means another
  /// file: then nothing is removed. Not durable before a barrier of the directory. Does not
  /// allocate. A directory must be empty (ENOTEMPTY); it is looked at and removed under its own
  /// name, for in the moment between nothing but another empty directory could come to harm.
  result<void> unlink(const path_handle& dir, leaf_name name) const noexcept;
  result<void> unlink(deadline d = {}) const noexcept;

  /// Renames this file, now `name` in `dir`, to `new_name` in `to`, on the same file system
  /// (EXDEV). errc::raced if `name` means another file: then nothing is renamed. Does not allocate.
  result<void> relink(const path_handle& dir, leaf_name name, const path_handle& to,
                      leaf_name new_name, replace how = replace::no) const noexcept;
  result<void> relink(const path_handle& to, leaf_name new_name, replace how = replace::no,
                      deadline d = {}) const noexcept;

  /// Gives this file, by its inode, one more name. EEXIST, EXDEV, EMLINK, EPERM (directories).
  /// Race-free: no name of it is looked up. Does not allocate.
  result<void> link(const path_handle& to, leaf_name new_name) const noexcept;

  /// Changes the permission bits (07777) of this file. ENOTSUP for symlinks.
  result<void> set_mode(std::uint16_t mode) const noexcept;

  /// Changes user and group, of every file type; no_owner leaves one as it is. The kernel then
  /// takes setuid, setgid and capabilities away from regular files. EPERM.
  static constexpr std::uint32_t no_owner = ~std::uint32_t{0};
  result<void> set_owner(std::uint32_t user, std::uint32_t group) const noexcept;
  /// Changes the times of access and modification, of every file type; `changed` becomes now.
  /// File systems round and clamp what they cannot hold.
  result<void> set_times(const timestamp& accessed, const timestamp& modified) const noexcept;

  /// The inode's flags as chattr knows them (FS_*_FL of linux/fs.h). The handle must be open for
  /// reading (EBADF). ENOTTY or EOPNOTSUPP where the file system has none.
  result<std::uint32_t> inode_flags() const noexcept;
  result<void> set_inode_flags(std::uint32_t flags) const noexcept;

  // Extended attributes, of every file type and mode of handle. Names are whole ("user.x"),
  // NUL-terminated. ENOTSUP where the file system has none; EPERM for user.* on special files.

  /// The attributes' names, each NUL-terminated, one after another in `buffer`. ERANGE if it is
  /// short; E2BIG if it has 64 KiB and still is: the kernel lists no more, though a file may have
  /// more (xfs, btrfs). An empty buffer asks for the size alone.
  result<std::size_t> list_attributes(std::span<char> buffer) const noexcept;
  /// Bytes of the value put into `buffer`. ENODATA where there is no such attribute; else as above.
  result<std::size_t> get_attribute(const char* name, std::span<std::byte> buffer) const noexcept;
  /// creation::if_needed makes or replaces it; only_if_not_exist → EEXIST; open_existing → ENODATA.
  result<void> set_attribute(const char* name, std::span<const std::byte> value,
                             creation how = creation::if_needed) const noexcept;
  result<void> remove_attribute(const char* name) const noexcept;

protected:
  using handle::handle;
};

} // namespace afio
