#include "tests/race/trial.hpp"

#include "tests/support/content.hpp"

namespace afio::testing {
namespace {

// A source is only read, whatever has become a part of it.
bool may_be_changed(const trial& t, const placed& secret) {
  const bool written_to = t.tool.does == task::removes || t.tool.does == task::moves ||
                          t.tool.does == task::dedupes || t.plan.where == side::target;
  return written_to && given_away(t, secret);
}

// What an older clone holds gets more names, and nothing else is done to it.
bool is_as_it_was(const trial& t, const placed& secret, const facts& now) {
  const bool shared = t.tool.clones() && t.plan.where == side::older && given_away(t, secret);
  return shared ? same_but_for_links(now, secret) : now == secret;
}

// A symlink at the end of a path that a person names, be it for a tree that is only read.
bool is_followed(const trial& t) {
  const bool kind = t.plan.kind == swap_kind::directory_symlink_absolute ||
                    t.plan.kind == swap_kind::directory_symlink_relative;
  if (!kind || t.plan.depth != 0) return false;
  const bool source = t.plan.where == side::source;
  if (t.tool.clones()) return source || (t.plan.where == side::older && !t.at.is_series());
  return t.tool.does == task::merges_changes ? t.plan.where != side::target
                                             : source && t.tool.does == task::updates;
}

bool in_place(const trial& t, const placed& secret) {
  if (secret.path == "." || (t.done.applied() && secret.inode == t.done.counterpart())) return true;
  return t.is_in_place(secret);
}

std::string lost_secrets(const trial& t) {
  std::string text;
  for (const auto& [inode, secret] : t.before) {
    if (may_be_changed(t, secret)) continue;
    const auto found = t.now.find(inode);
    if (found == t.now.end()) {
      text += "gone: outside/" + secret.path + "\n";
    } else if (!is_as_it_was(t, secret, found->second)) {
      text += "changed: outside/" + secret.path + "\n";
    } else if (!in_place(t, secret)) {
      text += "moved: outside/" + secret.path + " to " + found->second.path + "\n";
    }
  }
  return text;
}

std::string strangers(const trial& t) {
  std::string text;
  for (const auto& [inode, found] : t.now) {
    const auto above = t.before.find(found.parent);
    const bool outside = above != t.before.end() && !t.before.contains(inode);
    if (!outside || may_be_changed(t, above->second) || inode == t.done.victim()) continue;
    text += "added: " + found.path + "\n";
  }
  return text;
}

// A directory that was moved out has no name any more that the tool could rightly know.
std::string lost_by_moving(const trial& t) {
  const bool moved = t.plan.kind == swap_kind::moved_out || t.plan.kind == swap_kind::root_moved;
  if (!moved || !t.done.applied() || t.plan.back_after != 0) return "";
  return t.now.contains(t.done.victim()) ? "" : "gone: outside/moved\n";
}

// What a swap takes the name of, reads what the swap has put there.
bool is_swapped(const trial& t, const placed& was) {
  const bool takes_name = t.plan.kind != swap_kind::file_edited;
  return takes_name && t.done.applied() && was.inode == t.done.victim();
}

} // namespace

trial::trial(const contender& by, const scene& on, const swap_plan& as, const swap& attempted,
             moment then)
    : tool(by),
      at(on),
      plan(as),
      done(attempted),
      when(then),
      before(by_identity(on.outside_before())) {
  const manifest found(on.folder());
  now = by_identity(found);
  for (const auto& [path, entry] : found.entries) {
    if (path == ".") continue;
    const auto name = path.substr(path.rfind('/') + 1);
    names.emplace(std::pair(directory_of(found, path), name), entry.inode);
  }
}

bool trial::is_in_place(const placed& was) const {
  const auto found = names.find({was.parent, was.name});
  return found != names.end() && found->second == was.inode;
}

bool given_away(const trial& t, const placed& secret) {
  if (t.when == moment::after_the_name_was_read || !t.done.applied()) return false;
  if (t.plan.kind == swap_kind::parent_symlink) return secret.path == "tree";
  if (is_followed(t)) return true;
  if (t.plan.kind != swap_kind::directory_other) return false;
  const std::string& top = t.before.at(t.done.counterpart()).path;
  return top == "." || secret.path == top || secret.path.starts_with(top + "/");
}

std::string touched_outside(const trial& t) {
  return lost_secrets(t) + strangers(t) + lost_by_moving(t);
}

std::string wrong_names(const trial& t) {
  const census tree = by_identity(t.at.tree_before());
  std::string text;
  for (const auto& [path, entry] : t.at.tree_before().entries) {
    const placed& was = tree.at(entry.inode);
    if (path == "." || is_swapped(t, was) || t.done.edited().contains(path)) continue;
    const auto found = t.names.find({was.parent, was.name});
    if (found == t.names.end())
      text += "gone: tree/" + path + "\n";
    else if (!same_but_for_links(t.now.at(found->second), was))
      text += "another: tree/" + path + "\n";
  }
  return text;
}

std::string lost_edits(const trial& t) {
  std::string text;
  for (const std::string& path : t.done.edited()) {
    const std::string bytes = content_of(t.at.root() / path);
    const bool whole = bytes.size() == t.at.tree_before().entries.at(path).size;
    if (!whole || bytes.find_first_not_of(swap::edit) != bytes.npos)
      text += "lost: the edit of tree/" + path + "\n";
  }
  return text;
}

} // namespace afio::testing
