// Pauses between tries.
#pragma once

#include "afio/deadline.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace afio::algorithms {

/// A millisecond, then twice as long each time, a tenth of a second at the most.
class growing_pause {
public:
  /// Sleeps, but not beyond `limit`.
  void sleep(const deadline::running& limit) noexcept {
    std::this_thread::sleep_for(std::min(next_, limit.remaining()));
    next_ = std::min<std::chrono::nanoseconds>(2 * next_, std::chrono::milliseconds(100));
  }

private:
  std::chrono::nanoseconds next_ = std::chrono::milliseconds(1);
};

} // namespace afio::algorithms
