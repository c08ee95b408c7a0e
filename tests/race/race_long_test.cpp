// Every stop of afio-rmtree × every kind of swap × every depth × how soon it is undone, in each way
// that the tool can work. Takes minutes, and prints the counts.
#include "tests/race/contenders.hpp"
#include "tests/race/explorer.hpp"
#include "tests/race/free_swap.hpp"
#include "tests/support/mounts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace afio::testing {
namespace {

using enum swap_kind;

struct depths {
  swap_kind kind;
  int first, last;
};

constexpr depths all_kinds[] = {
    {directory_symlink_absolute, 0, 3},
    {directory_symlink_relative, 0, 3},
    {directory_other, 0, 3},
    {directory_file, 0, 3},
    {directory_fifo, 0, 3},
    {file_symlink, 1, 3},
    {moved_out, 1, 3},
    {root_moved, 0, 0},
    {parent_symlink, 0, 0},
    {directory_mount, 1, 3},
    {file_mount, 1, 3},
};

std::vector<swap_plan> all_plans() {
  std::vector<swap_plan> plans;
  for (const auto& [kind, first, last] : all_kinds) {
    for (int depth = first; depth <= last; ++depth) {
      for (int back_after = 0; back_after <= 3; ++back_after)
        plans.push_back({kind, depth, back_after});
    }
  }
  return plans;
}

// All plans with one tool: the sum, and a line for each.
tally explore_all(const contender& tool) {
  tally sum;
  for (const swap_plan& plan : all_plans()) {
    const tally counted = explore(tool, plan);
    print_line(tool, plan, counted);
    sum.runs += counted.runs;
    sum.applied += counted.applied;
    sum.dangerous += counted.dangerous;
    sum.stops = std::max(sum.stops, counted.stops);
    for (const auto& [what, count] : counted.outcomes) sum.outcomes[what] += count;
    sum.first_failure += counted.first_failure;
  }
  std::printf("%s: %llu runs, %llu swaps, %llu at a dangerous moment, %llu failures\n",
              tool.name.c_str(), static_cast<unsigned long long>(sum.runs),
              static_cast<unsigned long long>(sum.applied),
              static_cast<unsigned long long>(sum.dangerous),
              static_cast<unsigned long long>(sum.failures()));
  return sum;
}

class LongRace : public ::testing::Test {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
    if (const auto reason = no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  }

  static void expect_no_failure(const contender& tool) {
    const tally sum = explore_all(tool);
    EXPECT_EQ(sum.failures(), 0U) << sum.first_failure;
    EXPECT_GT(sum.dangerous, 0U);
  }
};

TEST_F(LongRace, ControlsFall) {
  for (const char* name : {"path", "nftw", "chdir", "openat", "chmod"}) {
    EXPECT_GT(explore_all(naive(name)).with(outcome::touched_outside), 0U) << name;
  }
}

TEST_F(LongRace, OneThread) { expect_no_failure(afio_rmtree()); }

TEST_F(LongRace, TwoThreads) { expect_no_failure(afio_rmtree({"--threads=2"})); }

TEST_F(LongRace, HiddenRoot) { expect_no_failure(afio_rmtree({"--hide"})); }

TEST_F(LongRace, AllOrNothing) { expect_no_failure(afio_rmtree({"--all-or-nothing"})); }

TEST_F(LongRace, ForcedPermissions) { expect_no_failure(afio_rmtree({"--force-permissions"})); }

TEST(LongFreeSwap, TheControlFalls) {
  const auto counted = swap_freely(naive("path"), 1'000'000);
  print_line(naive("path"), counted);
  EXPECT_GT(counted.outcomes.at(outcome::touched_outside), 0U);
}

TEST(LongFreeSwap, NothingOutsideIsTouchedInAMillionSwaps) {
  for (const char* threads : {"--threads=1", "--threads=2"}) {
    const auto tool = afio_rmtree({threads});
    const auto counted = swap_freely(tool, 1'000'000);
    print_line(tool, counted);
    EXPECT_EQ(counted.failures(), 0U) << counted.first_failure;
  }
}

} // namespace
} // namespace afio::testing
