#include "algorithms/copy_tree/copied_sources.hpp"

#include <algorithm>

namespace afio::algorithms {

void copied_sources::sort() noexcept { std::sort(states_.begin(), states_.end()); }

bool copied_sources::holds(const stat_t& now) const noexcept {
  return std::binary_search(states_.begin(), states_.end(), state_of(now));
}

bool copied_sources::holds_directory(const identity& id) const noexcept {
  return std::binary_search(states_.begin(), states_.end(), state_of(id));
}

} // namespace afio::algorithms
