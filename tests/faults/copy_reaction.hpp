// How a tool that copies or moves may take a call that failed.
#pragma once

#include "tests/faults/incident.hpp"
#include "tests/race/scene.hpp"
#include "tests/support/supervisor.hpp"

namespace afio::testing {

finding judge_copy(const contender& tool, const scene& at, const supervised& run,
                   const incident& what, failing how);

} // namespace afio::testing
