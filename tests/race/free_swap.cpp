#include "tests/race/free_swap.hpp"

#include "tests/support/swapper.hpp"

#include <cstdio>

namespace afio::testing {
namespace {

constexpr int directories = 40;

// Every directory of the tree can become a symlink to its namesake outside.
std::string wide_tree() {
  std::string literal;
  for (int directory = 0; directory < directories; ++directory) {
    const std::string name = "d" + std::to_string(directory);
    literal += "d " + name + "\n";
    for (int file = 0; file < 25; ++file) {
      literal += "f " + name + "/inner/f" + std::to_string(file) + " 1\n";
      literal += "f " + name + "/f" + std::to_string(file) + " 1\n";
    }
  }
  return literal;
}

swapper::pairs symlinks_for(const scene& on) {
  swapper::pairs names;
  for (int directory = 0; directory < directories; ++directory) {
    const std::string name = "d" + std::to_string(directory);
    const auto below = directory % 2 == 0 ? name : name + "/inner";
    const auto link = on.park() / name;
    std::filesystem::create_symlink(on.outside() / below, link);
    names.emplace_back(on.root() / below, link);
  }
  return names;
}

verdict judge_free(const scene& at, const ending& run) {
  const auto touched = difference(at.outside_before(), manifest(at.outside()));
  if (!touched.empty()) return {outcome::touched_outside, touched};
  const census now = by_identity(manifest(at.folder()));
  if (const auto damage = damage_to_survivors(at, now); !damage.empty()) {
    return {outcome::damaged, damage};
  }
  return judge_ending(at, now, run);
}

} // namespace

std::uint64_t free_swaps::failures() const {
  std::uint64_t sum = 0;
  for (const auto& [what, count] : outcomes) sum += allowed(what) ? 0 : count;
  return sum;
}

free_swaps swap_freely(const contender& tool, std::uint64_t swaps) {
  free_swaps result;
  const std::string tree = wide_tree();
  while (result.swaps < swaps) {
    const scene at(tree);
    swapper swapping(symlinks_for(at));
    const ending run = afio::testing::run(to_delete(tool, at.root()), tool.time);
    swapping.stop();
    result.swaps += swapping.count();
    const verdict ended = judge_free(at, run);
    ++result.runs;
    ++result.outcomes[ended.what];
    if (!allowed(ended.what) && result.first_failure.empty()) {
      result.first_failure = std::string(name_of(ended.what)) + ": " + ended.detail;
    }
  }
  return result;
}

void print_line(const contender& tool, const free_swaps& counted) {
  std::printf("%-14s free swaps %llu, runs %llu |", tool.name.c_str(),
              static_cast<unsigned long long>(counted.swaps),
              static_cast<unsigned long long>(counted.runs));
  for (const auto& [what, count] : counted.outcomes) {
    std::printf(" %s %llu", name_of(what), static_cast<unsigned long long>(count));
  }
  std::printf("\n");
}

} // namespace afio::testing
