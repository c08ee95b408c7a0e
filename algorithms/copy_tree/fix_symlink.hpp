// What the copy of a symlink has to say, found out in the directories that there are.
#pragma once

#include "afio/path_handle.hpp"
#include "algorithms/copy_tree/symlink_target.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace afio::algorithms::copy_detail {

/// As fixed_target, for a symlink in `dir`, the directory at `source_dir`. Directories on the way
/// are held one after another, never opened for reading; where one is missing or may not be
/// searched, the rest of the way is taken by its words. Throws std::bad_alloc.
std::optional<std::string> fixed_target(const whereabouts& at, const path_handle& dir,
                                        std::string_view source_dir, std::string_view copy_dir,
                                        std::string_view target);

} // namespace afio::algorithms::copy_detail
