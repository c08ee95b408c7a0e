// What becomes of that which a failed or killed tool leaves beside the root.
#pragma once

#include "tests/race/contenders.hpp"
#include "tests/race/scene.hpp"

#include <string>

namespace afio::testing {

/// Runs the reaper on that folder and says what is wrong then: it failed, it left something of the
/// pattern, or a tree that goes as a whole is neither whole nor gone. Empty if nothing is.
std::string wrong_after_reaping(const contender& tool, const contender& reaper, const scene& at);

/// Runs the reaper wherever a tool that copies or moves has left something of the pattern, and then
/// that tool, where it has that with --merge, and says what is wrong after that: one of them
/// failed, the copy is not complete, or what was moved is still there.
std::string wrong_after_second_run(const contender& tool, const contender& reaper, const scene& at);

} // namespace afio::testing
