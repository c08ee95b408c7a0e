// How many entries a tree has, of which types, and how much room they take.
#pragma once

#include "algorithms/options.hpp"

#include <array>
#include <cstdint>

namespace afio::algorithms {

/// What is counted. The root itself counts as a directory.
struct summary {
  /// Entries by type, indexed with file_type.
  std::array<std::uint64_t, 8> entries{};
  std::uint64_t bytes = 0;        ///< Sizes of regular files and symlinks; each inode once.
  std::uint64_t allocated = 0;    ///< On the device, directories too; each inode once.
  std::uint64_t linked_again = 0; ///< Names whose inode was counted under another name already.
  std::uint64_t failures = 0;
  std::uint32_t deepest = 0; ///< Of directories; the root is 0.
  algorithms::stopped stopped = algorithms::stopped::no;

  std::uint64_t of(file_type type) const noexcept {
    return entries[static_cast<std::size_t>(type)];
  }

  std::uint64_t total() const noexcept;
};

/// What summarize reads.
enum class counting : std::uint8_t {
  names, ///< Listings only: entries and deepest. Two to three times faster.
  sizes, ///< The status of each entry, too.
};

/// Counts the tree at `root`, changing nothing but atimes. Other mounts, devices and subvolumes are
/// left out silently unless options.mounts allows them; entries that cannot be read are told to
/// `told` and left out. An inode with several names is remembered for the time of the call: 24
/// bytes each. Threads as walk(). Fails only if the root cannot be opened or memory is short.
result<summary> summarize(const walk_root& root, counting what, const tree_options& options,
                          observer& told) noexcept;

} // namespace afio::algorithms
