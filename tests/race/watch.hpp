// Looks at a copy at each stop of the tool that makes it: who may do what with it, and what has its
// final name.
#pragma once

#include "tests/race/contenders.hpp"

#include <cstdint>
#include <string>

namespace afio::testing {

struct sighting {
  std::uint64_t stops = 0;
  std::uint64_t guarded = 0;    ///< entries seen that somebody may not reach in the source
  std::uint64_t unfinished = 0; ///< entries seen that were not yet what they became
  std::uint64_t wider =
      0;                  ///< of a user, an entry and a right: there in the copy, not in the source
  std::uint64_t lent = 0; ///< setuid files of another owner than the source's
  std::uint64_t torn = 0; ///< final names that are neither old nor new
  std::string first_failure;

  [[nodiscard]] std::uint64_t failures() const { return wider + lent + torn; }
};

/// Runs it undisturbed, and looks at each of its calls, those that read and write too.
sighting watch(const contender& tool);

void print_line(const contender& tool, const sighting& seen);

} // namespace afio::testing
