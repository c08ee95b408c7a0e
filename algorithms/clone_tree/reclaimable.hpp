// How much room deleting a tree would give back, where others share its files.
#pragma once

#include "algorithms/options.hpp"

#include <compare>
#include <cstdint>
#include <vector>

namespace afio::algorithms {

/// One that has several names: another tree may have some of them.
struct linked_inode {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0; ///< Its size; 0 of what is neither a regular file nor a symlink.

  friend auto operator<=>(const linked_inode&, const linked_inode&) noexcept = default;
};

struct reclaimable_report {
  std::uint64_t entries = 0; ///< Names, the root included.
  std::uint64_t bytes = 0;   ///< Sizes of regular files and symlinks; each inode once.
  /// On the device: of directories, and of the inodes whose every name is in the tree. Blocks that
  /// are shared with other inodes (reflinks) count in full, as stat counts them.
  std::uint64_t reclaimable = 0;
  std::vector<linked_inode> linked; ///< Sorted, each once.
  std::uint64_t failures = 0;       ///< Told to the observer.
  algorithms::stopped stopped = algorithms::stopped::no;
};

/// Looks at every entry of the tree at `root`, changing nothing but times of access. What two trees
/// share with each other and with nothing else is reclaimable of neither, and goes with both. Other
/// mounts, devices and subvolumes are left out silently unless options.mounts allows them; entries
/// that cannot be read are told to `told` and left out. A tree that changes meanwhile is counted as
/// it is come by. Memory: 80 bytes for each name of an inode that has several, and 24 for the inode
/// in the report. Threads as walk(). Fails only if the root cannot be opened or memory is short.
result<reclaimable_report> reclaimable(const walk_root& root, const tree_options& options,
                                       observer& told) noexcept;

/// Sizes of the inodes that two trees share by hard links. Blocks shared between inodes (reflinks)
/// do not count.
std::uint64_t shared_bytes(const reclaimable_report& one, const reclaimable_report& other) noexcept;

} // namespace afio::algorithms
