#include "tests/race/dedupe_judge.hpp"

#include <string>

namespace afio::testing {
namespace {

// Those of the tool's making, that it did not tell of.
std::string untold_names(const trial& t, const std::string& said) {
  std::string text;
  for (const auto& [place, inode] : t.names) {
    const std::string& name = place.second;
    const bool of_the_tool = name.starts_with(".afio-") || name.starts_with("afio-");
    // An adversary may have taken it from under such a name, and have put it back there.
    const bool put_back = t.plan.back_after != 0 && inode == t.done.victim();
    if (of_the_tool && !put_back && said.find(name) == std::string::npos)
      text += "left: " + name + "\n";
  }
  return text;
}

// A file of the tree that has got a name outside.
std::string names_outside(const trial& t, const census& tree) {
  std::string text;
  for (const auto& [place, inode] : t.names) {
    const auto above = t.before.find(place.first);
    if (above == t.before.end() || given_away(t, above->second)) continue;
    if (inode != t.done.victim() && tree.contains(inode))
      text += "linked: outside/" + above->second.path + "/" + place.second + "\n";
  }
  return text;
}

} // namespace

verdict judge_dedupe(const trial& t, const ending& run) {
  const census tree = by_identity(t.at.tree_before());
  if (const auto linked = names_outside(t, tree); !linked.empty())
    return {outcome::touched_outside, linked};
  if (const auto wrong = wrong_names(t); !wrong.empty())
    return {outcome::torn, wrong + describe(run)};
  if (run.hung) return {outcome::hung, describe(run)};
  if (run.signal != 0 || run.exit_code > 2) return {outcome::ended_oddly, describe(run)};
  if (const auto left = untold_names(t, run.errors); !left.empty())
    return {outcome::place_untold, left + describe(run)};
  if (run.exit_code == 0) return {outcome::done, describe(run)};
  return {run.errors.empty() ? outcome::silent : outcome::reported, run.errors};
}

} // namespace afio::testing
