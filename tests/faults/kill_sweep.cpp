#include "tests/faults/kill_sweep.hpp"

#include "tests/faults/leftovers.hpp"
#include "tests/race/contenders.hpp"
#include "tests/race/copy_state.hpp"
#include "tests/race/scene.hpp"
#include "tests/support/supervisor.hpp"

#include <algorithm>
#include <cstdio>

#include <signal.h>

namespace afio::testing {
namespace {

std::string strange_names(const scene& at, const census& now) {
  std::string text;
  for (const auto& entry : in_base(at, now)) {
    const bool expected = entry.name == "tree" || is_temporary_name(entry.name);
    if (!expected) text += "left: " + entry.path + "\n";
  }
  return text;
}

// Below the root's own name each thing is what it was, where it was.
std::string strange_places(const contender& tool, const scene& at) {
  if (!std::filesystem::exists(at.root())) return "";
  std::string text;
  for (const auto& [path, entry] : manifest(at.root()).entries) {
    const auto before = at.tree_before().entries.find(path);
    const bool same =
        before != at.tree_before().entries.end() && before->second.inode == entry.inode;
    // What a move deletes, by its inode, gets such a name first.
    const bool being_deleted = tool.does == task::moves && has_temporary_name(path);
    if (!same && !being_deleted) text += "not of the tree: tree/" + path + "\n";
  }
  return text;
}

std::string wrong_state(const contender& tool, const scene& at, const census& now) {
  std::string text = difference(at.outside_before(), manifest(at.outside()));
  text += damage_to_survivors(at, now) + strange_names(at, now);
  if (!tool.all_or_nothing()) text += strange_places(tool, at);
  if (tool.hides() && std::filesystem::exists(at.root()) &&
      manifest(at.root()) != at.tree_before()) {
    text += "deleted under the root's own name\n";
  }
  if (tool.all_or_nothing() && !all_or_nothing(at, now)) text += "neither all nor nothing\n";
  return text;
}

// Nothing of the source, nor of what is outside, is another. Of the copy, whatever has its final
// name is old or new.
std::string wrong_copy(const contender& tool, const scene& at, const census& now) {
  const auto source = tool.does == task::moves ? damage_to_survivors(at, now) +
                                                     strange_places(tool, at) + lost_data(at, now)
                                               : difference(at.tree_before(), manifest(at.root()));
  return difference(at.outside_before(), manifest(at.outside())) + source +
         torn_names(at, read_copy(at, now)) + lost_names(at, read_copy(at, now));
}

void fail(kill_tally& into, const supervised& run, const std::string& why) {
  constexpr std::uint64_t told = 5;
  if (++into.failures > told) return;
  into.first_failures += "killed at stop " + std::to_string(run.killed_at.value_or(0)) + " (" +
                         run.last_stop + "), " + describe(run) + "\n" + why + "\n";
}

void count_state(kill_tally& into, const scene& at, const census& now) {
  const bool copied = at.copy_before() != read_copy(at, now);
  if (std::filesystem::exists(at.root()) && manifest(at.root()) == at.tree_before() && !copied) {
    ++into.untouched;
  }
  const auto entries = in_base(at, now);
  into.set_aside += std::any_of(entries.begin(), entries.end(),
                                [](const auto& entry) { return is_temporary_name(entry.name); }) ||
                    !untold_leftovers(read_copies(at, now), "").empty();
}

supervised run_killed_at(std::uint64_t number, const program& what, const supervision& how) {
  const stop_handler handler = [&](const stop& here) {
    return here.ordinal == number ? action::kill() : action::continue_it();
  };
  return supervise(what, handler, how);
}

// Half a file is made between two writes.
enum supervision::streams streams_for(const contender& tool) {
  return tool.does == task::removes ? supervision::streams::passed_by
                                    : supervision::streams::stopped_at;
}

supervision supervised_for_kill(const scene& at, const contender& tool) {
  supervision how = counted_from(at, tool);
  how.streams = streams_for(tool);
  return how;
}

bool was_killed(const supervised& run) {
  return run.signal == SIGKILL && run.killed_at.has_value() && !run.hung;
}

void reap(kill_tally& into, const contender& tool, const contender& reaper, const scene& at,
          const supervised& killed) {
  const auto wrong = tool.does == task::removes ? wrong_after_reaping(tool, reaper, at)
                                                : wrong_after_second_run(tool, reaper, at);
  if (!wrong.empty()) return fail(into, killed, wrong);
  ++into.reaped;
}

void kill_at(std::uint64_t number, const contender& tool, const contender* reaper,
             kill_tally& into) {
  const scene at = scene_for(tool);
  const auto run = run_killed_at(number, command(tool, at), supervised_for_kill(at, tool));
  ++into.runs;
  if (!was_killed(run)) return fail(into, run, "it was not killed");
  ++into.killed;
  const census now = by_identity(manifest(at.folder()));
  count_state(into, at, now);
  const auto wrong =
      tool.does == task::removes ? wrong_state(tool, at, now) : wrong_copy(tool, at, now);
  if (!wrong.empty()) return fail(into, run, wrong);
  if (reaper) reap(into, tool, *reaper, at, run);
}

// False: the reaper had come to its end before that stop.
bool kill_reaper_at(std::uint64_t number, std::uint64_t halfway, const contender& tool,
                    const contender& reaper, kill_tally& into) {
  const scene at;
  if (!was_killed(run_killed_at(halfway, command(tool, at), counted_from(at, tool))))
    throw std::runtime_error(tool.name + " was not killed halfway");
  const auto run = run_killed_at(number, to_delete(reaper, at.base()), counted_from(at, reaper));
  if (!was_killed(run)) return false;
  ++into.runs;
  ++into.killed;
  count_state(into, at, by_identity(manifest(at.folder())));
  reap(into, tool, reaper, at, run);
  return true;
}

} // namespace

kill_tally sweep_kills(const contender& tool, const contender* reaper, std::uint64_t step) {
  kill_tally result;
  result.stops = count_stops(tool, streams_for(tool));
  // Backwards: what a new copy is published by is among the last.
  for (std::uint64_t number = result.stops; number != 0; number -= std::min(step, number))
    kill_at(number, tool, reaper, result);
  return result;
}

kill_tally sweep_reaper_kills(const contender& tool, const contender& reaper) {
  kill_tally result;
  const std::uint64_t halfway = count_stops(tool) / 2;
  while (kill_reaper_at(result.stops + 1, halfway, tool, reaper, result)) ++result.stops;
  return result;
}

void print_line(const contender& tool, const kill_tally& counted) {
  std::printf("%-28s stops %llu, runs %llu, killed %llu, untouched %llu, set aside %llu, reaped "
              "%llu, failures %llu\n",
              tool.name.c_str(), static_cast<unsigned long long>(counted.stops),
              static_cast<unsigned long long>(counted.runs),
              static_cast<unsigned long long>(counted.killed),
              static_cast<unsigned long long>(counted.untouched),
              static_cast<unsigned long long>(counted.set_aside),
              static_cast<unsigned long long>(counted.reaped),
              static_cast<unsigned long long>(counted.failures));
}

} // namespace afio::testing
