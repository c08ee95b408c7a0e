// What the copy that a tool has made under attack may look like, and what it must not.
#pragma once

#include "tests/race/judge.hpp"
#include "tests/race/trial.hpp"
#include "tests/support/subprocess.hpp"

namespace afio::testing {

/// Judges a run of a copier, which has touched nothing outside and nothing of the tree.
verdict judge_copy(const trial& t, const ending& run);

} // namespace afio::testing
