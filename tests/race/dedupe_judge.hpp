#pragma once

#include "tests/race/judge.hpp"
#include "tests/race/trial.hpp"
#include "tests/support/subprocess.hpp"

namespace afio::testing {

/// Of a tool that makes one of equal files.
verdict judge_dedupe(const trial& t, const ending& run);

} // namespace afio::testing
