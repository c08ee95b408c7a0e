#include "tests/race/copy_judge.hpp"

#include "tests/race/copy_state.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <sys/stat.h>

namespace afio::testing {
namespace {

using contents = std::set<std::pair<std::uint64_t, std::uint64_t>>;

std::pair<std::uint64_t, std::uint64_t> contents_of(const facts& file) {
  return {file.size, file.content};
}

void add_contents(const manifest& of, contents& to) {
  for (const auto& [path, entry] : of.entries) {
    if (entry.type == 'f') to.insert(contents_of(entry));
  }
}

// Contents that were exchanged in with a directory before its name was read are in the tree.
bool is_given_away(const trial& t, const facts& file) {
  for (const auto& [inode, secret] : t.before) {
    if (contents_of(secret) == contents_of(file) && given_away(t, secret)) return true;
  }
  return false;
}

std::string leaks(const trial& t, const manifest& copies) {
  contents secrets;
  add_contents(t.at.outside_before(), secrets);
  std::string text;
  for (const auto& [path, entry] : copies.entries) {
    const bool secret = entry.type == 'f' && entry.size != 0 && !t.before.contains(entry.inode) &&
                        secrets.contains(contents_of(entry));
    if (secret && !is_given_away(t, entry)) text += "leaked: copies/" + path + "\n";
  }
  return text;
}

// What the swap did to an older clone, which decides only what can be shared with it.
bool is_given_away(const trial& t) {
  return std::any_of(t.before.begin(), t.before.end(),
                     [&](const auto& secret) { return given_away(t, secret.second); });
}

// The swap decides what is there.
bool is_swapped(const trial& t, const std::string& path) {
  if (!t.done.applied()) return false;
  if (t.tool.clones() && t.plan.where == side::older && !is_given_away(t)) return false;
  const auto victim = victim_path(t.plan);
  return victim == "." || path == victim || path.starts_with(victim + "/");
}

// Its directory, which stays where it holds what was swapped in.
bool is_above_swapped(const trial& t, const std::string& path) {
  return path == "." || victim_path(t.plan).starts_with(path + "/");
}

// Wherever a whole file of the scene has come from.
contents whole_files(const trial& t) {
  contents known;
  for (const auto* of : {&t.at.tree_before(), &t.at.outside_before(), &t.at.copy_before()})
    add_contents(*of, known);
  return known;
}

// Under final names only whole files, with all that belongs to them.
std::string torn(const trial& t, const manifest& copy) {
  const contents known = whole_files(t);
  const auto is_whole = [&](const std::string& path, const facts& entry) {
    const bool put_there = t.plan.kind == swap_kind::directory_file && path == victim_path(t.plan);
    return entry.type != 'f' || put_there || known.contains(contents_of(entry));
  };
  std::string text;
  for (const auto& [path, entry] : copy.entries) {
    if (has_temporary_name(path) || t.before.contains(entry.inode)) continue;
    const bool right = is_swapped(t, path) ? is_whole(path, entry)
                                           : is_new(t.at, path, entry) || is_old(t.at, path, entry);
    if (!right) text += "torn: tree/" + path + "\n";
  }
  return text;
}

// The source has there what the base has, so that the copy's own stays.
bool is_news(const trial& t, const std::string& path, const facts& original) {
  if (t.tool.does != task::merges_changes) return true;
  const auto& base = t.at.older_before().entries;
  const auto old = base.find(path);
  return old == base.end() || !same_but_for_links(old->second, original);
}

// What had nothing to do with the swap is copied in any case.
std::string needlessly_absent(const trial& t, const manifest& copy) {
  std::string text;
  for (const auto& [path, original] : t.at.tree_before().entries) {
    const auto found = copy.entries.find(path);
    const bool there = found != copy.entries.end() &&
                       (is_news(t, path, original) ? same_but_for_links(found->second, original)
                                                   : is_old(t.at, path, found->second));
    if (!there && !is_swapped(t, path)) text += "not copied: tree/" + path + "\n";
  }
  return text;
}

// An update looks at what each name is after it has read them all. What has taken a directory's
// place by then is rightly in the copy, in its place.
bool is_put_for_directory(const trial& t, const manifest& copy) {
  const auto victim = t.at.tree_before().entries.find(victim_path(t.plan));
  const auto there = copy.entries.find(victim_path(t.plan));
  const bool looks_late =
      t.tool.does == task::updates || t.tool.clones() || t.tool.does == task::merges_changes;
  return looks_late && victim != t.at.tree_before().entries.end() && there != copy.entries.end() &&
         victim->second.type == 'd' && there->second.type != 'd';
}

// Success though something is missing that was there when its name was read. What was moved away
// is gone, as if it had been removed.
std::string missing(const trial& t, const manifest& copy) {
  const bool moved = t.plan.kind == swap_kind::moved_out || t.plan.kind == swap_kind::root_moved;
  const bool excused = moved || t.when == moment::before_the_name_was_read ||
                       t.plan.where != side::source || is_put_for_directory(t, copy);
  std::string text;
  for (const auto& [path, original] : t.at.tree_before().entries) {
    if (is_swapped(t, path) && !excused && !copy.entries.contains(path))
      text += "missing: tree/" + path + "\n";
  }
  return text;
}

// Success though something of the source, that the swap had nothing to do with, is still there.
std::string not_moved(const trial& t) {
  std::string text;
  const auto root = t.at.root();
  if (t.tool.does != task::moves || !is_directory(symlink_status(root))) return text;
  for (const auto& [path, entry] : manifest(root).entries) {
    const auto original = t.at.tree_before().entries.find(path);
    const bool stays = original != t.at.tree_before().entries.end() &&
                       original->second.inode == entry.inode && !is_swapped(t, path) &&
                       !is_above_swapped(t, path);
    if (stays) text += "not moved: tree/" + path + "\n";
  }
  return text;
}

// Neither the source nor the base of a merge has it: it is nobody's business.
bool is_own(const trial& t, const std::string& path) {
  return t.tool.does == task::merges_changes && !t.at.tree_before().entries.contains(path) &&
         !t.at.older_before().entries.contains(path);
}

std::string lost_own(const trial& t, const manifest& copy) {
  std::string text;
  for (const auto& [path, old] : t.at.copy_before().entries) {
    const bool may_go = t.plan.where == side::older ? is_given_away(t) : is_swapped(t, path);
    if (!is_own(t, path) || may_go) continue;
    const auto found = copy.entries.find(path);
    const bool stays = found != copy.entries.end() && is_old(t.at, path, found->second);
    if (!stays) text += "lost: tree/" + path + "\n";
  }
  return text;
}

// Nothing was done, but for what the swap did itself.
bool is_untouched(const trial& t, const manifest& copy) {
  const auto& before = t.at.copy_before().entries;
  return std::all_of(before.begin(), before.end(), [&](const auto& old) {
    const auto found = copy.entries.find(old.first);
    return is_swapped(t, old.first) ||
           (found != copy.entries.end() && is_old(t.at, old.first, found->second));
  });
}

std::string unlike(const placed& found, const manifest_entry& before, const scene& at) {
  if (!same_but_for_links(found, before)) return "changed: ";

  struct ::stat s {};

  ::lstat((at.folder() / found.path).c_str(), &s);
  // A swap changes the time of the directory that it is done in.
  const bool other_time = before.type != 'd' && s.st_mtim.tv_sec != scene::time_of_all;
  return other_time ? "other time: " : "";
}

// Nothing of what is only read goes, and of what it is only the numbers of names and the times of
// access and change may become others.
std::string damage_to_older(const trial& t) {
  std::string text;
  const auto& older = t.at.older_before().entries;
  const census before = by_identity(t.at.older_before());
  for (const auto& [path, entry] : older) {
    const auto found = t.now.find(entry.inode);
    if (found == t.now.end()) {
      text += "gone: older/" + path + "\n";
      continue;
    }
    if (const auto how = unlike(found->second, entry, t.at); !how.empty())
      text += how + "older/" + path + "\n";
    const bool may_move = path == "." || entry.inode == t.done.victim();
    if (!may_move && !t.is_in_place(before.at(entry.inode)))
      text += "moved: older/" + path + " to " + found->second.path + "\n";
  }
  for (const auto& [name, inode] : t.names) {
    const bool stranger = before.contains(name.first) && !before.contains(inode);
    const bool exchanged_in = t.plan.where == side::older && t.done.applied() &&
                              ("/" + victim_path(t.plan)).ends_with("/" + name.second);
    if (stranger && !exchanged_in) text += "added: older's " + name.second + "\n";
  }
  return text;
}

std::string gone_from_source(const trial& t) {
  std::string text;
  if (t.tool.does == task::moves) return text;
  for (const auto& [path, entry] : t.at.tree_before().entries) {
    if (!t.now.contains(entry.inode)) text += "gone: tree/" + path + "\n";
  }
  return text;
}

// Success though something is left that the source lacks, and that the swap had nothing to do with.
std::string extras_left(const trial& t, const manifest& copy) {
  std::string text;
  if (t.tool.does != task::updates && t.tool.does != task::merges_changes) return text;
  for (const auto& [path, old] : t.at.copy_before().entries) {
    const bool extra = !t.at.tree_before().entries.contains(path) && !is_swapped(t, path);
    if (extra && !is_own(t, path) && copy.entries.contains(path))
      text += "not deleted: tree/" + path + "\n";
  }
  return text;
}

// Success though something was in the copy's place, when it was looked at, that nothing can be
// merged into.
std::string not_merged(const trial& t) {
  using enum swap_kind;
  constexpr swap_kind obstacles[] = {directory_symlink_absolute,
                                     directory_symlink_relative,
                                     directory_file,
                                     directory_fifo,
                                     directory_mount,
                                     file_mount};
  const bool obstacle =
      std::find(std::begin(obstacles), std::end(obstacles), t.plan.kind) != std::end(obstacles);
  const bool seen = t.when == moment::before_the_name_was_read && t.done.applied() &&
                    t.plan.back_after == 0 && t.plan.depth > 0;
  const bool mounted = t.plan.kind == directory_mount || t.plan.kind == file_mount;
  // All else may be replaced.
  const bool stays =
      mounted || (t.tool.does != task::updates && t.tool.does != task::merges_changes);
  return t.plan.where == side::target && obstacle && stays && seen ? "not merged\n" : "";
}

// A clone with the name of a complete one though the tool says that it is not.
std::string falsely_complete(const trial& t, const ending& run) {
  const auto found = t.now.find(t.at.copies_identity());
  if (!t.at.is_series() || run.exit_code != 1 || found == t.now.end()) return "";
  const std::string name = t.at.copy_in(t.at.folder() / found->second.path).filename();
  return name.ends_with("Z") ? "not incomplete: " + name + "\n" : "";
}

verdict judge_success(const trial& t, const manifest& copies, const manifest& copy,
                      const ending& run) {
  // A mount is told of, and left out.
  const bool told = !run.errors.empty();
  const auto absent = told ? "" : missing(t, copy);
  const auto wrong =
      absent + not_merged(t) + not_moved(t) + extras_left(t, copy) + untold_leftovers(copies, "");
  return {wrong.empty() ? outcome::done : outcome::false_success, wrong + describe(run)};
}

} // namespace

verdict judge_copy(const trial& t, const ending& run) {
  const manifest copy = read_copy(t.at, t.now);
  manifest copies = read_copies(t.at, t.now);
  // What is exchanged back gets the name that it had, be it a private one that is gone by then.
  if (t.plan.back_after > 0) {
    const census old = by_identity(t.at.copy_before());
    std::erase_if(copies.entries, [&](const auto& named) {
      return has_temporary_name(named.first) && old.contains(named.second.inode);
    });
  }
  if (const auto leaked = leaks(t, copies); !leaked.empty()) {
    return {outcome::leaked, leaked + describe(run)};
  }
  const bool moves = t.tool.does == task::moves;
  if (const auto lost = (moves ? lost_data(t.at, t.now) : "") + gone_from_source(t) +
                        damage_to_older(t) + lost_own(t, copy);
      !lost.empty())
    return {outcome::damaged, lost + describe(run)};
  if (run.hung) return {outcome::hung, describe(run)};
  if (const auto half = torn(t, copy); !half.empty()) {
    return {outcome::torn, half + describe(run)};
  }
  // Where the copy would be, something else is, or nothing that it could be in.
  constexpr int not_begun = 2;
  if (run.exit_code == not_begun && t.plan.depth == 0 && !run.errors.empty())
    return {outcome::reported, run.errors};
  // What is older has no such name any more, or leads to another place.
  const bool nothing_older = t.plan.where == side::older && t.plan.depth == 0;
  const bool merges = t.tool.does == task::merges_changes;
  const bool conflicts = merges && run.exit_code == 3;
  const bool may_do_nothing = (nothing_older || merges) && t.done.applied();
  if (may_do_nothing && (conflicts || run.exit_code == 1) && !run.errors.empty() &&
      is_untouched(t, copy) && (t.at.is_series() || untold_leftovers(copies, run.errors).empty()))
    return {outcome::reported, run.errors};
  constexpr int unstable = 4;
  const bool ended_well = run.exit_code <= 1 || run.exit_code == unstable || conflicts;
  if (run.signal != 0 || !ended_well) return {outcome::ended_oddly, describe(run)};
  if (const auto left = needlessly_absent(t, copy); !left.empty()) {
    return {run.exit_code == 0 ? outcome::false_success : outcome::gave_up, left + describe(run)};
  }
  if (const auto wrong = falsely_complete(t, run); !wrong.empty())
    return {outcome::torn, wrong + describe(run)};
  if (run.exit_code == 0) return judge_success(t, copies, copy, run);
  if (run.errors.empty()) return {outcome::silent, ""};
  // What a run leaves in a series, the next one deletes.
  const auto untold = t.at.is_series() ? "" : untold_leftovers(copies, run.errors);
  return {untold.empty() ? outcome::reported : outcome::place_untold, untold + run.errors};
}

} // namespace afio::testing
