// The clock by which the kernel dates changes of files.
#pragma once

#include "afio/stat.hpp"

namespace afio {

/// The time that a change of a file made at this moment is dated with: that of the last tick of the
/// clock (CLOCK_REALTIME_COARSE), up to 10 ms ago. Linux from 6.13 on dates a change more finely,
/// hence later, where the file's time of change has been looked at since that tick. Of a file
/// system of another machine's, that machine's clock counts. Never fails; 20 ns.
timestamp coarse_clock_now() noexcept;

} // namespace afio
