// The race without a supervisor: the tool at full speed, and beside it a thread that swaps its
// directories as fast as the kernel can.
#pragma once

#include "tests/race/explorer.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace afio::testing {

struct free_swaps {
  std::uint64_t swaps = 0; ///< directory ↔ symlink, done while the tool ran
  std::uint64_t runs = 0;
  std::map<outcome, std::uint64_t> outcomes;
  std::string first_failure;

  [[nodiscard]] std::uint64_t failures() const;
};

/// Runs the tool on one tree after the other until so many swaps have been done.
free_swaps swap_freely(const contender& tool, std::uint64_t swaps);

void print_line(const contender& tool, const free_swaps& counted);

} // namespace afio::testing
