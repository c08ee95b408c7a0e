#include "tests/race/judge.hpp"

namespace afio::testing {
namespace {

struct trial {
  const scene& at;
  const swap_plan& plan;
  const swap& done;
  moment when;
  census before; // of what is outside
  census now;    // of the whole scene
};

// True for what the swap itself has made a part of the tree before the tool looked.
bool given_away(const trial& t, const placed& secret) {
  if (t.when == moment::after_the_name_was_read || !t.done.applied()) return false;
  if (t.plan.kind == swap_kind::parent_symlink) return secret.path == "tree";
  if (t.plan.kind != swap_kind::directory_other) return false;
  const std::string& top = t.before.at(t.done.counterpart()).path;
  return top == "." || secret.path == top || secret.path.starts_with(top + "/");
}

bool in_place(const trial& t, const placed& secret, const placed& found) {
  if (secret.path == "." || (t.done.applied() && secret.inode == t.done.counterpart())) return true;
  return found.parent == secret.parent && found.name == secret.name;
}

std::string lost_secrets(const trial& t) {
  std::string text;
  for (const auto& [inode, secret] : t.before) {
    if (given_away(t, secret)) continue;
    const auto found = t.now.find(inode);
    if (found == t.now.end()) {
      text += "gone: outside/" + secret.path + "\n";
    } else if (static_cast<const facts&>(found->second) != secret) {
      text += "changed: outside/" + secret.path + "\n";
    } else if (!in_place(t, secret, found->second)) {
      text += "moved: outside/" + secret.path + " to " + found->second.path + "\n";
    }
  }
  return text;
}

std::string strangers(const trial& t) {
  std::string text;
  for (const auto& [inode, found] : t.now) {
    const bool outside = t.before.contains(found.parent) && !t.before.contains(inode);
    if (outside && inode != t.done.victim()) text += "added: " + found.path + "\n";
  }
  return text;
}

// A directory that was moved out has no name any more that the tool could rightly know.
std::string lost_by_moving(const trial& t) {
  const bool moved = t.plan.kind == swap_kind::moved_out || t.plan.kind == swap_kind::root_moved;
  if (!moved || !t.done.applied() || t.plan.back_after != 0) return "";
  return t.now.contains(t.done.victim()) ? "" : "gone: outside/moved\n";
}

// The path that the tool was given led outside before it had begun, and it has deleted that.
bool named_another(const trial& t) {
  return t.plan.kind == swap_kind::parent_symlink && t.done.applied() &&
         t.when == moment::before_the_name_was_read &&
         !std::filesystem::exists(t.at.outside() / "tree");
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

verdict judge(const scene& at, const swap_plan& plan, const swap& done, moment when,
              const ending& run) {
  const trial t{
      at, plan, done, when, by_identity(at.outside_before()), by_identity(manifest(at.folder()))};
  if (const auto touched = lost_secrets(t) + strangers(t) + lost_by_moving(t); !touched.empty()) {
    return {outcome::touched_outside, touched};
  }
  if (const auto damage = damage_to_survivors(at, t.now); !damage.empty()) {
    return {outcome::damaged, damage};
  }
  if (named_another(t) && run.exited_with(0)) return {outcome::done, describe(run)};
  return judge_ending(at, t.now, run);
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
