// Tells how the files of a tree are stored. Changes nothing.
#pragma once

#include "algorithms/holes/file_layout.hpp"
#include "algorithms/options.hpp"

#include <cstdint>
#include <string_view>

namespace afio::algorithms {

/// Hears of files. Calls come from the workers' threads, one at a time, in no order (with one
/// thread: as the file system lists them, depth first).
class layout_listener {
public:
  /// Both are borrowed for the time of the call.
  virtual void found(std::string_view path, const file_layout& layout) noexcept = 0;

protected:
  ~layout_listener() = default;
};

struct layout_report {
  std::uint64_t files = 0; ///< Told; an inode under each of its names.
  std::uint64_t failures = 0;
  algorithms::stopped stopped = algorithms::stopped::no;
};

/// Each regular file of the tree at `root`. Nothing else is opened, symlinks are not followed;
/// other mounts are left out silently unless options.mounts allows them. What cannot be looked at
/// is told to `told`. Fails only if it could not begin. Threads as walk().
result<layout_report> list_layouts(const walk_root& root, const tree_options& options,
                                   layout_listener& listener, observer& told) noexcept;

} // namespace afio::algorithms
