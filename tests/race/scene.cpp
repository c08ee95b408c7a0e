#include "tests/race/scene.hpp"

#include <algorithm>

namespace afio::testing {
namespace {

constexpr std::string_view secrets = R"(
  f secret 64 0600
  d locked 0700
  f locked/secret 64 0400
  l link -> secret
  d tree
)";

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

bool same_but_for_links(facts now, const facts& before) {
  now.links = before.links;
  return now == before;
}

} // namespace

const std::string_view small_tree = R"(
  d a 0750
  f a/f 30 0640
  d a/b 0705
  f a/b/f 20 0604
  d a/b/c 0711
  f a/b/c/f 10 0600
  f a/b/c/g 0 0444
  d a/e 0500
  l a/link -> f
  f f 40 0755
  d n 0700
)";

census by_identity(const manifest& read) {
  census result;
  for (const auto& [path, entry] : read.entries) {
    placed here{entry, path, path.substr(path.rfind('/') + 1), {}};
    if (path != ".") here.parent = read.entries.at(parent_of(path)).inode;
    result.emplace(entry.inode, std::move(here));
  }
  return result;
}

scene::scene(std::string_view tree_literal) {
  make_tree(root(), tree_literal);
  make_tree(outside(), tree_literal);
  make_tree(outside(), secrets);
  make_tree(park(), "");
  tree_before_ = manifest(root());
  outside_before_ = manifest(outside());

  struct ::stat found {};

  ::stat(base().c_str(), &found);
  base_identity_ = identity_of(found);
}

std::string damage_to_survivors(const scene& at, const census& now) {
  std::string damage;
  for (const auto& [path, before] : at.tree_before().entries) {
    const auto survivor = now.find(before.inode);
    if (survivor != now.end() && !same_but_for_links(survivor->second, before)) {
      damage += "changed: tree/" + path + ", now at " + survivor->second.path + "\n";
    }
  }
  return damage;
}

bool is_temporary_name(const std::string& name) {
  constexpr std::string_view prefix = ".afio-";
  return name.size() == prefix.size() + 32 && name.starts_with(prefix) &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
}

std::vector<placed> in_base(const scene& at, const census& now) {
  std::vector<placed> found;
  for (const auto& [inode, entry] : now) {
    if (entry.parent == at.base_identity()) found.push_back(entry);
  }
  return found;
}

std::string untold_places(const scene& at, const census& now, const std::string& said) {
  std::string text;
  for (const auto& entry : in_base(at, now)) {
    const bool told = said.find(entry.name) != std::string::npos;
    if (is_temporary_name(entry.name) && !told) text += "not told of: " + entry.path + "\n";
  }
  return text;
}

bool anything_left(const scene& at, const census& now) { return !in_base(at, now).empty(); }

bool all_or_nothing(const scene& at, const census& now) {
  const auto& before = at.tree_before().entries;
  const bool all = std::all_of(before.begin(), before.end(),
                               [&](const auto& entry) { return now.contains(entry.second.inode); });
  const auto root = now.find(before.at(".").inode);
  const bool nothing = root == now.end() || root->second.name != "tree";
  return all || nothing;
}

} // namespace afio::testing
