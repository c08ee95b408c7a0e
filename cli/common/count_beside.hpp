// Totals for a progress bar: counted on a thread of their own beside the work.
#pragma once

#include "algorithms/summarize.hpp"

#include <atomic>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace afio::cli {

class count_beside {
public:
  /// Counts what is below `paths`; each path is an entry itself.
  count_beside(std::vector<std::string> paths, algorithms::tree_options how);
  ~count_beside();
  count_beside(const count_beside&) = delete;
  count_beside& operator=(const count_beside&) = delete;

  const algorithms::progress& total() const noexcept { return total_; }

  const std::atomic<bool>& is_final() const noexcept { return final_; }

private:
  void count();

  std::vector<std::string> paths_;
  algorithms::tree_options how_;
  algorithms::progress total_;
  std::atomic<bool> final_{false};
  std::stop_source stop_;
  std::thread counter_;
};

} // namespace afio::cli
