// Entries on which something is mounted.
#pragma once

#include "afio/path_handle.hpp"
#include "algorithms/walk/visitor.hpp"

#include <cstddef>

namespace afio::algorithms {

/// Whether an entry of `here` whose status is that is not what its name is of, but what is mounted
/// there, and `mounts` leaves that out. By the mount alone: an overlay's files may have other
/// devices than its directories.
template <std::size_t N>
bool is_mounted_on(const place<N>& here, std::size_t tree, const stat_t& s,
                   crossing mounts = crossing::same_mount) noexcept {
  return mounts == crossing::same_mount && s.id.mount != here.id(tree).mount;
}

} // namespace afio::algorithms
