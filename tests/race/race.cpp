#include "tests/race/race.hpp"

#include "tests/support/mounts.hpp"
#include "tests/support/pace.hpp"
#include "tests/support/supervisor.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace afio::testing {
namespace {

using enum swap_kind;

struct depths {
  swap_kind kind;
  int first, last;
};

constexpr depths all_kinds[] = {
    {directory_symlink_absolute, 0, 3},
    {directory_symlink_relative, 0, 3},
    {directory_other, 0, 3},
    {directory_file, 0, 3},
    {directory_fifo, 0, 3},
    {file_symlink, 1, 3},
    {moved_out, 1, 3},
    {root_moved, 0, 0},
    {parent_symlink, 0, 0},
    {directory_mount, 1, 3},
    {file_mount, 1, 3},
};

void add(tally& sum, const tally& counted) {
  sum.runs += counted.runs;
  sum.applied += counted.applied;
  sum.dangerous += counted.dangerous;
  sum.kept_out += counted.kept_out;
  sum.stops = std::max(sum.stops, counted.stops);
  for (const auto& [what, count] : counted.outcomes) sum.outcomes[what] += count;
  sum.first_failure += counted.first_failure;
}

} // namespace

std::string no_races() {
  const auto reason = no_supervision();
  return reason.empty() ? no_mounts() : reason;
}

std::vector<swap_plan> all_plans(side where, int most_back_after) {
  std::vector<swap_plan> plans;
  for (const auto& [kind, first, last] : all_kinds) {
    for (int depth = first; depth <= last; ++depth) {
      for (int back_after = 0; back_after <= most_back_after; ++back_after)
        plans.push_back({kind, depth, back_after, where});
    }
  }
  return plans;
}

// Not the root itself for a symlink: one that is given is followed, or refused.
std::vector<swap_plan> plans_of_files_altered() {
  return {{directory_symlink_absolute, 1},
          {directory_symlink_absolute, 2, 1},
          {directory_symlink_relative, 3},
          {directory_other, 1},
          {directory_other, 2, 2},
          {directory_file, 2},
          {directory_fifo, 2},
          {file_symlink, 1},
          {file_symlink, 3, 1},
          {directory_mount, 2},
          {file_mount, 2},
          {moved_out, 2},
          {root_moved},
          {parent_symlink}};
}

namespace {

tally explored(const contender& tool, const swap_plan& plan) {
  tally counted = explore(tool, plan, quick_step(7));
  print_line(tool, plan, counted);
  EXPECT_EQ(counted.failures(), 0U) << counted.first_failure;
  return counted;
}

} // namespace

void expect_unharmed(const contender& tool, const swap_plan& plan) {
  EXPECT_GT(explored(tool, plan).dangerous, 0U);
}

void expect_edits_kept(const contender& tool, const swap_plan& plan) {
  const tally counted = explored(tool, plan);
  EXPECT_GT(counted.kept_out, 0U);
  EXPECT_GT(counted.dangerous, counted.kept_out);
}

tally explore_all(const contender& tool, const std::vector<swap_plan>& plans) {
  tally sum;
  for (const swap_plan& plan : plans) {
    const tally counted = explore(tool, plan);
    print_line(tool, plan, counted);
    add(sum, counted);
  }
  std::printf("%s: %llu runs, %llu swaps, %llu at a dangerous moment, %llu failures\n",
              tool.name.c_str(), static_cast<unsigned long long>(sum.runs),
              static_cast<unsigned long long>(sum.applied),
              static_cast<unsigned long long>(sum.dangerous),
              static_cast<unsigned long long>(sum.failures()));
  return sum;
}

std::string as_name(const std::string& text) {
  std::string name;
  for (const char letter : text) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) name += letter;
    if (letter == ' ') name += '_';
  }
  return name;
}

std::string plan_of(const ::testing::TestParamInfo<swap_plan>& one) {
  return as_name(print(one.param));
}

} // namespace afio::testing
