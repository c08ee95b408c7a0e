// A copy of a tree that shares with an older copy what has not changed since: incremental backups
// that can each be browsed, and deleted, by themselves.
#pragma once

#include "algorithms/clone_tree/source_index.hpp"
#include "algorithms/compare_trees/entry_comparer.hpp"
#include "algorithms/copy_file/copy_file.hpp"
#include "algorithms/options.hpp"
#include "algorithms/path_filter.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace afio::algorithms {

struct clone_options {
  tree_options tree = {};
  /// threads and stop are those of tree. What preserve keeps is compared.
  copy_file_options file = {};
  comparing how = comparing::quick;

  enum class doing : std::uint8_t {
    execute,
    rehearse, ///< Events tell what would be done; nothing is.
  } doing = doing::execute;

  /// How a file that has not changed is shared.
  enum class sharing : std::uint8_t {
    /// One more name of the old copy's inode: no space at all. Where the file system allows no more
    /// names, by blocks, or the file is copied.
    hard_links,
    /// A new inode with the same blocks, on file systems that can: it can be changed without
    /// changing the old copy. Where blocks cannot be shared, the file is copied.
    reflinks,
  } share = sharing::hard_links;

  const path_filter* filter = nullptr; ///< What is cloned; null: all. Borrowed.

  /// The clone's name where it is incomplete (clone_report), in place of the one that was said.
  std::optional<leaf_buffer> name_if_incomplete = {};

  /// What the source's files were when the old copy was made. With it, a file that was changed
  /// without a trace in size and time is noticed, and what it knows needs no look at attributes, so
  /// it must be loaded for what file.preserve keeps; a file that it does not know is compared by
  /// contents. Null: `how` alone decides. Borrowed.
  const source_index* known = nullptr;
  /// Is told what the source's files are now, if not null. Borrowed.
  source_index* learned = nullptr;
};

struct clone_report {
  std::uint64_t created = 0;
  std::uint64_t shared = 0; ///< Files that are the old copy's: names or blocks.
  std::uint64_t linked = 0; ///< Names given to copies that were made for another name of theirs.
  std::uint64_t bytes = 0;  ///< Sizes of the files copied.
  std::uint64_t bytes_shared = 0;  ///< Sizes of the files shared, each name of them.
  std::uint64_t failures = 0;      ///< Told to the observer.
  std::uint64_t kept_changing = 0; ///< Of these, sources that would not stay the same.
  algorithms::stopped stopped = algorithms::stopped::no;
  /// That the clone has got, or in a rehearsal would get; nothing if none was published.
  std::optional<leaf_buffer> name;
  /// As copy_report's.
  std::optional<leaf_buffer> left_as;

  /// Whether all was cloned but what kept changing.
  bool complete() const noexcept {
    return failures == kept_changing && stopped == algorithms::stopped::no;
  }
};

/// Copies the entry `name` of `from`, a directory, to `new_name` of `to`, as copy_tree does to a
/// name that nothing has: under a private name first, published by one rename. A file that is in
/// `previous`, a tree that an earlier call made (null: there is none), under the same path, with
/// the same contents and the same metadata (flags aside that it has inherited from its directory,
/// comparison::inherited), is not copied but shared with it. Contents count as the same as
/// clone_options says. `previous` and all in it is never altered, but for the numbers of links and
/// times of change (ctime) of files that get one more name.
///
/// Reports, fails and is durable as copy_tree. ENOTDIR where the source is no directory.
/// errc::refused where `to` or `previous` is the source, or lies in it and would be cloned, too:
/// what is on another device, or excluded, would not be; and where `previous` is above it. EXDEV
/// where hard links are to be made and `previous` is on another mount than `to`.
result<clone_report> clone_tree(const path_handle& from, leaf_name name,
                                const path_handle* previous, const path_handle& to,
                                leaf_name new_name, std::string_view shown,
                                const clone_options& options, observer& told) noexcept;

/// The same of the directory `source`, which need not have a name: "/" has none.
result<clone_report> clone_tree(const path_handle& source, const path_handle* previous,
                                const path_handle& to, leaf_name new_name, std::string_view shown,
                                const clone_options& options, observer& told) noexcept;

} // namespace afio::algorithms
