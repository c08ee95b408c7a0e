// Names on which something is mounted.
#pragma once

#include "algorithms/walk/visitor.hpp"

namespace afio::algorithms::hardlinks_detail {

/// Whether that is the inode which the entry is a name of, and not one that is mounted on it.
inline bool is_under_its_name(const place<1>& here, const stat_t& s) noexcept {
  return s.id.mount == here.id().mount;
}

} // namespace afio::algorithms::hardlinks_detail
