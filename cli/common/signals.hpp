// SIGINT and SIGTERM as a request to stop, not as a death in the middle.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace afio::cli {

/// While it lives, the first SIGINT or SIGTERM asks its token to stop; a second one kills as usual.
/// To be made before any other thread, because threads inherit the blocked signals.
class signals {
public:
  signals();
  ~signals();
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;

  std::stop_token token() const noexcept { return request_.get_token(); }

  /// The signal that came, 0 for none.
  int received() const noexcept { return received_.load(); }

private:
  void wait() noexcept;

  std::stop_source request_;
  std::atomic<int> received_{0};
  std::atomic<bool> done_{false};
  std::thread waiter_;
};

} // namespace afio::cli
