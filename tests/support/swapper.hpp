#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

namespace afio::testing {

/// Exchanges what two names stand for, at once and for good. Returns 0 or an errno.
int exchange(const std::filesystem::path& a, const std::filesystem::path& b) noexcept;

/// A thread that exchanges pairs of names, one after the other, as often as it can, until it is
/// told to stop or destroyed.
class swapper {
public:
  using pairs = std::vector<std::pair<std::filesystem::path, std::filesystem::path>>;

  explicit swapper(pairs names);
  swapper(const swapper&) = delete;
  swapper& operator=(const swapper&) = delete;

  ~swapper() { stop(); }

  void stop();

  /// Exchanges that were done so far; attempts at names that were gone don't count.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

private:
  void run() noexcept;

  const pairs names_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> count_ = 0;
  std::thread thread_;
};

} // namespace afio::testing
