// One thing that could not be done to one entry of a tree.
#pragma once

#include "afio/error.hpp"

#include <cstdint>
#include <string_view>

namespace afio::algorithms {

/// What was being done, in words for people.
enum class operation : std::uint8_t {
  open,
  list,
  stat,
  remove,
  rename,
  change_mode,
  restore,
  copy,
  create,
  link,
  set_metadata,
  publish,
  verify,
  move,
  compare,
  punch,
  hash,
  share,
};

/// "open", "list", "read the status of", "delete", "rename", "change the mode of", "put back",
/// "copy", "create", "link", "set the metadata of", "publish", "verify", "move",
/// "compare", "punch holes in", "hash", "share the blocks of".
std::string_view name_of(operation what) noexcept;

/// Borrowed for the time of the call that hands it out.
struct failure {
  operation what;
  /// The tree's name as its caller gave it, then the components below it. Bytes, unquoted.
  std::string_view path;
  const error& why;
};

/// Whether an operation says that it was asked to stop. A file system may return ECANCELED, too,
/// and that is a failure.
inline bool is_interruption(const error& why) noexcept {
  return why == std::errc::operation_canceled && why.origin() == call::none;
}

/// Whether there is no such entry, or none any more.
inline bool is_gone(const error& why) noexcept {
  return why == std::errc::no_such_file_or_directory;
}

} // namespace afio::algorithms
