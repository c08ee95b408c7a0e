// Tells how two trees differ, or what became of a base in two trees. Changes nothing.
#pragma once

#include "algorithms/compare_trees/distinction.hpp"
#include "algorithms/compare_trees/entry_comparer.hpp"
#include "algorithms/difference.hpp"
#include "algorithms/options.hpp"
#include "algorithms/path_filter.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace afio::algorithms {

struct compare_options {
  tree_options tree = {};
  comparison entries = {};             ///< stop and counters are those of tree.
  const path_filter* filter = nullptr; ///< What counts; null: all. Borrowed.
};

/// Two entries of one name that are not the same. Borrowed for the time of the call.
struct tree_difference {
  std::string_view path; ///< Below the roots; of the roots themselves, empty.
  distinction what;
  const stat_t* left; ///< Null where it is not there.
  const stat_t* right;
};

/// What became of an entry of the base. Borrowed for the time of the call.
struct merge_difference {
  std::string_view path;
  three_way what;
  distinction left; ///< What distinguishes the left one from the base's: only_left, it was removed.
  distinction right;
  std::array<const stat_t*, 3> in; ///< Base, left, right; null where it is not there.
};

/// Hears of differences. Calls come from the workers' threads, one at a time, in no order (with one
/// thread: depth first, each directory by names).
class difference_listener {
public:
  virtual void differs(const tree_difference&) noexcept {}

  virtual void differs(const merge_difference&) noexcept {}

protected:
  ~difference_listener() = default;
};

struct compare_report {
  std::uint64_t rows = 0;     ///< Names looked at.
  std::uint64_t failures = 0; ///< Told to the observer: what they are about is not known.
  /// Of two trees, by distinction::kind.
  std::array<std::uint64_t, distinction_kinds> kinds{};
  /// Of three, by three_way.
  std::array<std::uint64_t, 5> outcomes{};
  algorithms::stopped stopped = algorithms::stopped::no;

  std::uint64_t of(distinction::kind what) const noexcept {
    return kinds[static_cast<std::size_t>(what)];
  }

  std::uint64_t of(three_way what) const noexcept {
    return outcomes[static_cast<std::size_t>(what)];
  }

  /// How many names are not the same, or not unchanged.
  std::uint64_t differences() const noexcept;
};

/// Compares the trees at two roots. A directory that only one has is told, and not what is in it;
/// nor what is below names of different types. Directories that are one inode are not entered.
///
/// An entry that cannot be compared, and a directory that cannot be listed, is told to `told` and
/// counts as a failure, never as a difference. So does what another mount, device or subvolume is
/// in the way of (errc::boundary), unless options.tree.mounts allows that. Hard links: inodes with
/// several names are remembered for the time of the call, about 200 bytes each.
///
/// Fails only if it could not begin. Threads and memory as walk().
result<compare_report> compare_trees(const walk_root& left, const walk_root& right,
                                     const compare_options& options, difference_listener& found,
                                     observer& told) noexcept;

/// Tells what became of `base` in `left` and `right`. As above; but a directory that one side has
/// removed is entered, so that what the other has changed in it is found. Neither do times of
/// directories count, because any change in a directory changes them, nor hard links.
result<compare_report> compare_trees(const walk_root& base, const walk_root& left,
                                     const walk_root& right, const compare_options& options,
                                     difference_listener& found, observer& told) noexcept;

/// Compares two entries alone, whatever they are; of directories, nothing in them. Told as one
/// difference with an empty path. Fails as entry_comparer::compare().
result<compare_report> compare_entries(const location& left, const location& right,
                                       const compare_options& options,
                                       difference_listener& found) noexcept;

} // namespace afio::algorithms
