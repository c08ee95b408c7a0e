// Every call × every errno, once and from then on, and every kill, in each way that afio-cptree and
// afio-mvtree can work. Takes minutes, and prints the counts.
#include "tests/faults/error_sweep.hpp"
#include "tests/faults/kill_sweep.hpp"
#include "tests/race/contenders.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace afio::testing {
namespace {

class LongCopyFaults : public ::testing::Test {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
  }

  static void expect_no_failure(const contender& tool, std::initializer_list<failing> hows = {
                                                           failing::once, failing::from_then_on}) {
    for (const auto how : hows) {
      const auto counted =
          sweep_errors(tool, {.how = how, .streams = supervision::streams::stopped_at});
      print_line(tool, counted);
      EXPECT_EQ(counted.failed(), 0U) << counted.failures;
    }
  }

  static void expect_old_or_new(const contender& tool) {
    const contender reaper = afio_rmtree({"--reap"});
    const auto counted = sweep_kills(tool, &reaper);
    print_line(tool, counted);
    EXPECT_EQ(counted.failures, 0U) << counted.first_failures;
    EXPECT_EQ(counted.killed, counted.stops);
    EXPECT_EQ(counted.reaped, counted.stops);
  }
};

TEST_F(LongCopyFaults, ErrorsInANewCopy) { expect_no_failure(afio_cptree()); }

TEST_F(LongCopyFaults, ErrorsInAMerge) { expect_no_failure(afio_cptree({"--merge"})); }

TEST_F(LongCopyFaults, ErrorsInADurableMerge) {
  expect_no_failure(afio_cptree({"--merge", "--sync=all", "--verify"}));
}

TEST_F(LongCopyFaults, ErrorsWithAllOrNothing) {
  expect_no_failure(afio_cptree({"--all-or-nothing"}));
}

/// Once each: where every open says EXDEV, all directories are mount points, which are left out.
TEST_F(LongCopyFaults, ErrorsInATreeOfHardLinks) {
  expect_no_failure(afio_cptree({"--link=hard"}), {failing::once});
  expect_no_failure(afio_cptree({"--merge", "--link=hard"}), {failing::once});
}

TEST_F(LongCopyFaults, ErrorsInACopyWithSymlinksFixed) {
  expect_no_failure(afio_cptree({"--fix-symlinks"}));
}

TEST_F(LongCopyFaults, ErrorsInAMove) { expect_no_failure(afio_mvtree()); }

TEST_F(LongCopyFaults, ErrorsInAnUpdate) {
  expect_no_failure(afio_update());
  expect_no_failure(afio_update({"--compare=content", "--sync=all"}));
}

TEST_F(LongCopyFaults, KillsOfAnUpdate) { expect_old_or_new(afio_update()); }

TEST_F(LongCopyFaults, KillsOfAMove) { expect_old_or_new(afio_mvtree()); }

TEST_F(LongCopyFaults, KillsOfANewCopy) { expect_old_or_new(afio_cptree()); }

TEST_F(LongCopyFaults, KillsOfAMerge) { expect_old_or_new(afio_cptree({"--merge"})); }

TEST_F(LongCopyFaults, KillsOfADurableMerge) {
  expect_old_or_new(afio_cptree({"--merge", "--sync=all"}));
}

} // namespace
} // namespace afio::testing
