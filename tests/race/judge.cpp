#include "tests/race/judge.hpp"

#include "tests/race/copy_judge.hpp"
#include "tests/race/dedupe_judge.hpp"
#include "tests/race/punch_judge.hpp"

namespace afio::testing {
namespace {

// The path that the tool was given led outside before it had begun, and it has deleted that.
bool named_another(const trial& t) {
  return t.plan.kind == swap_kind::parent_symlink && t.done.applied() &&
         t.when == moment::before_the_name_was_read &&
         !std::filesystem::exists(t.at.outside() / "tree");
}

// It only reads, so nothing but what it says can be wrong.
verdict judge_list(const trial& t, const ending& run) {
  if (run.hung) return {outcome::hung, describe(run)};
  for (const auto& [inode, secret] : t.before) {
    const bool told =
        run.output.find("\"inode\":" + std::to_string(inode.inode) + ",") != std::string::npos;
    if (told && !given_away(t, secret))
      return {outcome::leaked, "told: outside/" + secret.path + "\n" + run.output};
  }
  if (run.signal != 0 || run.exit_code > 1) return {outcome::ended_oddly, describe(run)};
  if (run.exit_code == 0) return {outcome::done, describe(run)};
  return {run.errors.empty() ? outcome::silent : outcome::reported, run.errors};
}

} // namespace

bool allowed(outcome what) noexcept { return what == outcome::done || what == outcome::reported; }

const char* name_of(outcome what) noexcept {
  switch (what) {
  case outcome::done:
    return "done";
  case outcome::reported:
    return "reported";
  case outcome::touched_outside:
    return "touched outside";
  case outcome::damaged:
    return "damaged survivors";
  case outcome::leaked:
    return "leaked";
  case outcome::torn:
    return "half or wrong copies";
  case outcome::edit_lost:
    return "lost an edit";
  case outcome::gave_up:
    return "gave up early";
  case outcome::false_success:
    return "false success";
  case outcome::silent:
    return "failed silently";
  case outcome::place_untold:
    return "did not say where it is";
  case outcome::hung:
    return "hung";
  case outcome::ended_oddly:
    return "ended oddly";
  }
  return "";
}

verdict judge(const trial& t, const ending& run) {
  if (const auto touched = touched_outside(t); !touched.empty()) {
    return {outcome::touched_outside, touched};
  }
  if (const auto lost = lost_edits(t); !lost.empty()) {
    return {outcome::edit_lost, lost + describe(run)};
  }
  const bool is_edited = !t.done.edited().empty(); // Then it is judged by names alone.
  if (const auto damage = damage_to_survivors(t.at, t.now); !damage.empty() && !is_edited) {
    return {outcome::damaged, damage};
  }
  if (t.tool.does == task::lists) return judge_list(t, run);
  if (t.tool.does == task::dedupes) return judge_dedupe(t, run);
  if (t.tool.does == task::punches) return judge_punch(t, run);
  if (t.tool.does != task::removes) return judge_copy(t, run);
  if (named_another(t) && run.exited_with(0)) return {outcome::done, describe(run)};
  return judge_ending(t.at, t.now, run);
}

verdict judge_ending(const scene& at, const census& now, const ending& run) {
  if (run.hung) return {outcome::hung, describe(run)};
  if (run.signal != 0 || run.exit_code > 1) return {outcome::ended_oddly, describe(run)};
  if (run.exit_code == 0)
    return {anything_left(at, now) ? outcome::false_success : outcome::done, describe(run)};
  if (run.errors.empty()) return {outcome::silent, ""};
  const auto untold = untold_places(at, now, run.errors);
  return {untold.empty() ? outcome::reported : outcome::place_untold, untold + run.errors};
}

} // namespace afio::testing
