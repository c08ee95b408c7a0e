// From what a person typed to a directory and a name in it.
#pragma once

#include "afio/path_handle.hpp"

namespace afio::cli {

/// The directory at `path`, of any length: a path too long for one call is followed in pieces.
/// Symlinks are followed. An empty path, as from an unset variable of a script, is not the working
/// directory (ENOENT).
result<path_handle> open_directory(path_view path) noexcept;

/// The same for a directory that is about to be changed: the last component must not be a symlink
/// (ELOOP), so that nobody empties another place than the one they see.
result<path_handle> open_directory_itself(path_view path) noexcept;

/// The directory that the last component of `path` is in, and that component. errc::refused where
/// it is "/", "." or "..", which are not names in a directory; ENOTDIR where a slash is behind the
/// name of something that is not a directory.
result<location> locate(path_view path) noexcept;

/// The same for what is only read: "." and ".." are found under the names that they have. So
/// errc::refused for the root directory alone.
result<location> locate_by_any_name(path_view path) noexcept;

} // namespace afio::cli
