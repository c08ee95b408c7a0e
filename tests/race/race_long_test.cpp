// Every stop of afio-rmtree × every kind of swap × every depth × how soon it is undone, in each way
// that the tool can work. Takes minutes, and prints the counts.
#include "tests/race/contenders.hpp"
#include "tests/race/free_swap.hpp"
#include "tests/race/race.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

class LongRace : public race_fixture<> {
protected:
  static void expect_no_failure(const contender& tool) {
    const tally sum = explore_all(tool, all_plans());
    EXPECT_EQ(sum.failures(), 0U) << sum.first_failure;
    EXPECT_GT(sum.dangerous, 0U);
  }
};

TEST_F(LongRace, ControlsFall) {
  for (const char* name : {"path", "nftw", "chdir", "openat", "chmod"}) {
    EXPECT_GT(explore_all(naive(name), all_plans()).with(outcome::touched_outside), 0U) << name;
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
