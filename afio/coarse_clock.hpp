// The clock by which the kernel dates changes of files.
#pragma once

#include "afio/file_handle.hpp"
#include "afio/stat.hpp"

namespace afio {

/// The last tick of the system's clock (CLOCK_REALTIME_COARSE), up to 10 ms ago. No change of a
/// file that is made from now on is dated before it. Never fails; 20 ns.
timestamp coarse_clock_now() noexcept;

/// Tells what a change of a file made right now is dated with. Until Linux 6.12 that is the last
/// tick. From 6.13 on, where the time of change of a file has been looked at since the last tick,
/// its next change is dated by a finer clock, and then no change of any file is dated before that
/// one: so the time is asked of a file of one's own in memory, which is changed for it. On file
/// systems of other machines, their clocks count. One thread at a time.
class change_clock {
public:
  /// The last tick, or what was seen since then: a guess, and mostly right. 20 ns.
  timestamp expected() const noexcept;

  /// A change made just now was dated so.
  void saw(const timestamp& changed) noexcept { seen_ = changed; }

  /// What the next change of a file is dated with whose last one was dated `changed`, until the
  /// clock ticks or a file somewhere is dated more finely; then later. Never before it. The last
  /// tick where the question fails (no descriptor is left). Asking may date a file more finely, so
  /// who asks often spoils it for others. 1 to 2 µs.
  timestamp after(const timestamp& changed) noexcept;

private:
  timestamp ask() noexcept;

  file_handle asked_;
  timestamp seen_;
};

} // namespace afio
