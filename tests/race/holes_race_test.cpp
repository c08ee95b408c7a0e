// Every stop of afio-holes punch, with the tree changed under it right there: nothing of outside is
// punched, and nothing reads otherwise. What people use for it now comes first: a race that it
// survives would prove nothing.
#include "tests/race/contenders.hpp"
#include "tests/race/pace.hpp"
#include "tests/race/punch_judge.hpp"
#include "tests/race/race.hpp"
#include "tests/support/subprocess.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

using enum swap_kind;

class PunchControl : public race_fixture<::testing::TestWithParam<swap_plan>> {};

TEST_P(PunchControl, Falls) {
  const bool edits = GetParam().kind == file_edited;
  const tally counted = explore(dig_holes(), GetParam());
  print_line(dig_holes(), GetParam(), counted);
  EXPECT_GT(counted.with(edits ? outcome::edit_lost : outcome::touched_outside), 0U);
}

std::string plan_of(const ::testing::TestParamInfo<swap_plan>& one) {
  return as_name(print(one.param));
}

INSTANTIATE_TEST_SUITE_P(Races, PunchControl,
                         ::testing::Values(swap_plan{directory_symlink_absolute, 1},
                                           swap_plan{directory_other, 2},
                                           swap_plan{file_symlink, 1}, swap_plan{file_mount, 2},
                                           swap_plan{file_edited, 2}),
                         plan_of);

class PunchRace : public race_fixture<::testing::TestWithParam<swap_plan>> {};

TEST_P(PunchRace, NothingOfOutsideIsPunchedAndEveryNameReadsTheSame) {
  const contender tool = afio_holes_punch();
  const tally counted = explore(tool, GetParam(), quick_step(4));
  print_line(tool, GetParam(), counted);
  EXPECT_EQ(counted.failures(), 0U) << counted.first_failure;
  EXPECT_GT(counted.dangerous, 0U);
}

// Not the root itself for a symlink: a PATH that is one is followed.
INSTANTIATE_TEST_SUITE_P(
    Races, PunchRace,
    ::testing::Values(swap_plan{directory_symlink_absolute, 1},
                      swap_plan{directory_symlink_absolute, 2, 1},
                      swap_plan{directory_symlink_relative, 3}, swap_plan{directory_other, 1},
                      swap_plan{directory_other, 2, 2}, swap_plan{directory_file, 2},
                      swap_plan{directory_fifo, 2}, swap_plan{file_symlink, 1},
                      swap_plan{file_symlink, 3, 1}, swap_plan{directory_mount, 2},
                      swap_plan{file_mount, 2}, swap_plan{moved_out, 2}, swap_plan{root_moved},
                      swap_plan{parent_symlink}),
    plan_of);

class PunchEdit : public race_fixture<::testing::TestWithParam<swap_plan>> {};

// An editor who comes while a hole is made has to wait: those count.
TEST_P(PunchEdit, IsKept) {
  const contender tool = afio_holes_punch();
  const tally counted = explore(tool, GetParam(), quick_step(4));
  print_line(tool, GetParam(), counted);
  EXPECT_EQ(counted.failures(), 0U) << counted.first_failure;
  EXPECT_GT(counted.kept_out, 0U);
  EXPECT_GT(counted.dangerous, counted.kept_out);
}

INSTANTIATE_TEST_SUITE_P(Races, PunchEdit,
                         ::testing::Values(swap_plan{file_edited, 1}, swap_plan{file_edited, 3}),
                         plan_of);

// Who does nothing survives every race.
TEST(Punch, UndisturbedItPunchesEveryFile) {
  const contender tool = afio_holes_punch();
  const scene calm = scene_for(tool);
  const auto end = run(command(tool, calm));
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  for (const auto& [path, entry] : calm.tree_before().entries) {
    if (entry.type != 'f') continue;
    EXPECT_LT(room_of(calm.root() / path), entry.size) << path;
  }
}

} // namespace
} // namespace afio::testing
