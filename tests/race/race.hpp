// What the tests of races have in common: when they can run, their plans, their names.
#pragma once

#include "tests/race/explorer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace afio::testing {

/// Why races can't be tested on this machine; empty if they can.
std::string no_races();

/// For tests that skip where there are no filters or no mounts.
template <class Base = ::testing::Test>
class race_fixture : public Base {
protected:
  void SetUp() override {
    if (const auto reason = no_races(); !reason.empty()) GTEST_SKIP() << reason;
  }
};

/// Every kind of swap × every depth × how soon it is undone: never, or after one to so many stops.
std::vector<swap_plan> all_plans(side where = side::source, int most_back_after = 3);

/// Of each kind one or two, for tools that alter files of a tree in place.
std::vector<swap_plan> plans_of_files_altered();

/// Expects that nothing fails at any stop that the pace allows, and that some could.
void expect_unharmed(const contender& tool, const swap_plan& plan);
/// The same of an edit, and that some editor had to wait.
void expect_edits_kept(const contender& tool, const swap_plan& plan);

/// All of these with one tool: the sum, and a line for each.
tally explore_all(const contender& tool, const std::vector<swap_plan>& plans);

/// What a test's name may consist of.
std::string as_name(const std::string& text);
std::string plan_of(const ::testing::TestParamInfo<swap_plan>& one);

} // namespace afio::testing
