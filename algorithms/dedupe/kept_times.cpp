#include "algorithms/dedupe/kept_times.hpp"

namespace afio::algorithms::dedupe_detail {

result<void> kept_times::keep(directory_number number, const path_handle& directory) {
  const std::scoped_lock hold(lock_);
  const auto [at, is_new] = before_.try_emplace(number);
  if (!is_new) return success();
  const auto now = directory.stat(want::times);
  if (!now) {
    before_.erase(at);
    return now.as_failure();
  }
  at->second = {now.assume_value().accessed, now.assume_value().modified};
  return success();
}

void kept_times::put_back(directory_cache& directories) noexcept {
  for (const auto& [number, before] : before_) {
    const auto directory = directories.open(number);
    if (directory) (void)directory.assume_value()->set_times(before.accessed, before.modified);
  }
  before_.clear();
}

} // namespace afio::algorithms::dedupe_detail
