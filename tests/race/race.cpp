#include "tests/race/race.hpp"

#include "tests/support/mounts.hpp"
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

} // namespace afio::testing
