// Inodes of which one name has been met.
#pragma once

#include "algorithms/inode.hpp"

#include <mutex>
#include <new>
#include <unordered_set>

namespace afio::algorithms {

/// Shared by the workers of a walk: an inode's names may be far apart. Few files have several
/// names, so one lock does. About 24 bytes an inode.
class seen_inodes {
public:
  /// Whether this is the first of its names. Without memory, every name is.
  bool first(const identity& id) noexcept {
    const std::scoped_lock hold(lock_);
    try {
      return seen_.insert(id).second;
    } catch (const std::bad_alloc&) {
      return true;
    }
  }

private:
  std::mutex lock_;
  std::unordered_set<identity, inode_hash, same_inode> seen_;
};

} // namespace afio::algorithms
