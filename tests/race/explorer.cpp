#include "tests/race/explorer.hpp"

#include "tests/support/supervisor.hpp"

#include <cstdio>

namespace afio::testing {
namespace {

// Does the swap at one stop, undoes it some stops later, and knows what the tool had read by then.
class adversary {
public:
  adversary(const scene& on, const swap_plan& plan, std::uint64_t at_stop)
      : plan_(plan), at_stop_(at_stop), swap_(on, plan) {}

  action operator()(const stop& at) {
    // The reading is over when its thread comes by again; others may come before.
    listed_ = listed_ || at.thread == lister_;
    swap_.go_on();
    if (at.ordinal == at_stop_) attack(at);
    if (plan_.back_after != 0 &&
        at.ordinal == at_stop_ + static_cast<std::uint64_t>(plan_.back_after)) {
      swap_.undo();
    }
    if (at.call.name.starts_with("getdents") && at.opened(0) == swap_.named_in())
      lister_ = at.thread;
    return action::continue_it();
  }

  // Called once, when the run is over.
  const swap& end() {
    swap_.end();
    return swap_;
  }

  [[nodiscard]] const std::string& where() const { return where_; }

  [[nodiscard]] moment when() const {
    // Nobody else can have given a name to what the tool makes in a directory of its own.
    return listed_before_ || swap_.is_of_the_tools_making() ? moment::after_the_name_was_read
                                                            : moment::before_the_name_was_read;
  }

private:
  void attack(const stop& at) {
    where_ = "at stop " + std::to_string(at.ordinal) + ", " + std::string(at.call.name);
    for (const auto& path : at.subjects()) where_ += " " + path;
    listed_before_ = listed_;
    swap_.apply();
  }

  const swap_plan plan_;
  const std::uint64_t at_stop_;
  swap swap_;
  pid_t lister_ = 0;
  bool listed_ = false;
  bool listed_before_ = false;
  std::string where_ = "the stop was not reached";
};

// An edit may come between a read and the next.
enum supervision::streams streams_of(const swap_plan& plan) {
  return plan.kind == swap_kind::file_edited ? supervision::streams::stopped_at
                                             : supervision::streams::passed_by;
}

void try_at(std::uint64_t number, const contender& tool, const swap_plan& plan, tally& into) {
  const scene at = scene_for(tool);
  adversary enemy(at, plan, number);
  supervision how = counted_from(at, tool);
  how.streams = streams_of(plan);
  const auto run = supervise(command(tool, at), std::ref(enemy), how);
  const swap& done = enemy.end();
  const verdict result = judge(trial(tool, at, plan, done, enemy.when()), run);
  ++into.runs;
  ++into.outcomes[result.what];
  into.applied += done.applied();
  into.kept_out += done.was_kept_out();
  into.dangerous += done.applied() && enemy.when() == moment::after_the_name_was_read;
  if (!allowed(result.what) && into.first_failure.empty()) {
    into.first_failure = std::string(name_of(result.what)) + ": " + tool.name + ", " + print(plan) +
                         ", " + enemy.where() + "\n" + result.detail;
  }
}

} // namespace

std::uint64_t tally::with(outcome what) const {
  const auto found = outcomes.find(what);
  return found == outcomes.end() ? 0 : found->second;
}

std::uint64_t tally::failures() const {
  std::uint64_t sum = 0;
  for (const auto& [what, count] : outcomes) sum += allowed(what) ? 0 : count;
  return sum;
}

tally explore(const contender& tool, const swap_plan& plan, std::uint64_t step) {
  tally result;
  result.stops = count_stops(tool, streams_of(plan));
  for (std::uint64_t at = 1; at <= result.stops; at += step) try_at(at, tool, plan, result);
  return result;
}

void print_line(const contender& tool, const swap_plan& plan, const tally& counted) {
  std::printf("%-14s %-52s runs %4llu applied %4llu dangerous %4llu |", tool.name.c_str(),
              print(plan).c_str(), static_cast<unsigned long long>(counted.runs),
              static_cast<unsigned long long>(counted.applied),
              static_cast<unsigned long long>(counted.dangerous));
  if (counted.kept_out != 0)
    std::printf(" kept out %4llu |", static_cast<unsigned long long>(counted.kept_out));
  for (const auto& [what, count] : counted.outcomes) {
    std::printf(" %s %llu", name_of(what), static_cast<unsigned long long>(count));
  }
  std::printf("\n");
}

} // namespace afio::testing
