// Which directories of a walk are open: at most so many, and those in use for certain.
#pragma once

#include "algorithms/walk/node.hpp"

#include <cstddef>
#include <mutex>

namespace afio::algorithms::walk_detail {

/// Directories that are not pinned lose their descriptors, the least recently used first, when
/// others need them. A directory that has lost its own is opened again when it is pinned: downward
/// from the nearest open ancestor, level by level, each compared with the identity it had at first.
/// The root is pinned for the whole walk, so there always is an open ancestor.
///
/// On the way down, the directories at distances 1, 2, 4, 8, … from the one wanted become
/// checkpoints, which are evicted last. Coming up a chain of depth d then re-opens d log d
/// directories with some log d descriptors; with least-recently-used alone it would be d²/2b with b
/// of them.
///
/// All calls are safe from any worker. A worker pins two directories at a time at the most.
template <std::size_t N>
class descriptor_budget {
public:
  /// `limit` counts descriptors, N a directory.
  descriptor_budget(std::size_t limit, crossing mounts) noexcept
      : limit_(limit / N), mounts_(mounts) {}

  /// Opens `n` for the first time, below its pinned parent, and pins it. Checks inode and boundary.
  result<void> open(node<N>& n) noexcept;
  /// Takes in a root that its owner has opened already, pinned.
  void adopt(node<N>& root) noexcept;
  /// Makes sure that `n` is open, and stays so until unpin.
  result<void> pin(node<N>& n) noexcept;
  void unpin(node<N>& n) noexcept;
  /// Closes `n`, which nobody has pinned, for good.
  void close(node<N>& n) noexcept;

  /// The most that were open at once.
  std::size_t peak() const noexcept { return peak_; }

private:
  using handles = std::array<directory_handle, N>;

  struct opened {
    handles at;
    std::array<identity, N> ids;
  };

  /// The right to have one more directory open. Freed unless a directory keeps it.
  class slot {
  public:
    explicit slot(descriptor_budget& of) noexcept : of_(&of) { of.take_slot(); }

    ~slot() {
      if (of_ != nullptr) of_->free_slot();
    }

    slot(const slot&) = delete;
    slot& operator=(const slot&) = delete;

    void keep() noexcept { of_ = nullptr; }

  private:
    descriptor_budget* of_;
  };

  result<opened> open_sides(node<N>& n) noexcept;
  result<directory_handle> open_side(const node<N>& n, std::size_t tree) noexcept;
  result<void> check_first(const node<N>& n, std::size_t tree, const directory_handle& got,
                           const identity& id) const noexcept;
  static result<void> check_followed(const node<N>& n, std::size_t tree,
                                     const identity& id) noexcept;
  result<void> reopen_down_to(node<N>& n) noexcept;
  result<void> reopen(node<N>& n) noexcept;
  node<N>* victim() const noexcept;
  bool evict_one() noexcept;
  void take_slot() noexcept;
  void free_slot() noexcept;
  void install(node<N>& n, handles&& at, slot& room) noexcept;
  // With the lock held:
  handles take(node<N>& n) noexcept;
  void push_newest(node<N>& n) noexcept;
  void unlink(node<N>& n) noexcept;

  std::size_t limit_;
  crossing mounts_;
  std::mutex lock_;
  std::mutex reopening_; // One walk downward at a time: it uses node::toward. Taken before lock_.
  node<N>* newest_ = nullptr;
  node<N>* oldest_ = nullptr;
  std::size_t open_ = 0;
  std::size_t peak_ = 0;
};

extern template class descriptor_budget<1>;
extern template class descriptor_budget<2>;
extern template class descriptor_budget<3>;

} // namespace afio::algorithms::walk_detail
