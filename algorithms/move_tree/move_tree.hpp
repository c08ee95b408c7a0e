// Moves a directory tree, or anything else that has a name, to another name: by one rename where
// that can be, else by a copy that is verified and published before anything of the source goes.
#pragma once

#include "algorithms/copy_file/copy_file.hpp"
#include "algorithms/options.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace afio::algorithms {

struct move_options {
  tree_options tree = {};
  /// How files are copied between file systems; threads and stop are those of tree. Here what is
  /// not `none` of sync means that the whole copy and its names are durable before anything of the
  /// source goes; `all` makes renames durable, too; where that fails, it is told, and they are
  /// done.
  copy_file_options file = {.sync = sync::files, .verify = copy_file_options::verify::contents};

  enum class doing : std::uint8_t {
    execute,
    rehearse, ///< Events tell what would be done; nothing is.
  } doing = doing::execute;

  enum class existing : std::uint8_t {
    refuse, ///< EEXIST.
    /// A directory is merged into the one of its name, which gets its metadata. Anything else
    /// replaces what has its name, in one instant, but never a directory (EISDIR), nor a directory
    /// anything else (ENOTDIR). What is only in the target stays.
    merge,
    exchange, ///< The two swap names in one instant, on one file system (EXDEV). Both must exist.
  } existing = existing::refuse;
};

/// What failures and events call the two ends.
struct move_names {
  std::string_view from;
  std::string_view to;
};

struct move_report {
  std::uint64_t moved = 0; ///< Renames: one for a whole tree, or merging, one for each entry.
  // Where file systems differ:
  std::uint64_t created = 0;
  std::uint64_t replaced = 0; ///< Merging on one file system, too.
  std::uint64_t linked = 0;
  std::uint64_t deleted = 0; ///< Entries of the source.
  std::uint64_t bytes = 0;   ///< Sizes of the files copied.

  std::uint64_t failures = 0;      ///< Told to the observer.
  std::uint64_t kept_changing = 0; ///< Of these, sources that would not stay the same.
  algorithms::stopped stopped = algorithms::stopped::no;
  /// Something that options.file.preserve names could not be kept, which was told as lost: the copy
  /// is complete, and nothing of the source was deleted.
  bool source_kept = false;
  /// The random name beside the new one of what was copied but not published, as copy_tree's.
  /// Nothing of the source was deleted.
  std::optional<leaf_buffer> left_as;
};

/// Moves the entry `name` of `from`, with all below it where it is a directory, to `new_name` of
/// `to`.
///
/// One file system: one rename, which never replaces; merging, a rename for each entry that the
/// target lacks or has as a file, and directories of the source go when they are empty. Two names
/// of one inode: the source's name goes; but a name is never moved over itself (errc::refused).
///
/// Two file systems, or mounts, or subvolumes: the tree is copied as copy_tree does, read back and
/// compared, made durable, and published; then each entry of the source is deleted if it still is
/// the inode that was copied, and was not changed since (by the time of its change). What was
/// changed, or has come meanwhile, stays where it is and is told (errc::raced); so does what could
/// not be copied, and the directories that hold these. A process that has a file open for writing
/// when it is deleted goes on writing into what nobody will see.
///
/// Succeeds with a report also when entries could not be moved: those, and only those, were told to
/// `told`, each once. Fails if nothing was begun: ENOENT, EEXIST, EISDIR, ENOTDIR; EXDEV for an
/// exchange; errc::refused where the tree would come to lie in itself; or where nothing can be
/// made in `to`.
///
/// At any kill the tree is whole at one end or, between file systems, at both, the target being
/// complete as soon as it has its name; moving again with existing::merge finishes. Memory as
/// copy_tree, and 32 bytes for each entry copied.
result<move_report> move_tree(const path_handle& from, leaf_name name, const path_handle& to,
                              leaf_name new_name, move_names shown, const move_options& options,
                              observer& told) noexcept;

} // namespace afio::algorithms
