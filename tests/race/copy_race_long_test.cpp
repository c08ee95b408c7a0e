// Every stop of afio-cptree, afio-mvtree, afio-update and afio-clone × every kind of swap × every
// depth, in the source, in the copy and in what is older, in each way that the tools can work; in
// one thread × how soon it is undone, too.
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

class LongOlderRace : public race_fixture<::testing::TestWithParam<side>> {
protected:
  static std::vector<swap_plan> plans(const contender& tool, int most_back_after) {
    auto all = all_plans(GetParam(), most_back_after);
    // Whatever the path of a series leads to is the series.
    std::erase_if(all, [&](const swap_plan& plan) {
      return tool.does == task::continues_series && plan.where != side::source &&
             plan.kind == swap_kind::parent_symlink;
    });
    return all;
  }

  static void expect_no_failure(const contender& tool, int most_back_after) {
    const tally sum = explore_all(tool, plans(tool, most_back_after));
    EXPECT_EQ(sum.failures(), 0U) << sum.first_failure;
    EXPECT_GT(sum.dangerous, 0U);
  }
};

INSTANTIATE_TEST_SUITE_P(Sides, LongOlderRace,
                         ::testing::Values(side::source, side::older, side::target),
                         [](const auto& one) {
                           return one.param == side::source  ? "Source"
                                  : one.param == side::older ? "Older"
                                                             : "Target";
                         });

TEST_P(LongOlderRace, ControlsFall) {
  for (const auto& tool : {naive_clone(), naive_merge()})
    EXPECT_GT(explore_all(tool, plans(tool, 0)).failures(), 0U) << tool.name;
}

TEST_P(LongOlderRace, Clone) { expect_no_failure(afio_clone(), 2); }

TEST_P(LongOlderRace, CloneByTwoThreads) { expect_no_failure(afio_clone({"--threads=2"}), 0); }

TEST_P(LongOlderRace, CloneByContents) { expect_no_failure(afio_clone({"--compare=content"}), 0); }

TEST_P(LongOlderRace, Series) { expect_no_failure(afio_series(), 0); }

TEST_P(LongOlderRace, SeriesByTwoThreads) {
  expect_no_failure(afio_series({"--threads=2", "--compare=quick"}), 0);
}

TEST_P(LongOlderRace, MergedChanges) { expect_no_failure(afio_merge({"--conflict=source"}), 2); }

TEST_P(LongOlderRace, MergedChangesByTwoThreads) {
  expect_no_failure(afio_merge({"--threads=2", "--conflict=source"}), 0);
}

TEST_P(LongOlderRace, MergedChangesWithoutConflicts) { expect_no_failure(afio_merge(), 0); }

// Nothing of the scene can be exchanged with what is on the other file system.
TEST_F(LongMoveRace, Source) {
  const tally sum = explore_all(afio_mvtree(), all_plans(side::source));
  EXPECT_EQ(sum.failures(), 0U) << sum.first_failure;
  EXPECT_GT(sum.dangerous, 0U);
}

} // namespace
} // namespace afio::testing
