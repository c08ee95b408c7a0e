// What directories were before they were read.
#pragma once

#include "algorithms/walk/visitor.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <new>
#include <vector>

namespace afio::algorithms::copy_detail {

/// What a directory of the source was before it was read, until its copy is done.
struct directory_state {
  stat_t source;
  bool merged = false;   ///< The copy was there before.
  bool followed = false; ///< A symlink in the source leads to it.
  bool fresh = false;    ///< Of one that was merged: made for it just before.
};

/// The states of directories that one worker came upon first; another one may come to their ends.
class directory_states {
public:
  /// What a row's slot shall hold for a directory to be entered. Throws std::bad_alloc.
  std::uint64_t keep(const directory_state& state) {
    directory_state* kept = nullptr;
    if (spare_.empty()) {
      kept = &states_.emplace_back(state);
    } else {
      kept = spare_.back();
      spare_.pop_back();
      *kept = state;
    }
    return reinterpret_cast<std::uintptr_t>(kept);
  }

  /// Null for a directory that none was kept of.
  template <std::size_t N>
  static directory_state* of(const place<N>& here) noexcept {
    return reinterpret_cast<directory_state*>(here.slot().load());
  }

  /// Ends one that any worker has kept.
  void drop(directory_state* state) noexcept {
    try {
      spare_.push_back(state);
    } catch (const std::bad_alloc&) {
      // Then it is only not used again.
    }
  }

private:
  // Unlike a deque, it needs no memory to be made or moved.
  std::list<directory_state> states_;
  std::vector<directory_state*> spare_;
};

} // namespace afio::algorithms::copy_detail
