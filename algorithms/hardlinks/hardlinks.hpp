// Which names in trees are names of one inode. Changes nothing.
#pragma once

#include "algorithms/options.hpp"
#include "algorithms/path_filter.hpp"

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace afio::algorithms {

/// A directory that holds some of the names.
struct linking_directory {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::string_view path; ///< As the tree was called, then the components; what leaves follow.
};

/// A name of an inode that has several, and what the inode was when it was come by under that name.
struct linked_name {
  const linking_directory* in = nullptr;
  const char* leaf = nullptr;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = 0;
  std::uint64_t size = 0;
  file_type type = file_type::unknown;

  /// Throws std::bad_alloc.
  std::string path() const;
};

/// One inode.
struct link_group {
  std::span<const linked_name> names; ///< Sorted by their paths' bytes; at least one.
  std::uint64_t links = 0; ///< The most that were seen, where somebody makes or removes some.

  /// What all of its names say.
  const linked_name& inode() const noexcept { return names.front(); }

  /// How many names the trees do not have, or what was left out or could not be read.
  std::uint64_t elsewhere() const noexcept {
    return links > names.size() ? links - names.size() : 0;
  }
};

struct hardlinks_options {
  tree_options tree = {};
  const path_filter* filter = nullptr; ///< What is looked at, below each root; null: all. Borrowed.
  std::uint64_t min_size = 0;          ///< Smaller ones are left out. Bytes.
};

/// Owns what its groups are made of. Moves only.
class hardlinks_report {
public:
  std::vector<link_group> groups; ///< Sorted by their first paths.
  std::uint64_t failures = 0;     ///< Told to the observer.
  algorithms::stopped stopped = algorithms::stopped::no;

private:
  friend class hardlinks_search;

  std::vector<std::unique_ptr<std::pmr::monotonic_buffer_resource>> memory_;
  std::vector<linked_name> names_;
};

/// Finds all inodes that have several names, at least one of them below one of the roots: files,
/// symlinks and special files. Where trees overlap, or are seen over several mounts, a name is one
/// name, whatever paths lead to it. What is mounted on a name is no name of its inode.
///
/// Other mounts, devices and subvolumes are left out silently unless options.tree.mounts allows
/// them. An entry, or a whole tree, that cannot be read is told to `told` and left out; one that
/// vanishes meanwhile never was. A tree that changes meanwhile is told as it is come by.
///
/// Memory: 56 bytes and its leaf for each name of an inode that has several, and the path of each
/// directory that holds some, for each worker that comes by there. Threads as walk(), one tree
/// after another. Fails only if memory is short.
result<hardlinks_report> find_hardlinks(std::span<const walk_root> trees,
                                        const hardlinks_options& options, observer& told) noexcept;

} // namespace afio::algorithms
