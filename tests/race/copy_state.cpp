#include "tests/race/copy_state.hpp"

namespace afio::testing {
namespace {

std::string leaf_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

} // namespace

manifest read_copies(const scene& at, const census& now) {
  const auto found = now.find(at.copies_identity());
  return found == now.end() ? manifest() : manifest(at.folder() / found->second.path);
}

manifest read_copy(const scene& at, const census& now) {
  const auto found = now.find(at.copies_identity());
  if (found == now.end()) return {};
  const auto root = at.copy_in(at.folder() / found->second.path);
  return is_directory(symlink_status(root)) ? manifest(root) : manifest();
}

bool is_new(const scene& at, const std::string& path, const facts& entry) {
  const auto original = at.tree_before().entries.find(path);
  return original != at.tree_before().entries.end() && same_but_for_links(entry, original->second);
}

bool is_old(const scene& at, const std::string& path, const manifest_entry& entry) {
  const auto old = at.copy_before().entries.find(path);
  return old != at.copy_before().entries.end() && entry.inode == old->second.inode &&
         same_but_for_links(entry, old->second);
}

bool has_temporary_name(const std::string& path) { return is_temporary_name(leaf_of(path)); }

std::string torn_names(const scene& at, const manifest& copy) {
  std::string text;
  for (const auto& [path, entry] : copy.entries) {
    const auto old = at.copy_before().entries.find(path);
    const bool merged = entry.type == 'd' && old != at.copy_before().entries.end();
    const bool right =
        merged || has_temporary_name(path) || is_new(at, path, entry) || is_old(at, path, entry);
    if (!right) text += "torn: tree/" + path + "\n";
  }
  return text;
}

std::string not_copied(const scene& at, const manifest& copy) {
  std::string text;
  for (const auto& [path, original] : at.tree_before().entries) {
    const auto found = copy.entries.find(path);
    const bool there = found != copy.entries.end() && same_but_for_links(found->second, original);
    if (!there) text += "not copied: tree/" + path + "\n";
  }
  return text;
}

std::string lost_names(const scene& at, const manifest& copy) {
  std::string text;
  for (const auto& [path, old] : at.copy_before().entries) {
    if (at.tree_before().entries.contains(path) && !copy.entries.contains(path))
      text += "lost: tree/" + path + "\n";
  }
  return text;
}

std::string not_deleted(const scene& at, const manifest& copy) {
  std::string text;
  for (const auto& [path, old] : at.copy_before().entries) {
    if (!at.tree_before().entries.contains(path) && copy.entries.contains(path))
      text += "not deleted: tree/" + path + "\n";
  }
  return text;
}

std::string lost_data(const scene& at, const census& now) {
  const manifest copy = read_copy(at, now);
  std::string text;
  for (const auto& [path, original] : at.tree_before().entries) {
    const auto survivor = now.find(original.inode);
    const bool survives = survivor != now.end() &&
                          (original.type == 'd' || same_but_for_links(survivor->second, original));
    const auto copied = copy.entries.find(path);
    const bool there = copied != copy.entries.end() && is_new(at, path, copied->second);
    if (!survives && !there) text += "lost: tree/" + path + "\n";
  }
  return text;
}

std::string left_of_source(const scene& at, const census& now) {
  std::string text;
  for (const auto& [path, original] : at.tree_before().entries) {
    const auto survivor = now.find(original.inode);
    if (survivor != now.end()) text += "left: " + survivor->second.path + "\n";
  }
  return text;
}

std::string untold_leftovers(const manifest& copies, const std::string& said) {
  std::string text;
  for (const auto& [path, entry] : copies.entries) {
    if (has_temporary_name(path) && said.find(leaf_of(path)) == std::string::npos)
      text += "not told of: copies/" + path + "\n";
  }
  return text;
}

} // namespace afio::testing
