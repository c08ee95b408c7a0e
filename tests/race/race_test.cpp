// Every stop of afio-rmtree, with the tree changed under it right there: the part that is quick.
// The controls come first: a race that they survive would prove nothing.
#include "tests/race/contenders.hpp"
#include "tests/race/free_swap.hpp"
#include "tests/race/race.hpp"
#include "tests/support/pace.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

struct fall {
  const char* control;
  swap_plan plan;
  outcome how;
};

class Control : public race_fixture<::testing::TestWithParam<fall>> {};

TEST_P(Control, Falls) {
  const auto [control, plan, how] = GetParam();
  const contender tool = naive(control);
  const tally counted = explore(tool, plan);
  print_line(tool, plan, counted);
  EXPECT_GT(counted.with(how), 0U);
  EXPECT_GT(counted.dangerous, 0U);
}

using enum swap_kind;

INSTANTIATE_TEST_SUITE_P(
    Races, Control,
    ::testing::Values(fall{"path", {directory_symlink_absolute, 2}, outcome::touched_outside},
                      fall{"path", {directory_symlink_relative, 2}, outcome::touched_outside},
                      fall{"path", {directory_symlink_absolute, 2, 2}, outcome::touched_outside},
                      fall{"nftw", {directory_symlink_absolute, 2}, outcome::touched_outside},
                      fall{"nftw", {parent_symlink}, outcome::touched_outside},
                      fall{"openat", {directory_other, 2}, outcome::touched_outside},
                      fall{"openat", {directory_fifo, 2}, outcome::hung},
                      fall{"openat", {directory_mount, 2}, outcome::touched_outside},
                      fall{"chmod", {file_mount, 2}, outcome::touched_outside},
                      fall{"chmod", {file_symlink, 2}, outcome::touched_outside},
                      fall{"chmod", {directory_file, 2}, outcome::damaged},
                      fall{"chdir", {moved_out, 2}, outcome::touched_outside},
                      fall{"chdir", {root_moved}, outcome::touched_outside}),
    [](const auto& one) { return as_name(one.param.control + (" " + print(one.param.plan))); });

class Race : public race_fixture<::testing::TestWithParam<swap_plan>> {};

TEST_P(Race, LeavesWhatIsOutsideAndTellsTheTruth) {
  const contender tool = afio_rmtree();
  const tally counted = explore(tool, GetParam(), quick_step(2));
  print_line(tool, GetParam(), counted);
  EXPECT_EQ(counted.failures(), 0U) << counted.first_failure;
  EXPECT_GT(counted.dangerous, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Races, Race,
    ::testing::Values(swap_plan{directory_symlink_absolute, 0},
                      swap_plan{directory_symlink_absolute, 2},
                      swap_plan{directory_symlink_absolute, 2, 1},
                      swap_plan{directory_symlink_relative, 2}, swap_plan{directory_other, 0},
                      swap_plan{directory_other, 2}, swap_plan{directory_other, 2, 2},
                      swap_plan{directory_file, 2}, swap_plan{directory_fifo, 2},
                      swap_plan{file_symlink, 2}, swap_plan{directory_mount, 2},
                      swap_plan{file_mount, 2}, swap_plan{moved_out, 2}, swap_plan{root_moved},
                      swap_plan{parent_symlink}),
    plan_of);

TEST(FreeSwap, TheControlFalls) {
  free_swaps counted;
  // It falls in one run of a few; on a machine with much to do, of more.
  for (int attempt = 0; attempt < 50 && counted.failures() == 0; ++attempt)
    counted = swap_freely(naive("path"), 20'000);
  print_line(naive("path"), counted);
  EXPECT_GT(counted.failures(), 0U);
}

TEST(FreeSwap, NothingOutsideIsTouchedInTwentyThousandSwaps) {
  const auto tool = afio_rmtree({"--threads=2"});
  const auto counted = swap_freely(tool, 20'000);
  print_line(tool, counted);
  EXPECT_EQ(counted.failures(), 0U) << counted.first_failure;
}

} // namespace
} // namespace afio::testing
