// Every stop of afio-dedupe, with the tree changed under it right there: nothing of outside is
// touched, and every name reads what it did. The controls come first, and among them is what people
// use for it now: a race that they survive would prove nothing.
#include "tests/race/contenders.hpp"
#include "tests/race/race.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

using enum swap_kind;

class DedupeControl : public race_fixture<::testing::TestWithParam<swap_plan>> {};

TEST_P(DedupeControl, Falls) {
  const tally counted = explore(link_by_paths(), GetParam());
  print_line(link_by_paths(), GetParam(), counted);
  EXPECT_GT(counted.with(outcome::touched_outside), 0U);
}

INSTANTIATE_TEST_SUITE_P(Races, DedupeControl,
                         ::testing::Values(swap_plan{directory_symlink_absolute, 1},
                                           swap_plan{directory_symlink_relative, 3},
                                           swap_plan{directory_other, 2}),
                         plan_of);

/// A tool, and what it falls by.
struct fall {
  contender (*control)();
  swap_plan plan;
  outcome how;
};

class DedupePeer : public race_fixture<::testing::TestWithParam<fall>> {};

TEST_P(DedupePeer, Falls) {
  const auto [control, plan, how] = GetParam();
  const tally counted = explore(control(), plan);
  print_line(control(), plan, counted);
  EXPECT_GT(counted.with(how), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Races, DedupePeer,
    ::testing::Values(fall{jdupes, {directory_symlink_absolute, 1}, outcome::touched_outside},
                      fall{rdfind, {directory_symlink_absolute, 1}, outcome::touched_outside},
                      fall{hardlink, {directory_symlink_absolute, 1}, outcome::touched_outside}),
    [](const auto& one) { return as_name(one.param.control().name); });

INSTANTIATE_TEST_SUITE_P(Edits, DedupePeer,
                         ::testing::Values(fall{jdupes, {file_edited, 2}, outcome::edit_lost},
                                           fall{rdfind, {file_edited, 2}, outcome::edit_lost},
                                           fall{hardlink, {file_edited, 3}, outcome::edit_lost}),
                         [](const auto& one) { return as_name(one.param.control().name); });

class DedupeRace : public race_fixture<::testing::TestWithParam<swap_plan>> {};

TEST_P(DedupeRace, NothingOfOutsideIsTouchedAndEveryNameReadsTheSame) {
  expect_unharmed(afio_dedupe(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Races, DedupeRace, ::testing::ValuesIn(plans_of_files_altered()), plan_of);

class DedupeEdit : public race_fixture<::testing::TestWithParam<swap_plan>> {};

// An editor who comes while the file is compared or replaced has to wait: those count.
TEST_P(DedupeEdit, IsKept) { expect_edits_kept(afio_dedupe(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(Races, DedupeEdit,
                         ::testing::Values(swap_plan{file_edited, 2}, swap_plan{file_edited, 3}),
                         plan_of);

} // namespace
} // namespace afio::testing
