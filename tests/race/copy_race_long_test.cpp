// Every stop of afio-cptree × every kind of swap × every depth × how soon it is undone, in the
// source and in the copy, in each way that the tool can work. Takes minutes, and prints the counts.
#include "tests/race/contenders.hpp"
#include "tests/race/race.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

class LongCopyRace : public race_fixture<::testing::TestWithParam<side>> {
protected:
  static void expect_no_failure(const contender& tool) {
    const tally sum = explore_all(tool, all_plans(GetParam()));
    EXPECT_EQ(sum.failures(), 0U) << sum.first_failure;
    EXPECT_GT(sum.dangerous, 0U);
  }
};

INSTANTIATE_TEST_SUITE_P(Sides, LongCopyRace, ::testing::Values(side::source, side::target),
                         [](const auto& one) {
                           return one.param == side::source ? "Source" : "Target";
                         });

TEST_P(LongCopyRace, ControlsFall) {
  const outcome how = GetParam() == side::source ? outcome::leaked : outcome::touched_outside;
  for (const auto& tool : {cp(task::copies), cp(task::merges), copytree(task::copies)}) {
    EXPECT_GT(explore_all(tool, all_plans(GetParam())).with(how), 0U) << tool.name;
  }
}

TEST_P(LongCopyRace, NewCopy) { expect_no_failure(afio_cptree()); }

TEST_P(LongCopyRace, NewCopyByTwoThreads) { expect_no_failure(afio_cptree({"--threads=2"})); }

TEST_P(LongCopyRace, Move) { expect_no_failure(afio_mvtree()); }

TEST_P(LongCopyRace, MergedCopy) { expect_no_failure(afio_cptree({"--merge"})); }

TEST_P(LongCopyRace, MergedCopyByTwoThreads) {
  expect_no_failure(afio_cptree({"--merge", "--threads=2"}));
}

} // namespace
} // namespace afio::testing
