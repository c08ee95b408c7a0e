// Inodes as keys of hash tables: the same file, over whatever mount.
#pragma once

#include "afio/stat.hpp"

#include <cstddef>
#include <functional>

namespace afio::algorithms {

struct inode_hash {
  std::size_t operator()(const identity& id) const noexcept {
    // Fibonacci hashing spreads the consecutive inodes of one directory.
    return std::hash<std::uint64_t>()(id.inode * 0x9E3779B97F4A7C15ULL ^ id.device);
  }
};

struct same_inode {
  bool operator()(const identity& a, const identity& b) const noexcept { return a.same_file(b); }
};

} // namespace afio::algorithms
