// The regular files among the rows of a walk.
#pragma once

#include "afio/file_handle.hpp"
#include "algorithms/mounted_on.hpp"

#include <cerrno>
#include <optional>
#include <utility>

namespace afio::algorithms {

/// What a row's status has to say of a file.
constexpr want rows_of_files =
    want::type | want::identity | want::links | want::size | want::allocated;

/// Opens for reading what was listed as a regular file. Nothing: it has gone since, or something is
/// mounted on it that must not be entered, which nobody is told of.
inline result<std::optional<opened_file>> open_listed(const place<1>& here, leaf_name name,
                                                      crossing mounts) noexcept {
  auto opened = file_handle::seen(here.handle(), name, mounts, access_time::keep);
  if (!opened) {
    const int why = opened.assume_error().native();
    if (why == ENOENT || (why == EXDEV && mounts == crossing::same_mount))
      return std::optional<opened_file>();
    return std::move(opened).as_failure();
  }
  // Where there is no openat2, mount points are entered.
  if (is_mounted_on(here, 0, opened.assume_value().status, mounts))
    return std::optional<opened_file>();
  return std::optional(std::move(opened).assume_value());
}

} // namespace afio::algorithms
