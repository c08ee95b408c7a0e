// What becomes of that which a failed or killed tool leaves beside the root.
#pragma once

#include "tests/race/contenders.hpp"
#include "tests/race/scene.hpp"

#include <string>

namespace afio::testing {

/// Runs the reaper on that folder and says what is wrong then: it failed, it left something of the
/// pattern, or a tree that goes as a whole is neither whole nor gone. Empty if nothing is.
std::string wrong_after_reaping(const contender& tool, const contender& reaper, const scene& at);

} // namespace afio::testing
