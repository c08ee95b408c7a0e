// The files of hashes beside the files of several directories.
#pragma once

#include "algorithms/dedupe/directory_cache.hpp"
#include "algorithms/hash/side_hashes.hpp"

#include <memory>
#include <mutex>
#include <new>
#include <unordered_map>

namespace afio::algorithms::dedupe_detail {

/// By any thread.
class side_files {
public:
  /// That of `dir`, read when it is asked for first. Null where memory is short: then there is
  /// none.
  side_hashes* of(directory_number number, const path_handle& dir) noexcept {
    const std::scoped_lock hold(lock_);
    try {
      auto& at = open_[number];
      if (at == nullptr) {
        at = std::make_unique<side_hashes>();
        at->load(dir);
      }
      return at.get();
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }

  /// Those with news. A hash that cannot be kept is computed again.
  void save(directory_cache& directories) noexcept {
    for (auto& [number, hashes] : open_) {
      if (hashes == nullptr || !hashes->has_news()) continue;
      const auto dir = directories.open(number);
      if (dir) (void)hashes->save(*dir.assume_value());
    }
  }

private:
  std::mutex lock_;
  std::unordered_map<directory_number, std::unique_ptr<side_hashes>> open_;
};

} // namespace afio::algorithms::dedupe_detail
