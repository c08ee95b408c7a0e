// Every stop of afio-cptree and afio-mvtree × every kind of swap × every depth, in the source and
// in the copy, in each way that the tools can work; in one thread × how soon it is undone, too.
// Takes minutes, and prints the counts.
#include "tests/race/contenders.hpp"
#include "tests/race/race.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

class LongCopyRace : public race_fixture<::testing::TestWithParam<side>> {
protected:
  static void expect_no_failure(const contender& tool, int most_back_after) {
    const tally sum = explore_all(tool, all_plans(GetParam(), most_back_after));
    EXPECT_EQ(sum.failures(), 0U) << sum.first_failure;
    EXPECT_GT(sum.dangerous, 0U);
  }
};

class LongMoveRace : public race_fixture<> {};

INSTANTIATE_TEST_SUITE_P(Sides, LongCopyRace, ::testing::Values(side::source, side::target),
                         [](const auto& one) {
                           return one.param == side::source ? "Source" : "Target";
                         });

TEST_P(LongCopyRace, ControlsFall) {
  const outcome how = GetParam() == side::source ? outcome::leaked : outcome::touched_outside;
  for (const auto& tool : {cp(task::copies), cp(task::merges), copytree(task::copies)}) {
    EXPECT_GT(explore_all(tool, all_plans(GetParam(), 0)).with(how), 0U) << tool.name;
  }
}

TEST_P(LongCopyRace, NewCopy) { expect_no_failure(afio_cptree(), 3); }

TEST_P(LongCopyRace, NewCopyByTwoThreads) { expect_no_failure(afio_cptree({"--threads=2"}), 0); }

TEST_P(LongCopyRace, MergedCopy) { expect_no_failure(afio_cptree({"--merge"}), 3); }

TEST_P(LongCopyRace, MergedCopyByTwoThreads) {
  expect_no_failure(afio_cptree({"--merge", "--threads=2"}), 0);
}

TEST_P(LongCopyRace, UpdatedCopy) { expect_no_failure(afio_update(), 3); }

TEST_P(LongCopyRace, UpdatedCopyByTwoThreads) {
  expect_no_failure(afio_update({"--threads=2"}), 0);
}

// Nothing of the scene can be exchanged with what is on the other file system.
TEST_F(LongMoveRace, Source) {
  const tally sum = explore_all(afio_mvtree(), all_plans(side::source));
  EXPECT_EQ(sum.failures(), 0U) << sum.first_failure;
  EXPECT_GT(sum.dangerous, 0U);
}

} // namespace
} // namespace afio::testing
