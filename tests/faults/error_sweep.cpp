#include "tests/faults/error_sweep.hpp"

#include "tests/faults/leftovers.hpp"
#include "tests/race/contenders.hpp"
#include "tests/race/copy_state.hpp"
#include "tests/race/scene.hpp"
#include "tests/support/supervisor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <vector>

namespace afio::testing {
namespace {

struct fault {
  std::string_view call;
  std::uint64_t nth;
  int error;
};

// What happened in one run: where the fault struck, and on what.
struct incident {
  fault planned;
  bool struck = false;
  std::vector<std::string> subjects;
};

std::string print(const incident& what) {
  std::string text = strerrorname_np(what.planned.error);
  for (const auto& subject : what.subjects) text += " " + subject;
  return text;
}

bool strikes(const fault& planned, const stop& at, failing how) {
  if (at.call.name != planned.call) return false;
  return how == failing::once ? at.nth == planned.nth : at.nth >= planned.nth;
}

// A directory's ".." is not below it.
std::vector<std::string> normal(std::vector<std::string> paths) {
  for (auto& path : paths) {
    path = std::filesystem::path(path).lexically_normal();
    if (path.ends_with('/')) path.pop_back();
  }
  return paths;
}

supervision supervised_for(const scene& at, const contender& tool, const error_sweep& how) {
  supervision result = counted_from(at, tool);
  result.streams = how.streams;
  return result;
}

supervised run_with(const fault& planned, const contender& tool, const error_sweep& how,
                    const scene& at, incident& record) {
  record.planned = planned;
  const stop_handler handler = [&](const stop& here) {
    if (!strikes(planned, here, how.how)) return action::continue_it();
    if (!record.struck) record.subjects = normal(here.subjects());
    record.struck = true;
    return action::fail_with(planned.error);
  };
  return supervise(command(tool, at), handler, supervised_for(at, tool, how));
}

bool is_above_or_below(const std::string& path, const std::string& subject) {
  return path == subject || path.starts_with(subject + "/") || subject.starts_with(path + "/");
}

// A path below the root, whatever the root is called by then; nothing for the root itself.
std::string below_root(const scene& at, const std::string& path) {
  const std::string base = at.base().string() + "/";
  const auto slash = path.starts_with(base) ? path.find('/', base.size()) : std::string::npos;
  return slash == std::string::npos ? "" : path.substr(slash + 1);
}

// The entries of the tree that are left although the failed call had nothing to do with them.
std::string needlessly_left(const scene& at, const census& now, const incident& what) {
  std::vector<std::string> excuses;
  for (const auto& subject : what.subjects) {
    if (auto path = below_root(at, subject); !path.empty()) excuses.push_back(std::move(path));
  }
  // A call that has to do with all of the tree.
  if (excuses.empty()) return "";
  std::string left;
  for (const auto& [path, entry] : at.tree_before().entries) {
    const bool excused =
        path == "." || std::any_of(excuses.begin(), excuses.end(), [&](const auto& excuse) {
          return is_above_or_below(path, excuse);
        });
    if (!excused && now.contains(entry.inode)) left += path + "\n";
  }
  return left;
}

// Errnos that have one meaning only where they come from, and what they are called there.
constexpr std::pair<int, std::string_view> translations[] = {
    {EXDEV, "another mount, device or subvolume"},
    {ELOOP, "Changed into another file"},
    {ENOSYS, "Invalid argument"}, // By the C library, for a renameat2 with flags.
};

bool tells_reason(const ending& run, int error) {
  const auto says = [&](std::string_view text) {
    return run.errors.find(text) != std::string::npos;
  };
  return says(std::strerror(error)) ||
         std::any_of(std::begin(translations), std::end(translations),
                     [&](const auto& known) { return known.first == error && says(known.second); });
}

struct finding {
  reaction what;
  std::string detail;
};

finding judge_scene(const contender& tool, const scene& at, const census& now) {
  const auto touched = difference(at.outside_before(), manifest(at.outside()));
  if (!touched.empty()) return {reaction::touched_outside, touched};
  if (const auto damage = damage_to_survivors(at, now); !damage.empty()) {
    return {reaction::damaged, damage};
  }
  if (tool.all_or_nothing() && !all_or_nothing(at, now)) {
    return {reaction::half_done, difference(at.tree_before(), manifest(at.base()))};
  }
  return {reaction::coped, ""};
}

// A tree that still bears its name, wherever it waits, has to be back where it was.
std::string not_put_back(const scene& at, const census& now) {
  const auto root = now.find(at.tree_before().entries.at(".").inode);
  if (root == now.end() || root->second.name != "tree") return "";
  if (root->second.parent != at.base_identity()) return "not put back: " + root->second.path + "\n";
  return difference(at.tree_before(), manifest(at.root()));
}

// Lines that tell of a failure; where to find what is left may be said besides.
std::ptrdiff_t failures_told(const std::string& errors) {
  std::istringstream lines(errors);
  std::ptrdiff_t count = 0;
  for (std::string line; std::getline(lines, line);)
    count += line.find(": cannot ") != std::string::npos;
  return count;
}

finding judge_one_failure(const contender& tool, const scene& at, const census& now,
                          const supervised& run, const incident& what) {
  if (failures_told(run.errors) > 1) return {reaction::told_twice, run.errors};
  const auto left = tool.all_or_nothing() ? not_put_back(at, now) : needlessly_left(at, now, what);
  if (!left.empty())
    return {tool.all_or_nothing() ? reaction::half_done : reaction::gave_up, left + describe(run)};
  if (const auto untold = untold_places(at, now, run.errors); !untold.empty())
    return {reaction::place_untold, untold + describe(run)};
  return {reaction::reported, ""};
}

finding judge_failure(const contender& tool, const scene& at, const census& now,
                      const supervised& run, const incident& what, failing how) {
  if (what.planned.error == EINTR) return {reaction::not_retried, run.errors};
  if (!tells_reason(run, what.planned.error)) return {reaction::wrong_reason, describe(run)};
  // Where all calls of a name fail, more is left, and told of, by right.
  if (how == failing::from_then_on) return {reaction::reported, ""};
  return judge_one_failure(tool, at, now, run, what);
}

bool leaves_temporary_names(const scene& at, const census& now) {
  const auto entries = in_base(at, now);
  return std::any_of(entries.begin(), entries.end(),
                     [](const auto& entry) { return is_temporary_name(entry.name); });
}

// Last, as it changes the scene.
finding judge_by_reaping(const contender& tool, const scene& at, const census& now,
                         const finding& so_far) {
  if (!allowed(so_far.what) || !leaves_temporary_names(at, now)) return so_far;
  const auto wrong = wrong_after_reaping(tool, afio_rmtree({"--reap"}), at);
  return wrong.empty() ? so_far : finding{reaction::not_reapable, wrong};
}

finding judge(const contender& tool, const scene& at, const supervised& run, const incident& what,
              failing how) {
  const census now = by_identity(manifest(at.folder()));
  if (auto scene_now = judge_scene(tool, at, now); !allowed(scene_now.what)) return scene_now;
  if (run.hung) return {reaction::hung, run.last_stop};
  if (run.signal != 0 || run.exit_code > 2) return {reaction::ended_oddly, describe(run)};
  if (run.exit_code != 0)
    return judge_by_reaping(tool, at, now, judge_failure(tool, at, now, run, what, how));
  if (anything_left(at, now)) return {reaction::false_success, describe(run)};
  return {reaction::coped, ""};
}

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

std::string needlessly_not_copied(const scene& at, const manifest& copy, const incident& what) {
  const auto excuses = excuses_in_copy(at, what);
  if (excuses.empty()) return ""; // A call that has to do with all of the tree.
  const auto& before = at.tree_before().entries;
  std::string text;
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

finding judge_failed_copy(const scene& at, const manifest& copy, const manifest& copies,
                          const supervised& run, const incident& what, failing how) {
  if (what.planned.error == EINTR) return {reaction::not_retried, describe(run)};
  if (!tells_reason(run, what.planned.error)) return {reaction::wrong_reason, describe(run)};
  if (how == failing::from_then_on) return {reaction::reported, ""};
  if (failures_told(run.errors) > 1) return {reaction::told_twice, run.errors};
  if (const auto left = needlessly_not_copied(at, copy, what); !left.empty())
    return {reaction::gave_up, left + describe(run)};
  if (const auto untold = untold_leftovers(copies, run.errors); !untold.empty())
    return {reaction::place_untold, untold + describe(run)};
  return {reaction::reported, ""};
}

finding judge_copy(const contender& tool, const scene& at, const supervised& run,
                   const incident& what, failing how) {
  const census now = by_identity(manifest(at.folder()));
  if (auto scene_now = judge_scene(tool, at, now); !allowed(scene_now.what)) return scene_now;
  const manifest copy = read_copy(at, now), copies = read_copies(at, now);
  if (const auto lost = tool.does == task::moves ? lost_data(at, now) : ""; !lost.empty())
    return {reaction::damaged, lost + describe(run)};
  if (const auto half = half_files(at, copy); !half.empty())
    return {reaction::half_done, half + describe(run)};
  if (run.hung) return {reaction::hung, run.last_stop};
  if (run.signal != 0 || run.exit_code > 2) return {reaction::ended_oddly, describe(run)};
  if (run.exit_code != 0) return judge_failed_copy(at, copy, copies, run, what, how);
  const auto left = tool.does == task::moves ? left_of_source(at, now) : "";
  const auto wrong = incomplete(at, copy, run.errors) + untold_leftovers(copies, "") + left;
  return {wrong.empty() ? reaction::coped : reaction::false_success, wrong + describe(run)};
}

std::vector<fault> plan_faults(const contender& tool, const error_sweep& how) {
  const scene calm = scene_for(tool);
  std::vector<std::pair<std::string_view, std::uint64_t>> calls;
  const auto run = supervise(
      command(tool, calm),
      [&](const stop& at) {
        calls.emplace_back(at.call.name, at.nth);
        return action::continue_it();
      },
      supervised_for(calm, tool, how));
  if (!run.exited_with(0)) throw std::runtime_error(tool.name + ": " + describe(run));
  std::vector<fault> planned;
  for (const auto& [call, nth] : calls) {
    for (const int error : likely_errors()) {
      // A call that is interrupted for ever may be tried for ever.
      if (error == EINTR && how.how == failing::from_then_on) continue;
      planned.push_back({call, nth, error});
    }
  }
  return planned;
}

// One errno tells of each call that is taken wrongly; the others are most likely taken as it is.
void record(error_tally& into, const finding& found, const incident& what) {
  ++into.runs;
  ++into.reactions[found.what];
  if (allowed(found.what)) return;
  const std::string place = std::string(name_of(found.what)) + ": " +
                            std::string(what.planned.call) + " #" +
                            std::to_string(what.planned.nth);
  if (into.places.insert(place).second)
    into.failures += place + ", " + print(what) + "\n  " + found.detail + "\n";
}

} // namespace

bool allowed(reaction what) noexcept {
  return what == reaction::coped || what == reaction::reported;
}

const char* name_of(reaction what) noexcept {
  switch (what) {
  case reaction::coped:
    return "coped";
  case reaction::reported:
    return "reported";
  case reaction::touched_outside:
    return "touched outside";
  case reaction::damaged:
    return "damaged survivors";
  case reaction::half_done:
    return "half done";
  case reaction::false_success:
    return "false success";
  case reaction::wrong_reason:
    return "named another reason";
  case reaction::place_untold:
    return "did not say where it is";
  case reaction::not_reapable:
    return "left what the reaper can't finish";
  case reaction::told_twice:
    return "told more than once";
  case reaction::gave_up:
    return "gave up early";
  case reaction::not_retried:
    return "did not retry";
  case reaction::hung:
    return "hung";
  case reaction::ended_oddly:
    return "ended oddly";
  }
  return "";
}

std::span<const int> likely_errors() noexcept {
  static constexpr int errors[] = {EIO,   ENOSPC,     EDQUOT, EACCES, EPERM, EINTR, EBUSY,
                                   EXDEV, EOPNOTSUPP, EMFILE, ENOMEM, ELOOP, ENOSYS};
  return errors;
}

std::uint64_t error_tally::failed() const {
  std::uint64_t sum = 0;
  for (const auto& [what, count] : reactions) sum += allowed(what) ? 0 : count;
  return sum;
}

error_tally sweep_errors(const contender& tool, const error_sweep& how) {
  error_tally result;
  const auto planned = plan_faults(tool, how);
  result.planned = planned.size();
  for (std::size_t index = 0; index < planned.size(); index += how.step) {
    const scene at = scene_for(tool);
    incident what;
    const auto run = run_with(planned[index], tool, how, at, what);
    record(result,
           tool.does == task::removes ? judge(tool, at, run, what, how.how)
                                      : judge_copy(tool, at, run, what, how.how),
           what);
  }
  return result;
}

void print_line(const contender& tool, const error_tally& counted) {
  std::printf("%-28s faults %llu, runs %llu |", tool.name.c_str(),
              static_cast<unsigned long long>(counted.planned),
              static_cast<unsigned long long>(counted.runs));
  for (const auto& [what, count] : counted.reactions) {
    std::printf(" %s %llu", name_of(what), static_cast<unsigned long long>(count));
  }
  std::printf("\n");
}

} // namespace afio::testing
