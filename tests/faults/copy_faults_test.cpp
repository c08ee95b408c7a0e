// Every system call of afio-cptree, afio-mvtree and afio-update fails, and at every one it is
// killed: the part that is quick.
#include "tests/faults/error_sweep.hpp"
#include "tests/faults/kill_sweep.hpp"
#include "tests/race/contenders.hpp"
#include "tests/support/pace.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

class CopyFaults : public ::testing::Test {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
  }

  static void expect_no_failure(const contender& tool, error_sweep how) {
    how.step *= quick_step(11);
    const auto counted = sweep_errors(tool, how);
    print_line(tool, counted);
    EXPECT_EQ(counted.failed(), 0U) << counted.failures;
    EXPECT_GT(counted.reactions.at(reaction::reported), 0U);
    EXPECT_GT(counted.reactions.at(reaction::coped), 0U);
  }

  static void expect_old_or_new(const contender& tool, std::uint64_t step) {
    const contender reaper = afio_rmtree({"--reap"});
    const auto counted = sweep_kills(tool, &reaper, step * quick_step(7));
    print_line(tool, counted);
    EXPECT_EQ(counted.failures, 0U) << counted.first_failures;
    EXPECT_EQ(counted.killed, counted.runs);
    EXPECT_EQ(counted.reaped, counted.runs);
    EXPECT_GT(counted.untouched, 0U);
    EXPECT_LT(counted.untouched, counted.runs);
    EXPECT_GT(counted.set_aside, 0U);
  }
};

TEST_F(CopyFaults, TheControlLeavesHalfAFileWhenItIsKilled) {
  const auto counted = sweep_kills(cp(task::merges), nullptr, quick_step(3));
  print_line(cp(task::merges), counted);
  EXPECT_GT(counted.failures, 0U);
  EXPECT_EQ(counted.killed, counted.runs);
}

TEST_F(CopyFaults, TheControlLeavesHalfAFileWhenACallFails) {
  const auto counted =
      sweep_errors(cp(task::merges), {.step = 29, .streams = supervision::streams::stopped_at});
  print_line(cp(task::merges), counted);
  EXPECT_GT(counted.reactions.at(reaction::half_done), 0U);
}

TEST_F(CopyFaults, ErrorsInANewCopy) {
  expect_no_failure(afio_cptree(), {.step = 5, .streams = supervision::streams::stopped_at});
}

TEST_F(CopyFaults, ErrorsInAMerge) {
  expect_no_failure(afio_cptree({"--merge"}),
                    {.step = 7, .streams = supervision::streams::stopped_at});
}

TEST_F(CopyFaults, ErrorsInATreeOfHardLinks) {
  expect_no_failure(afio_cptree({"--link=hard"}),
                    {.step = 3, .streams = supervision::streams::stopped_at});
}

TEST_F(CopyFaults, ErrorsInACopyWithSymlinksFixed) {
  expect_no_failure(afio_cptree({"--fix-symlinks"}),
                    {.step = 11, .streams = supervision::streams::stopped_at});
}

TEST_F(CopyFaults, ErrorsInAMoveToAnotherFileSystem) {
  expect_no_failure(afio_mvtree(), {.step = 11, .streams = supervision::streams::stopped_at});
}

TEST_F(CopyFaults, ErrorsInAnUpdate) {
  expect_no_failure(afio_update(), {.step = 11, .streams = supervision::streams::stopped_at});
}

TEST_F(CopyFaults, AKillOfAnUpdateLosesNoName) { expect_old_or_new(afio_update(), 2); }

TEST_F(CopyFaults, TheControlLeavesHalfAFileWhenItIsKilledMoving) {
  const auto counted = sweep_kills(mv(), nullptr, quick_step(3));
  print_line(mv(), counted);
  EXPECT_GT(counted.failures, 0U);
}

TEST_F(CopyFaults, AKillOfAMoveLosesNothing) { expect_old_or_new(afio_mvtree(), 3); }

TEST_F(CopyFaults, AKillLeavesNoPartOfANewCopy) { expect_old_or_new(afio_cptree(), 2); }

TEST_F(CopyFaults, AKillLeavesEachNameOfAMergeOldOrNew) {
  expect_old_or_new(afio_cptree({"--merge"}), 2);
}

} // namespace
} // namespace afio::testing
