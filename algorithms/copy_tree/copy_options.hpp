// How a tree is copied, and what came of it.
#pragma once

#include "algorithms/copy_file/copy_file.hpp"
#include "algorithms/copy_tree/copied_sources.hpp"
#include "algorithms/options.hpp"
#include "algorithms/path_filter.hpp"

#include <cstdint>
#include <optional>

namespace afio::algorithms {

struct copy_options {
  tree_options tree = {};
  copy_file_options file = {}; ///< threads and stop are those of tree.

  enum class doing : std::uint8_t {
    execute,
    rehearse, ///< Events tell what would be done; nothing is.
  } doing = doing::execute;

  enum class existing : std::uint8_t {
    refuse, ///< EEXIST.
    /// A directory is merged into the one of its name, whose metadata become the source's. Anything
    /// else replaces what has its name, in one instant, but never a directory (EISDIR), nor a
    /// directory anything else (ENOTDIR). What the source lacks stays.
    merge,
  } existing = existing::refuse;

  enum class extent : std::uint8_t {
    each_entry,
    all_or_nothing, ///< Published only if every entry was copied. Not with merge (EINVAL).
  } extent = extent::each_entry;

  /// What becomes of entries that are not directories. Directories are always made.
  enum class leaves : std::uint8_t {
    copies,
    /// One more name each of the source's own inode, of which nothing else is changed: whoever
    /// writes to either writes to both. Between two mounts each fails (EXDEV). Where a file system
    /// allows no more names, the entry is copied, which is told as lost.
    hard_links,
    /// Symlinks to the entries of the source, by the way from where they stand to there: from the
    /// real paths that both roots have when this begins.
    symlinks,
    absolute_symlinks, ///< The same by the whole path.
  } leaves = leaves::copies;

  /// What becomes of the source's own symlinks.
  enum class symlinks : std::uint8_t {
    keep, ///< They say in the copy what they say in the source.
    /// They mean in the copy what they mean in the source: what points to something in the source
    /// points to its counterpart in the copy (whether or not it is copied), and what points out of
    /// it still to the same, also where the copy stands elsewhere. Absolute ones stay absolute,
    /// relative ones relative; what is right as it is stays byte for byte. Symlinks in the middle
    /// of a target are taken into account, as the kernel does; where directories on the way are
    /// missing, its words. A symlink with several names that must be changed gets an inode for
    /// each. Only with leaves::copies (EINVAL).
    fix,
    /// They become what they lead to, wherever that is, and a directory with all that is in it: the
    /// one way by which anything outside of the source is copied. One that leads nowhere fails
    /// (ENOENT), as does one to a directory that it is being copied in (ELOOP), and one to a
    /// directory that holds the copy or is in it (errc::refused). Mounts below such a directory are
    /// as any. Not with leaves::symlinks (EINVAL).
    follow,
  } symlinks = symlinks::keep;

  const path_filter* filter = nullptr; ///< What is copied of the tree; null: all. Borrowed.
  /// Is told what was copied, if not null. Of the names of an inode, only the one copied first.
  /// Borrowed.
  copied_sources* copied = nullptr;
};

struct copy_report {
  std::uint64_t created = 0;
  std::uint64_t replaced = 0;
  /// Names given to copies that were made for another name of theirs, and leaves that became links.
  std::uint64_t linked = 0;
  std::uint64_t bytes = 0;         ///< Sizes of the files copied.
  std::uint64_t failures = 0;      ///< Told to the observer.
  std::uint64_t kept_changing = 0; ///< Of these, sources that would not stay the same.
  algorithms::stopped stopped = algorithms::stopped::no;
  /// The random name beside the copy's own of what was copied but not published: after an early
  /// stop, or because the name was taken meanwhile. Delete it with reap().
  std::optional<leaf_buffer> left_as;
};

} // namespace afio::algorithms
