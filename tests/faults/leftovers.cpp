#include "tests/faults/leftovers.hpp"

namespace afio::testing {

std::string wrong_after_reaping(const contender& tool, const contender& reaper, const scene& at) {
  const ending reaping = run(to_delete(reaper, at.base()), reaper.time);
  const census now = by_identity(manifest(at.folder()));
  std::string text = difference(at.outside_before(), manifest(at.outside()));
  text += damage_to_survivors(at, now);
  if (!reaping.exited_with(0)) text += "reaping: " + describe(reaping) + "\n";
  for (const auto& entry : in_base(at, now)) {
    if (entry.name != "tree") text += "not reaped: " + entry.path + "\n";
  }
  // What could not go back any more is finished, all else is undone.
  if ((tool.hides() || tool.all_or_nothing()) && std::filesystem::exists(at.root()))
    text += difference(at.tree_before(), manifest(at.root()));
  return text;
}

} // namespace afio::testing
