// Directories whose times shall be what they were before.
#pragma once

#include "algorithms/dedupe/directory_cache.hpp"

#include <mutex>
#include <unordered_map>

namespace afio::algorithms::dedupe_detail {

/// By any thread.
class kept_times {
public:
  /// `directory` is about to be changed. Throws std::bad_alloc.
  result<void> keep(directory_number number, const path_handle& directory);
  /// Puts all back. What cannot be put back stays as it is: such a directory is gone, or somebody
  /// else's.
  void put_back(directory_cache& directories) noexcept;

private:
  struct times {
    timestamp accessed, modified;
  };

  std::mutex lock_;
  std::unordered_map<directory_number, times> before_;
};

} // namespace afio::algorithms::dedupe_detail
