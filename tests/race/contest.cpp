// Puts any program through the races of this folder: what the comparison with others says was
// seen so.
//
//   contest removes|copies|updates|dedupes [target:]KIND:DEPTH[:BACK_AFTER] COMMAND [ARGUMENT…]
//   contest watch copies|updates COMMAND [ARGUMENT…]
//
// The tree, and a copy's name, are added to the arguments. KIND is as swap_kind has it. Prints one
// line, and the first thing that a tool of this project may not do.
#include "tests/race/explorer.hpp"
#include "tests/race/watch.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace afio::testing;

const std::map<std::string, task> tasks = {{"removes", task::removes},
                                           {"copies", task::copies},
                                           {"updates", task::updates},
                                           {"dedupes", task::dedupes}};

const std::map<std::string, swap_kind> kinds = {
    {"directory_symlink_absolute", swap_kind::directory_symlink_absolute},
    {"directory_other", swap_kind::directory_other},
    {"directory_mount", swap_kind::directory_mount},
    {"file_symlink", swap_kind::file_symlink},
    {"file_edited", swap_kind::file_edited}};

swap_plan plan_from(std::string text) {
  constexpr std::string_view of_target = "target:";
  const side where = text.starts_with(of_target) ? side::target : side::source;
  if (where == side::target) text.erase(0, of_target.size());
  std::istringstream words(text);
  std::string kind, depth, back_after;
  std::getline(words, kind, ':');
  std::getline(words, depth, ':');
  std::getline(words, back_after, ':');
  return {kinds.at(kind), std::stoi(depth), back_after.empty() ? 0 : std::stoi(back_after), where};
}

contender contender_from(const std::string& does, const std::vector<std::string>& command) {
  contender tool{std::filesystem::path(command.at(0)).filename(), command};
  tool.does = tasks.at(does);
  return tool;
}

int look(const contender& tool) {
  const auto seen = watch(tool);
  print_line(tool, seen);
  std::puts(seen.first_failure.c_str());
  return 0;
}

int race(const contender& tool, const swap_plan& plan) {
  const auto counted = explore(tool, plan);
  print_line(tool, plan, counted);
  std::puts(counted.first_failure.c_str());
  return 0;
}

int hold(const std::vector<std::string>& words) {
  if (words.size() < 3) {
    std::fputs("usage: contest TASK [target:]KIND:DEPTH[:BACK_AFTER] COMMAND [ARGUMENT...]\n"
               "       contest watch TASK COMMAND [ARGUMENT...]\n",
               stderr);
    return 2;
  }
  const std::vector<std::string> command(words.begin() + 2, words.end());
  if (words[0] == "watch") return look(contender_from(words[1], command));
  return race(contender_from(words[0], command), plan_from(words[1]));
}

} // namespace

int main(int argc, char** argv) {
  try {
    return hold({argv + 1, argv + argc});
  } catch (const std::exception& why) {
    std::fprintf(stderr, "contest: %s\n", why.what());
    return 2;
  }
}
