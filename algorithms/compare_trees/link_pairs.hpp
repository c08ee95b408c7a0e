// Inodes with several names, paired with those of another tree.
#pragma once

#include "algorithms/inode.hpp"

#include <mutex>
#include <unordered_map>

namespace afio::algorithms::compare_detail {

/// Whether names that mean one inode in a tree mean one inode in the other, too. For all workers.
class link_pairs {
public:
  /// Whether neither inode has met another partner before. The first to meet are partners. Throws
  /// std::bad_alloc.
  bool agree(const identity& left, const identity& right) {
    const std::scoped_lock hold(lock_);
    const auto [of_left, new_left] = to_right_.try_emplace(left, right);
    const auto [of_right, new_right] = to_left_.try_emplace(right, left);
    return of_left->second.same_file(right) && of_right->second.same_file(left);
  }

private:
  using partners = std::unordered_map<identity, identity, inode_hash, same_inode>;

  std::mutex lock_;
  partners to_right_, to_left_;
};

} // namespace afio::algorithms::compare_detail
