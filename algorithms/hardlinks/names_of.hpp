// Under which names an inode can be reached. Changes nothing.
#pragma once

#include "afio/path_handle.hpp"
#include "algorithms/hardlinks/hardlinks.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace afio::algorithms {

struct names_report {
  stat_t file;                    ///< Type, identity, links and size, when last looked at.
  std::vector<std::string> paths; ///< Sorted by their bytes; one for each name.
  std::uint64_t failures = 0;     ///< Told to the observer.
  algorithms::stopped stopped = algorithms::stopped::no; ///< Not because all were found.

  /// How many names were not found.
  std::uint64_t missing() const noexcept {
    return file.links > paths.size() ? file.links - paths.size() : 0;
  }
};

/// Finds the names of the inode that `file` is one of, below the roots, and stops when there are as
/// many as the inode has links. Inodes are told by the listings; only names that have the right one
/// are asked for their status, and count if that agrees. (Where the listing of `file` itself gives
/// another inode than its status, as on some FUSE and overlay file systems, all are asked.)
/// options.min_size means nothing here.
///
/// Mounts, failures and threads as find_hardlinks(). Fails where `file` is not there, with EISDIR
/// for a directory, which has one name only, or if memory is short.
result<names_report> names_of(const location& file, std::span<const walk_root> trees,
                              const hardlinks_options& options, observer& told) noexcept;

/// The same in all of the file system that the mount of `file` shows, a btrfs subvolume being a
/// file system of its own: first below the directory that `file` is in, because that is where the
/// others mostly are, then below the one above it, and so on up. Paths are absolute. With
/// crossing::any_mount, up to the root of all. ENAMETOOLONG where the path of the directory has
/// more than 4,095 bytes. options.filter means nothing here.
result<names_report> names_of(const location& file, const hardlinks_options& options,
                              observer& told) noexcept;

} // namespace afio::algorithms
