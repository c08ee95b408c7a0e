// From a path below an open directory to the directory and the name that it leads to.
#pragma once

#include "afio/path_handle.hpp"

#include <string_view>

namespace afio::algorithms {

/// Opens the directories of `path` one by one from `root`, whatever mounts they are on, and never
/// through a symlink (ELOOP, ENOTDIR). ENOENT. errc::raced for a path that holds no name.
result<location> locate_below(const path_handle& root, std::string_view path) noexcept;

} // namespace afio::algorithms
