// Copies a directory tree, or anything else that has a name: exactly, in parallel, and so that
// nobody sees half of it.
//
// A new tree is built under a private random name beside its own (0700) and gets that in one
// rename, so its files need no publishing of their own. Into an existing tree (existing::merge),
// each file gets its name in one instant, in place of the old one.
#pragma once

#include "algorithms/copy_tree/copy_options.hpp"

#include <string_view>

namespace afio::algorithms {

/// Copies the entry `name` of `from`, with all below it where it is a directory, to `new_name` of
/// `to`. `shown` is what failures and events call the source.
///
/// Succeeds with a report also when entries could not be copied: those, and only those, were told
/// to `told`, each once, and the rest is published without them. An entry that somebody removed
/// before it was read is none. What could not be kept of the metadata is told by observer::lost.
/// Fails if nothing was begun: ENOENT; EEXIST; errc::refused where the copy would lie in the tree
/// itself; ENAMETOOLONG where a root's path must be known and has more than 4,095 bytes; or where
/// nothing can be made in `to`.
///
/// Files are copied as copy_file says. Directories are private (0700) until all in them is done,
/// and get their metadata then. Several names of an inode become several names of its copy; each
/// inode with several names is remembered until all have been seen, with a path.
/// Where a file system allows no more links, the next name becomes a copy of its own and that is
/// told. Other mounts, devices and subvolumes become empty directories, which is told as lost,
/// unless options.tree.mounts allows them; a file that another one is mounted on is left out. A
/// directory of the copy that something is mounted on is a failure (errc::boundary). Fifos, sockets
/// and devices are made anew, never opened. Durable as options.file.sync says; if
/// the name of the copy cannot be made so, that is told, and the copy has it. Memory and threads as
/// walk().
result<copy_report> copy_tree(const path_handle& from, leaf_name name, const path_handle& to,
                              leaf_name new_name, std::string_view shown,
                              const copy_options& options, observer& told) noexcept;

} // namespace afio::algorithms
