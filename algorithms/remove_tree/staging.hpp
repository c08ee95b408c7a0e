// Renaming a whole tree aside, entry by entry, so that it goes as a whole or stays as a whole.
//
// The area is a directory of mode 0700 and a random name beside the tree, say .afio-X. In it:
//
//     .afio-A/NAME   the tree, renamed here first, under its own name: out of sight at once
//     .afio-B/…      its mirror: each entry is renamed from the tree to here, tips to trunk
//
// where A sorts before B. A directory, once all in it has gone over, goes over itself: as the entry
// .afio-X of its mirror. So every entry has been renamed out of where it was, which takes the very
// permissions that removing it does. When NAME has gone over too, .afio-A is empty: from that
// instant on, all is to be deleted, and the mirror is renamed out of the area to be a hidden tree.
// Before it, everything can be put back, from the names alone; nothing else is written down.
#pragma once

#include "algorithms/remove_tree/remove_tree.hpp"

#include <optional>
#include <string_view>

namespace afio::algorithms::remove_detail {

/// A tree that is complete, hidden, and to be deleted.
struct doomed_tree {
  path_handle root;
  leaf_buffer name; ///< In the parent.
  leaf_buffer area; ///< What each directory of the tree is called in its mirror.
};

/// What came of staging, or of going on with an interrupted one.
struct staged {
  std::optional<doomed_tree> doomed; ///< Nothing: all that could be put back is back.
  remove_report report;              ///< Of what could not be staged or put back.
};

/// Stages the directory `root`, the entry `name` of `parent`. On failures, told to `told`,
/// everything goes back. Fails if nothing was begun: errc::refused for random names, which reap()
/// is for.
result<staged> stage(const path_handle& parent, leaf_name name, const path_handle& root,
                     std::string_view shown, const remove_options& options, observer& told);

/// Whether `dir` is a staging area: mode 0700, in it one or two directories with random names.
result<bool> is_staging_area(const path_handle& dir) noexcept;

/// Goes on with an interrupted staging in `dir`, the entry `name` of `parent`: puts back what is
/// in it, unless all had been staged.
result<staged> resume(const path_handle& parent, leaf_name name, const path_handle& dir,
                      std::string_view shown, const remove_options& options, observer& told);

} // namespace afio::algorithms::remove_detail
