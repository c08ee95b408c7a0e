// Every stop of afio-holes punch, with the tree changed under it right there: nothing of outside is
// punched, and nothing reads otherwise. What people use for it now comes first: a race that it
// survives would prove nothing.
#include "tests/race/contenders.hpp"
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

INSTANTIATE_TEST_SUITE_P(Races, PunchControl,
                         ::testing::Values(swap_plan{directory_symlink_absolute, 1},
                                           swap_plan{directory_other, 2},
                                           swap_plan{file_symlink, 1}, swap_plan{file_mount, 2},
                                           swap_plan{file_edited, 2}),
                         plan_of);

class PunchRace : public race_fixture<::testing::TestWithParam<swap_plan>> {};

TEST_P(PunchRace, NothingOfOutsideIsPunchedAndEveryNameReadsTheSame) {
  expect_unharmed(afio_holes_punch(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Races, PunchRace, ::testing::ValuesIn(plans_of_files_altered()), plan_of);

class PunchEdit : public race_fixture<::testing::TestWithParam<swap_plan>> {};

// An editor who comes while a hole is made has to wait: those count.
TEST_P(PunchEdit, IsKept) { expect_edits_kept(afio_holes_punch(), GetParam()); }

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
