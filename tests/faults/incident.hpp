// A call that was made to fail, and what was found afterwards.
#pragma once

#include "tests/faults/error_sweep.hpp"
#include "tests/support/subprocess.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace afio::testing {

struct fault {
  std::string_view call;
  std::uint64_t nth;
  int error;
};

/// What happened in one run: where the fault struck, and on what.
struct incident {
  fault planned;
  bool struck = false;
  std::vector<std::string> subjects;
};

struct finding {
  reaction what;
  std::string detail;
};

/// One is the other, or holds it.
bool is_above_or_below(const std::string& path, const std::string& subject);

/// It named the errno, or what that means where it comes from.
bool tells_reason(const ending& run, int error);

/// Lines that tell of a failure; where to find what is left may be said besides.
std::ptrdiff_t failures_told(const std::string& errors);

} // namespace afio::testing
