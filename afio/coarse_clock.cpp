#include "afio/coarse_clock.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace afio {

timestamp coarse_clock_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now); // Cannot fail: the clock is there since 2.6.32.
  return {now.tv_sec, static_cast<std::uint32_t>(now.tv_nsec)};
}

timestamp change_clock::expected() const noexcept { return std::max(coarse_clock_now(), seen_); }

timestamp change_clock::after(const timestamp& changed) noexcept {
  timestamp answer = ask();
  // A time that `changed` has already is not given to that file again. By then the file that is
  // asked has been looked at, too, and is dated more finely.
  if (answer <= changed) answer = ask();
  return answer;
}

timestamp change_clock::ask() noexcept {
  if (!asked_.is_open()) {
    auto made = file_handle::in_memory();
    if (!made) return coarse_clock_now();
    asked_ = std::move(made).assume_value();
  }
  const auto changed = asked_.set_times({}, {}); // Which changes the time of change, too.
  const auto found = asked_.stat(want::times);
  return changed && found ? found.assume_value().changed : coarse_clock_now();
}

} // namespace afio
