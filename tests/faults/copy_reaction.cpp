#include "tests/faults/copy_reaction.hpp"

#include "tests/race/copy_state.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace afio::testing {
namespace {

// Paths below the source or the copy that the failed call had to do with. Of what had no name that
// says more, or one of the tool's own, the directory; of all, nothing.
std::vector<std::string> excuses_in_copy(const scene& at, const incident& what) {
  std::vector<std::string> excuses;
  for (std::filesystem::path path : what.subjects) {
    const std::string leaf = path.filename();
    const bool in_copies = path.string().starts_with(at.copies().string() + "/");
    if (in_copies && path.parent_path() != at.copies() &&
        (is_temporary_name(leaf) || leaf.starts_with("#")))
      path = path.parent_path();
    const auto above = in_copies ? at.copies() : at.base();
    const auto relative = path.lexically_relative(above).string();
    const auto slash = relative.find('/');
    if (slash != std::string::npos && !relative.starts_with(".."))
      excuses.push_back(relative.substr(slash + 1));
  }
  return excuses;
}

// And not deleted, by an update.
std::string needlessly_not_copied(const contender& tool, const scene& at, const manifest& copy,
                                  const incident& what) {
  const auto excuses = excuses_in_copy(at, what);
  if (excuses.empty()) return ""; // A call that has to do with all of the tree.
  const auto& before = at.tree_before().entries;
  std::string text;
  for (const auto& [path, old] : at.copy_before().entries) {
    const bool excused = std::any_of(excuses.begin(), excuses.end(), [&](const auto& excuse) {
      return is_above_or_below(path, excuse);
    });
    const bool extra = tool.does == task::updates && !before.contains(path);
    if (extra && !excused && copy.entries.contains(path))
      text += "not deleted: tree/" + path + "\n";
  }
  for (const auto& [path, original] : before) {
    const bool excused =
        path == "." || std::any_of(excuses.begin(), excuses.end(), [&](const auto& excuse) {
          const auto named = before.find(excuse);
          const bool other_name = named != before.end() && named->second.inode == original.inode;
          return other_name || is_above_or_below(path, excuse);
        });
    if (!excused && !copy.entries.contains(path)) text += "not copied: tree/" + path + "\n";
  }
  return text;
}

bool same_contents(const facts& a, const facts& b) {
  return a.type == b.type && a.size == b.size && a.content == b.content && a.target == b.target;
}

// Everything is there, and where it differs in more than contents, something was said.
std::string incomplete(const scene& at, const manifest& copy, const std::string& said) {
  std::string text;
  for (const auto& [path, original] : at.tree_before().entries) {
    const auto found = copy.entries.find(path);
    const bool right =
        found != copy.entries.end() && (said.empty() ? same_but_for_links(found->second, original)
                                                     : same_contents(found->second, original));
    if (!right) text += "not copied: tree/" + path + "\n";
  }
  return text;
}

// A file under its final name is old or has all of its new contents.
std::string half_files(const scene& at, const manifest& copy) {
  std::string text;
  for (const auto& [path, entry] : copy.entries) {
    const auto original = at.tree_before().entries.find(path);
    const bool right =
        entry.type != 'f' || has_temporary_name(path) || is_old(at, path, entry) ||
        (original != at.tree_before().entries.end() && same_contents(entry, original->second));
    if (!right) text += "torn: tree/" + path + "\n";
  }
  return text;
}

finding judge_failed_copy(const contender& tool, const scene& at, const manifest& copy,
                          const manifest& copies, const supervised& run, const incident& what,
                          failing how) {
  if (what.planned.error == EINTR) return {reaction::not_retried, describe(run)};
  if (!tells_reason(run, what.planned.error)) return {reaction::wrong_reason, describe(run)};
  if (how == failing::from_then_on) return {reaction::reported, ""};
  if (failures_told(run.errors) > 1) return {reaction::told_twice, run.errors};
  if (const auto left = needlessly_not_copied(tool, at, copy, what); !left.empty())
    return {reaction::gave_up, left + describe(run)};
  if (const auto untold = untold_leftovers(copies, run.errors); !untold.empty())
    return {reaction::place_untold, untold + describe(run)};
  return {reaction::reported, ""};
}

} // namespace

finding judge_copy(const contender& tool, const scene& at, const supervised& run,
                   const incident& what, failing how) {
  const census now = by_identity(manifest(at.folder()));
  if (const auto touched = difference(at.outside_before(), manifest(at.outside()));
      !touched.empty())
    return {reaction::touched_outside, touched};
  if (const auto damage = damage_to_survivors(at, now); !damage.empty())
    return {reaction::damaged, damage};
  const manifest copy = read_copy(at, now), copies = read_copies(at, now);
  if (const auto lost = tool.does == task::moves ? lost_data(at, now) : ""; !lost.empty())
    return {reaction::damaged, lost + describe(run)};
  if (const auto half = half_files(at, copy); !half.empty())
    return {reaction::half_done, half + describe(run)};
  if (const auto lost = lost_names(at, copy); !lost.empty())
    return {reaction::damaged, lost + describe(run)};
  if (run.hung) return {reaction::hung, run.last_stop};
  if (run.signal != 0 || run.exit_code > 2) return {reaction::ended_oddly, describe(run)};
  if (run.exit_code != 0) return judge_failed_copy(tool, at, copy, copies, run, what, how);
  // Where every directory says that it is a mount point, all are left out, and each is named.
  if (how == failing::from_then_on && what.planned.error == EXDEV && tells_reason(run, EXDEV))
    return {reaction::reported, ""};
  const auto left = tool.does == task::moves ? left_of_source(at, now) : "";
  const auto extras = tool.does == task::updates ? not_deleted(at, copy) : "";
  const auto wrong =
      incomplete(at, copy, run.errors) + untold_leftovers(copies, "") + left + extras;
  return {wrong.empty() ? reaction::coped : reaction::false_success, wrong + describe(run)};
}

} // namespace afio::testing
