// Every system call of afio-rmtree fails, and at every one it is killed: the part that is quick.
#include "tests/faults/error_sweep.hpp"
#include "tests/faults/kill_sweep.hpp"
#include "tests/race/contenders.hpp"
#include "tests/support/pace.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

class Faults : public ::testing::Test {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
  }

  static void expect_no_failure(const contender& tool, error_sweep how = {}) {
    how.step *= quick_step(7);
    const auto counted = sweep_errors(tool, how);
    print_line(tool, counted);
    EXPECT_EQ(counted.failed(), 0U) << counted.failures;
    EXPECT_GT(counted.reactions.at(reaction::reported), 0U);
  }

  /// What a kill of `tool` leaves aside: under the documented pattern, or nothing ever.
  enum class aside { sometimes, never };

  static void expect_documented_states(const contender& tool, aside leaves = aside::sometimes) {
    const contender reaper = afio_rmtree({"--reap"});
    const auto counted = sweep_kills(tool, &reaper, quick_step(3));
    print_line(tool, counted);
    EXPECT_EQ(counted.failures, 0U) << counted.first_failures;
    EXPECT_EQ(counted.killed, counted.runs);
    EXPECT_EQ(counted.reaped, counted.runs);
    EXPECT_GT(counted.untouched, 0U);
    EXPECT_LT(counted.untouched, counted.runs);
    EXPECT_EQ(counted.set_aside > 0, leaves == aside::sometimes) << counted.set_aside;
  }
};

TEST_F(Faults, TheControlMistakesErrorsForSuccess) {
  const auto counted = sweep_errors(naive("path"), {.step = quick_step(5)});
  print_line(naive("path"), counted);
  EXPECT_GT(counted.failed(), 0U);
}

TEST_F(Faults, TheControlIsFoundToDamageWhatSurvivesAKill) {
  const auto counted = sweep_kills(naive("chmod"));
  print_line(naive("chmod"), counted);
  EXPECT_GT(counted.failures, 0U);
  EXPECT_EQ(counted.killed, counted.runs);
}

TEST_F(Faults, EachErrorIsNamedAndKeepsNothingElse) { expect_no_failure(afio_rmtree()); }

TEST_F(Faults, ErrorsWhileTheRootIsHidden) {
  expect_no_failure(afio_rmtree({"--hide"}), {.step = 5});
}

TEST_F(Faults, ErrorsPutAllBackOrDeleteAll) {
  expect_no_failure(afio_rmtree({"--all-or-nothing"}), {.step = 5});
}

TEST_F(Faults, ErrorsThatStay) {
  expect_no_failure(afio_rmtree(), {.how = failing::from_then_on, .step = 5});
}

TEST_F(Faults, AKillLeavesWhatSurvivesAsItWas) {
  expect_documented_states(afio_rmtree(), aside::never);
}

TEST_F(Faults, AKillLeavesTheHiddenRootToTheReaper) {
  expect_documented_states(afio_rmtree({"--hide"}));
}

TEST_F(Faults, AKillLeavesAllOrNothingToTheReaper) {
  expect_documented_states(afio_rmtree({"--all-or-nothing"}));
}

} // namespace
} // namespace afio::testing
