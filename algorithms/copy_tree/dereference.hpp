// What symlinks lead to, in place of the symlinks.
#pragma once

#include "algorithms/copy_tree/copying.hpp"

#include <optional>

namespace afio::algorithms::copy_detail {

/// A file or directory that a symlink leads to.
struct led_to {
  fs_handle file;
  stat_t status;
};

/// Holds what the entry `name` of `dir` leads to; the kernel follows it. Nothing where the name is
/// gone. ENOENT where it leads nowhere, ELOOP where it leads to itself.
result<std::optional<led_to>> follow(const path_handle& dir, leaf_name name) noexcept;

/// Whether what the symlink of the row leads to, a directory of that identity, may be copied in its
/// place: ELOOP if it is being copied already, so that it would never end; errc::refused if the
/// copy lies in it, or it in the copy; errc::raced if the symlink leads elsewhere by now.
template <std::size_t N>
result<void> check_led_to(const copying& shared, const place<N>& here, leaf_name name,
                          const identity& id) noexcept;

} // namespace afio::algorithms::copy_detail
