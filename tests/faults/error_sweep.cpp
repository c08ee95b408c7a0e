#include "tests/faults/error_sweep.hpp"

#include "tests/faults/copy_reaction.hpp"
#include "tests/faults/incident.hpp"
#include "tests/faults/leftovers.hpp"
#include "tests/race/contenders.hpp"
#include "tests/race/scene.hpp"
#include "tests/support/supervisor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

namespace afio::testing {
namespace {

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
