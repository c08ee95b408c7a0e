// Gives the room of zeros in files back: makes holes of them. No byte reads differently.
#pragma once

#include "algorithms/holes/punch_options.hpp"
#include "algorithms/options.hpp"

#include <cstdint>
#include <string_view>

namespace afio::algorithms {

struct punch_report {
  std::uint64_t files = 0;   ///< Looked into; each inode once.
  std::uint64_t punched = 0; ///< In which there are holes now that were not there.
  std::uint64_t bytes = 0;   ///< Of these holes. What is shared with others takes room as before.
  std::uint64_t busy = 0;    ///< Told to the observer as skipped.
  std::uint64_t failures = 0;
  algorithms::stopped stopped = algorithms::stopped::no;
};

/// Punches the regular files of the tree at `root`: in what they have of data, zeros that fill
/// whole blocks, options.min_size of them in a row. Nothing else is ever opened; symlinks are not
/// followed; mounts are crossed only if options.tree.mounts allows it, else left out silently. An
/// inode with several names is worked on once. How it is that no writer's byte is lost is at
/// file_puncher.
///
/// Told to `told`: an event_kind::punched a file, with its bytes, also of one where the work then
/// ended early; what could not be handled; and as skipped (EBUSY) a file with zeros that somebody
/// has open, where the file system cannot share blocks. Threads as walk(): one may be working on a
/// large file beside the worker. A kill at any moment leaves every file as it reads; a time of
/// modification may then not have been put back.
///
/// Fails only if it could not begin.
result<punch_report> punch_holes(const walk_root& root, const punch_options& options,
                                 observer& told) noexcept;

/// The same of the one file that `pinned` is, and that people call `shown`. `near` is a directory
/// of its file system. EISDIR and so on as file_handle::file where it is not regular.
result<punch_report> punch_holes(const fs_handle& pinned, const path_handle& near,
                                 std::string_view shown, const punch_options& options,
                                 observer& told) noexcept;

} // namespace afio::algorithms
