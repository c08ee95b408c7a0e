// Runs a tool once for every stop that it has, and each time changes the tree under it right there.
#pragma once

#include "tests/race/contenders.hpp"
#include "tests/race/judge.hpp"
#include "tests/race/swap.hpp"
#include "tests/support/subprocess.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace afio::testing {

/// What has become of the runs with one plan.
struct tally {
  std::uint64_t stops = 0;   ///< of an undisturbed run
  std::uint64_t runs = 0;    ///< one for every stop, at which the swap was done
  std::uint64_t applied = 0; ///< of these there was still something to swap
  /// And of these the tool had read the name, and not yet used it: the dangerous moment.
  std::uint64_t dangerous = 0;
  std::uint64_t kept_out = 0; ///< Edits that a lease has delayed.
  std::map<outcome, std::uint64_t> outcomes;
  std::string first_failure;

  [[nodiscard]] std::uint64_t with(outcome what) const;
  /// Runs with an outcome that is not allowed.
  [[nodiscard]] std::uint64_t failures() const;
};

/// Every stop of the tool, or every `step`th of them.
tally explore(const contender& tool, const swap_plan& plan, std::uint64_t step = 1);

/// A line for people: the numbers of one tally.
void print_line(const contender& tool, const swap_plan& plan, const tally& counted);

} // namespace afio::testing
