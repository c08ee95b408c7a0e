// Kills a tool at each of its system calls in turn, and looks at what it leaves.
#pragma once

#include "tests/race/contenders.hpp"

#include <cstdint>
#include <string>

namespace afio::testing {

struct kill_tally {
  std::uint64_t stops = 0; ///< of an undisturbed run; at each of them it is killed once
  std::uint64_t runs = 0;
  std::uint64_t killed = 0;    ///< of these it really died by the signal, at that stop
  std::uint64_t untouched = 0; ///< and left all of the tree in its place, or no more of a copy
  std::uint64_t set_aside = 0; ///< and left something under a name of the documented pattern
  std::uint64_t reaped = 0;    ///< runs of the reaper that left nothing of the pattern; a copier's
                               ///< second run was then complete
  std::uint64_t failures = 0;
  std::string first_failures;
};

/// The reaper, where there is one, is run with the root's folder after each kill; a copier once
/// more after it. Copiers are killed at reads and writes too.
kill_tally sweep_kills(const contender& tool, const contender* reaper = nullptr,
                       std::uint64_t step = 1);

/// Kills the tool halfway, and then the reaper at each of its own calls; a second reaper finishes.
kill_tally sweep_reaper_kills(const contender& tool, const contender& reaper);

void print_line(const contender& tool, const kill_tally& counted);

} // namespace afio::testing
