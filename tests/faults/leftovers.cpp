#include "tests/faults/leftovers.hpp"

#include "tests/race/copy_state.hpp"

#include <set>

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

std::string wrong_after_second_run(const contender& tool, const contender& reaper,
                                   const scene& at) {
  std::set<std::filesystem::path> folders;
  for (const auto& whole : {at.copies(), at.base()}) {
    for (const auto& [path, entry] : manifest(whole).entries) {
      if (has_temporary_name(path)) folders.insert((whole / path).parent_path());
    }
  }
  std::string text;
  for (const auto& folder : folders) {
    const ending reaping = run(to_delete(reaper, folder), reaper.time);
    if (!reaping.exited_with(0)) text += "reaping: " + describe(reaping) + "\n";
  }
  const bool moves = tool.does == task::moves;
  const bool updates = tool.does == task::updates;
  const contender again = moves     ? afio_mvtree({"--merge"})
                          : updates ? afio_update()
                                    : afio_cptree({"--merge"});
  // It may have been killed when all was done.
  if (std::filesystem::exists(at.root())) {
    const ending second = run(command(again, at), again.time);
    if (!second.exited_with(0)) text += "second run: " + describe(second) + "\n";
  }
  if (moves) text += left_of_source(at, by_identity(manifest(at.folder())));
  text += not_copied(at, manifest(at.copy()));
  if (updates) text += not_deleted(at, manifest(at.copy()));
  return text + untold_leftovers(manifest(at.copies()), "");
}

} // namespace afio::testing
