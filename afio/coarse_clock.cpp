#include "afio/coarse_clock.hpp"

#include <ctime>

namespace afio {

timestamp coarse_clock_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now); // Cannot fail: the clock is there since 2.6.32.
  return {now.tv_sec, static_cast<std::uint32_t>(now.tv_nsec)};
}

} // namespace afio
