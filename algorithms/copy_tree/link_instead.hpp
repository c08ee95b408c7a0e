// Names that stand for the source instead of a copy of it.
#pragma once

#include "algorithms/copy_file/file_copier.hpp"
#include "algorithms/copy_tree/copy_options.hpp"
#include "algorithms/copy_tree/symlink_target.hpp"

#include <string>
#include <string_view>

namespace afio::algorithms::copy_detail {

/// For a rehearsal: EXDEV, about `name`, where a file of that status can have no name in `dir`.
result<void> check_linkable(const stat_t& status, leaf_name name, const path_handle& dir) noexcept;

/// Gives `file`, by its inode, the name, in place of what has it. EXDEV, EMLINK, EPERM.
result<void> link_to(const fs_handle& file, const destination& to) noexcept;

/// What a symlink in the directory at `copy_dir` says to mean `path`, a real one of the source.
/// ENAMETOOLONG where no symlink holds it. Throws std::bad_alloc.
result<std::string> pointer_to(std::string_view path, std::string_view copy_dir,
                               enum copy_options::leaves kind);
/// Makes a symlink that says so, in place of what has the name. It is nobody's copy: its owner and
/// times are those of any new file.
result<void> point_to(std::string_view target, const destination& to) noexcept;

} // namespace afio::algorithms::copy_detail
