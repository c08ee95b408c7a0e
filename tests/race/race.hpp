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

/// All of these with one tool: the sum, and a line for each.
tally explore_all(const contender& tool, const std::vector<swap_plan>& plans);

/// What a test's name may consist of.
std::string as_name(const std::string& text);

} // namespace afio::testing
