// Makes one tree like another with only the changes, or brings the changes since a base into it.
//
// What a name needs is decided from the same comparisons that compare_trees tells of
// (entry_comparer), so what afio-diff shows is what an update does. Contents are replaced by new
// files in one instant, never written into.
#pragma once

#include "algorithms/compare_trees/compare_trees.hpp"
#include "algorithms/copy_file/copy_file.hpp"
#include "algorithms/options.hpp"
#include "algorithms/path_filter.hpp"

#include <cstdint>
#include <limits>

namespace afio::algorithms {

struct update_options {
  tree_options tree = {};
  /// threads and stop are those of tree. What preserve keeps is compared.
  copy_file_options file = {};
  comparing how = comparing::quick;

  enum class doing : std::uint8_t {
    execute,
    rehearse, ///< Events tell what would be done; nothing is.
  } doing = doing::execute;

  /// What becomes of what the target has and the source has not.
  enum class extras : std::uint8_t {
    keep,
    /// It goes, where the source's directory could be listed to its end. So does a directory that
    /// is in the way of a file of the source's, when the copy of that is ready.
    remove,
  } extras = extras::keep;

  /// What becomes of a file that has another name in the source than in the target.
  enum class moves : std::uint8_t {
    unnoticed, ///< It is copied, and with extras::remove deleted.
    /// It is renamed: a regular file, not empty, that only the target has under its name, and that
    /// has the size, time of modification, mode, owner and bytes of one that only the source has.
    /// That takes one more look at both trees. Between the two names it has a random one in the
    /// root of the target. Only with extras::remove (EINVAL).
    detect,
  } moves = moves::unnoticed;

  /// More than that many entries are never deleted. They are counted before anything is changed,
  /// which takes a second look at both trees.
  static constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t most_removed = any_number;

  /// What becomes of an entry that both trees have changed since the base, and not alike.
  enum class conflicts : std::uint8_t {
    fail,   ///< All are told, and nothing is changed anywhere.
    source, ///< It becomes the source's.
    target, ///< It stays.
    /// It stays, and the source's comes beside it as NAME.from-source; ENOTSUP for a directory
    /// where there is a filter.
    both,
  } conflicts = conflicts::fail;

  /// What is updated and deleted; null: all. What is excluded stays as it is. Borrowed.
  const path_filter* filter = nullptr;
};

struct update_report {
  std::uint64_t created = 0;
  std::uint64_t replaced = 0;
  std::uint64_t changed = 0; ///< Metadata alone.
  std::uint64_t linked = 0;  ///< Names given to a file that is there under another one.
  std::uint64_t moved = 0;
  std::uint64_t removed = 0;
  std::uint64_t bytes = 0;         ///< Sizes of the files copied.
  std::uint64_t conflicts = 0;     ///< Of three trees.
  std::uint64_t failures = 0;      ///< Told to the observer.
  std::uint64_t kept_changing = 0; ///< Of these, sources that would not stay the same.
  algorithms::stopped stopped = algorithms::stopped::no;
  /// Of three trees and conflicts::fail: nothing was begun, because of conflicts, or because what
  /// could not be compared may be one. The other numbers are of that look.
  bool held_back = false;
};

/// Makes the tree at `target` like that at `source`, which is only read. A name that only the
/// source has is copied; one whose contents, target or type differ is replaced in one instant by a
/// copy; of one that differs in metadata alone these are set, but never on an inode that has other
/// names (which may be those of an older copy): that is replaced by a copy, too. Names of one inode
/// become names of one inode. Directories are never replaced by anything unless extras::remove;
/// their times come last. Where nothing differs, nothing is changed: no time of change moves.
///
/// Events and failures are told by the source's paths; of what goes, or could not, by the target's.
///
/// Succeeds with a report also when entries could not be updated: those, and only those, were told
/// to `told`, each once. Nothing is deleted below a directory that could not be listed. Mounts
/// below the roots are left alone on both sides, as copy_tree leaves them.
///
/// Fails if nothing was begun: errc::refused where one of the roots lies in the other, and, about
/// the number of them, where more than `most_removed` entries would be deleted.
/// Durable as options.file.sync says. Memory and threads as walk() and copy_tree().
result<update_report> update_tree(const walk_root& source, const walk_root& target,
                                  const update_options& options, observer& told) noexcept;

/// Brings into the tree at `target` what has changed from `base` to `source`: what was added, what
/// was removed and what is other, as far as the target still has there what the base has. What it
/// has changed itself, or in the same way, stays. An entry that both have changed, and not alike,
/// is a conflict, told to `conflicts`; options.conflicts says what becomes of it. Failures, and
/// left as they are: what cannot be compared, and a file, or a directory in the way, that somebody
/// writes to while the copy is made (errc::raced). A directory that the source has removed goes if
/// nothing stays in it. As with compare_trees, times of directories do not count; extras does not,
/// either.
///
/// With conflicts::fail, and conflicts or failures to compare, nothing is changed: the report tells
/// how many there are. Else as above.
result<update_report> update_tree(const walk_root& source, const walk_root& base,
                                  const walk_root& target, const update_options& options,
                                  difference_listener& conflicts, observer& told) noexcept;

} // namespace afio::algorithms
