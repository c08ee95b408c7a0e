// Copies a directory tree, or anything else that has a name: exactly, in parallel, and so that
// nobody sees half of it.
//
// A new tree is built under a private random name beside its own (0700) and gets that in one
// rename, so its files need no publishing of their own. Into an existing tree (existing::merge),
// each file gets its name in one instant, in place of the old one.
#pragma once

#include "algorithms/copy_file/copy_file.hpp"
#include "algorithms/copy_tree/copied_sources.hpp"
#include "algorithms/options.hpp"
#include "algorithms/path_filter.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace afio::algorithms {

struct copy_options {
  tree_options tree;
  copy_file_options file; ///< threads and stop are those of tree.

  enum class doing : std::uint8_t {
    execute,
    rehearse, ///< Events tell what would be done; nothing is.
  } doing = doing::execute;

  enum class existing : std::uint8_t {
    refuse, ///< EEXIST.
    /// A directory is merged into the one of its name, whose metadata become the source's. Anything
    /// else replaces what has its name, in one instant, but never a directory (EISDIR), nor a
    /// directory anything else (ENOTDIR). What the source lacks stays.
    merge,
  } existing = existing::refuse;

  enum class extent : std::uint8_t {
    each_entry,
    all_or_nothing, ///< Published only if every entry was copied. Not with merge (EINVAL).
  } extent = extent::each_entry;

  const path_filter* filter = nullptr; ///< What is copied of the tree; null: all. Borrowed.
  /// Is told what was copied, if not null. Of the names of an inode, only the one copied first.
  /// Borrowed.
  copied_sources* copied = nullptr;
};

struct copy_report {
  std::uint64_t created = 0;
  std::uint64_t replaced = 0;
  std::uint64_t linked = 0;   ///< Names given to copies that were made for another name of theirs.
  std::uint64_t bytes = 0;    ///< Sizes of the files copied.
  std::uint64_t failures = 0; ///< Told to the observer.
  std::uint64_t kept_changing = 0; ///< Of these, sources that would not stay the same.
  algorithms::stopped stopped = algorithms::stopped::no;
  /// The random name beside the copy's own of what was copied but not published: after an early
  /// stop, or because the name was taken meanwhile. Delete it with reap().
  std::optional<leaf_buffer> left_as;
};

/// Copies the entry `name` of `from`, with all below it where it is a directory, to `new_name` of
/// `to`. `shown` is what failures and events call the source.
///
/// Succeeds with a report also when entries could not be copied: those, and only those, were told
/// to `told`, each once, and the rest is published without them. An entry that somebody removed
/// before it was read is none. What could not be kept of the metadata is told by observer::lost.
/// Fails if nothing was begun: ENOENT; EEXIST; errc::refused where the copy would lie in the tree
/// itself; or where nothing can be made in `to`.
///
/// Files are copied as copy_file says. Directories are private (0700) until all in them is done,
/// and get their metadata then. Several names of an inode become several names of its copy; each
/// inode with several names is remembered until all have been seen, with a path.
/// Where a file system allows no more links, the next name becomes a copy of its own and that is
/// told. Other mounts, devices and subvolumes become empty directories, which is told as lost,
/// unless options.tree.mounts allows them; a file that another one is mounted on is left out. A
/// directory of the copy that something is mounted on is a failure (errc::boundary). Fifos, sockets
/// and devices are made anew, never opened. Durable as options.file.sync says. Memory and threads
/// as walk().
result<copy_report> copy_tree(const path_handle& from, leaf_name name, const path_handle& to,
                              leaf_name new_name, std::string_view shown,
                              const copy_options& options, observer& told) noexcept;

} // namespace afio::algorithms
