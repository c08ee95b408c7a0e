// Every call × every errno, once and from then on, and every kill, in each way that the tool can
// work. Takes minutes, and prints the counts.
#include "tests/faults/error_sweep.hpp"
#include "tests/faults/kill_sweep.hpp"
#include "tests/race/contenders.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

class LongFaults : public ::testing::Test {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
  }

  static void expect_no_failure(const contender& tool) {
    for (const auto how : {failing::once, failing::from_then_on}) {
      const auto counted = sweep_errors(tool, {.how = how});
      print_line(tool, counted);
      EXPECT_EQ(counted.failed(), 0U) << counted.failures;
    }
  }

  static void expect_documented_states(const contender& tool) {
    const contender reaper = afio_rmtree({"--reap"});
    const auto counted = sweep_kills(tool, &reaper);
    print_line(tool, counted);
    EXPECT_EQ(counted.failures, 0U) << counted.first_failures;
    EXPECT_EQ(counted.killed, counted.stops);
    EXPECT_EQ(counted.reaped, counted.stops);
    const auto reaping = sweep_reaper_kills(tool, reaper);
    print_line(reaper, reaping);
    EXPECT_EQ(reaping.failures, 0U) << reaping.first_failures;
    EXPECT_GT(reaping.killed, 0U);
  }
};

TEST_F(LongFaults, ErrorsInOneThread) { expect_no_failure(afio_rmtree()); }

TEST_F(LongFaults, ErrorsInTwoThreads) { expect_no_failure(afio_rmtree({"--threads=2"})); }

TEST_F(LongFaults, ErrorsWithAHiddenRoot) { expect_no_failure(afio_rmtree({"--hide"})); }

TEST_F(LongFaults, ErrorsWithAllOrNothing) { expect_no_failure(afio_rmtree({"--all-or-nothing"})); }

TEST_F(LongFaults, ErrorsWithForcedPermissions) {
  expect_no_failure(afio_rmtree({"--force-permissions"}));
}

TEST_F(LongFaults, Kills) { expect_documented_states(afio_rmtree()); }

TEST_F(LongFaults, KillsWithForcedPermissions) {
  expect_documented_states(afio_rmtree({"--force-permissions"}));
}

TEST_F(LongFaults, KillsWithAHiddenRoot) { expect_documented_states(afio_rmtree({"--hide"})); }

TEST_F(LongFaults, KillsWithAllOrNothing) {
  expect_documented_states(afio_rmtree({"--all-or-nothing"}));
}

} // namespace
} // namespace afio::testing
