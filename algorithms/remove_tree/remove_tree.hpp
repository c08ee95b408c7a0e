// Deletes a directory tree: files first, tips to trunk, in parallel, and nothing outside of it.
//
// The algorithm is AFIO v2's `delete_directory`: each entry is unlinked by its name in an open
// directory that is known to be the one listed; a directory goes when all in it has gone, and is
// listed again if new entries have come meanwhile. Files that are busy are moved out of the way and
// tried again.
#pragma once

#include "algorithms/options.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace afio::algorithms {

struct remove_options {
  tree_options tree = {};

  enum class doing : std::uint8_t {
    execute,
    rehearse, ///< Events tell what would be deleted, in an order in which it could be; nothing is.
  } doing = doing::execute;

  enum class hide : std::uint8_t {
    no,
    /// The root first gets a random name beside its own, so that look-ups stop at one instant. What
    /// a failure or a kill leaves stays under that name; reap() finishes it.
    first,
  } hide = hide::no;

  enum class extent : std::uint8_t {
    each_entry,
    /// Every entry is first renamed into a private staging directory beside the root, which proves
    /// that it can be removed. If one cannot be, all go back (directories' times change) and
    /// nothing is deleted. What a kill leaves, reap() puts back or finishes.
    all_or_nothing,
  } extent = extent::each_entry;

  enum class permissions : std::uint8_t {
    respect,
    /// Directories of the user's own that forbid listing or changing them are given u+rwx. Those
    /// that survive get their modes back.
    force,
  } permissions = permissions::respect;

  /// How long files that are busy (EBUSY, ETXTBSY) are tried again. They wait under a random name
  /// in the root, so that their directories can go; what is still busy at the end stays there.
  afio::deadline retry = afio::deadline::in(std::chrono::nanoseconds::zero());
};

struct remove_report {
  std::uint64_t deleted = 0;  ///< Entries, the root included.
  std::uint64_t failures = 0; ///< Told to the observer.
  algorithms::stopped stopped = algorithms::stopped::no;
  /// The random name, beside the tree's own, of what is left of it: where a hidden tree could not
  /// be deleted, or a staged one neither deleted nor put back. reap() finishes it.
  std::optional<leaf_buffer> left_as;
};

/// Deletes the entry `name` of `parent`, with all below it where it is a directory. `shown` is what
/// failures and events call it.
///
/// Succeeds with a report also when entries could not be deleted: those, and only those, were told
/// to `told`, each once. Fails if nothing was begun: ENOENT; errc::refused where the directory is
/// the root of the file system, or the working directory is in it; or as hiding failed.
///
/// Other mounts, devices and subvolumes in the tree are failures (errc::boundary) unless
/// options.tree.mounts allows them; what they are mounted on then still is one (EBUSY).
/// Not durable before a barrier of the parent. Memory and threads as walk().
result<remove_report> remove_tree(const path_handle& parent, leaf_name name, std::string_view shown,
                                  const remove_options& options, observer& told) noexcept;

/// The same for all that is in `root`, which itself stays. options.hide and extent do not apply.
result<remove_report> remove_contents(const path_handle& root, std::string_view shown,
                                      const remove_options& options, observer& told) noexcept;

/// Finishes what killed runs left in `dir`: entries named by random_name(). A hidden tree is
/// deleted. A staging directory is put back under its old name if its staging had not been
/// complete, else deleted. Nothing else in `dir` is touched. Not to be used while a run is at work
/// in `dir`.
result<remove_report> reap(const path_handle& dir, std::string_view shown,
                           const remove_options& options, observer& told) noexcept;

} // namespace afio::algorithms
