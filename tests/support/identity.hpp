#pragma once

#include <compare>
#include <cstdint>

#include <sys/stat.h>

namespace afio::testing {

/// What an inode is known by.
struct identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const identity&) const = default;
};

inline identity identity_of(const struct ::stat& found) { return {found.st_dev, found.st_ino}; }

} // namespace afio::testing
