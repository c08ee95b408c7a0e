// Every stop of afio-hardlinks, with the tree changed under it right there: nothing of outside is
// told. The control comes first: a race that it survives would prove nothing.
#include "tests/race/contenders.hpp"
#include "tests/race/race.hpp"
#include "tests/support/pace.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

using enum swap_kind;

class ListControl : public race_fixture<::testing::TestWithParam<swap_plan>> {};

TEST_P(ListControl, Falls) {
  const tally counted = explore(walk_by_paths(), GetParam());
  print_line(walk_by_paths(), GetParam(), counted);
  EXPECT_GT(counted.with(outcome::leaked), 0U);
}

INSTANTIATE_TEST_SUITE_P(Races, ListControl,
                         ::testing::Values(swap_plan{directory_symlink_absolute, 2},
                                           swap_plan{directory_other, 2},
                                           swap_plan{directory_mount, 2}, swap_plan{file_mount, 2}),
                         plan_of);

class ListRace : public race_fixture<::testing::TestWithParam<swap_plan>> {};

TEST_P(ListRace, NothingOfOutsideIsTold) {
  const contender tool = afio_hardlinks();
  const tally counted = explore(tool, GetParam(), quick_step(2));
  print_line(tool, GetParam(), counted);
  EXPECT_EQ(counted.failures(), 0U) << counted.first_failure;
  EXPECT_GT(counted.dangerous, 0U);
}

// Not the root itself for a symlink: a TREE that is one is followed.
INSTANTIATE_TEST_SUITE_P(
    Races, ListRace,
    ::testing::Values(swap_plan{directory_symlink_absolute, 1},
                      swap_plan{directory_symlink_absolute, 2},
                      swap_plan{directory_symlink_absolute, 2, 1},
                      swap_plan{directory_symlink_relative, 1, 2}, swap_plan{directory_other, 2},
                      swap_plan{directory_other, 3, 1}, swap_plan{directory_file, 2},
                      swap_plan{directory_fifo, 2}, swap_plan{file_symlink, 2},
                      swap_plan{directory_mount, 2}, swap_plan{file_mount, 2},
                      swap_plan{moved_out, 2}, swap_plan{root_moved}, swap_plan{parent_symlink}),
    plan_of);

} // namespace
} // namespace afio::testing
