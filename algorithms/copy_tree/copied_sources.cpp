#include "algorithms/copy_tree/copied_sources.hpp"

#include <algorithm>
#include <functional>

namespace afio::algorithms {

void copied_sources::sort() noexcept { std::sort(states_.begin(), states_.end()); }

bool copied_sources::holds(const stat_t& now) const noexcept {
  return std::binary_search(states_.begin(), states_.end(), state_of(now));
}

bool copied_sources::holds_directory(const identity& id) const noexcept {
  return std::binary_search(states_.begin(), states_.end(), state_of(id));
}

copied_sources::state copied_sources::name_of(const identity& dir, std::string_view name,
                                              const identity& inode) noexcept {
  constexpr std::uint32_t no_time_has_that = 1'000'000'000; // Nanoseconds.
  // 64 bits for the name: as good as never do two names of one inode have the same.
  const std::uint64_t hash =
      std::hash<std::string_view>()(name) ^ (dir.inode * 0x9E3779B97F4A7C15ULL + dir.device);
  return {inode.device, inode.inode, {static_cast<std::int64_t>(hash), no_time_has_that}};
}

bool copied_sources::holds_name(const identity& dir, std::string_view name,
                                const identity& inode) const noexcept {
  return std::binary_search(states_.begin(), states_.end(), name_of(dir, name, inode));
}

} // namespace afio::algorithms
