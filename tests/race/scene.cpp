#include "tests/race/scene.hpp"

#include "tests/support/failed.hpp"

#include <algorithm>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>

namespace afio::testing {
namespace {

constexpr std::string_view secrets = R"(
  f secret 64 0600
  d locked 0700
  f locked/secret 64 0400
  l link -> secret
  d tree
)";

// What only a copy has: nothing but its name is known of it elsewhere.
constexpr std::string_view own_of_copy = R"(
  f outside/mine 5 0600
  f outside/a/b/own 9 0600
)";

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

// A file's contents follow from its name in the literal.
std::string with_other_contents(std::string_view literal, const std::string& above) {
  std::istringstream lines{std::string(literal)};
  std::string result, type, name, rest;
  while (lines >> type >> name && std::getline(lines, rest)) {
    // The name that another hardlink of it has.
    if (const auto other = rest.find("= "); type == "h") rest.insert(other + 2, above + "/");
    result += type + " " + above + "/" + name + rest + "\n";
  }
  return result;
}

void set_times(const std::filesystem::path& below) {
  const timespec times[] = {{scene::time_of_all, 0}, {scene::time_of_all, 0}};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(below))
    checked(::utimensat(AT_FDCWD, entry.path().c_str(), times, AT_SYMLINK_NOFOLLOW), entry.path());
}

identity identity_of_path(const std::filesystem::path& at) {
  struct ::stat found {};

  ::stat(at.c_str(), &found);
  return identity_of(found);
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

const std::string_view tree_to_copy = R"(
  d a 0750
  f a/f 30 0640
  d a/b 0705
  f a/b/f 20 0604
  d a/b/c 0711
  f a/b/c/f 10 0600
  f a/b/c/g 0 0444
  l a/link -> f
  f f 40 0755
  h a/b/again = f
  d n 0700
  f n/f 25 0644
  p p 0620
  f s 50 04755
  o s 1001 1002
)";

const std::string_view older_copy = R"(
  d a 0755
  f a/f 33 0644
  d a/b 0755
  f a/b/f 22 0666
  d a/b/c 0755
  f a/b/c/f 11 0644
  f f 44 0644
  f mine 5 0600
  d n 0755
)";

const std::string_view tree_to_list = R"(
  d a 0750
  f a/f 30 0640
  h a/f2 = a/f
  d a/b 0705
  f a/b/f 20 0604
  h a/b/f2 = a/b/f
  d a/b/c 0711
  f a/b/c/f 10 0600
  h a/b/c/f2 = a/b/c/f
  f f 40 0755
  h f2 = f
)";

const std::string_view tree_to_dedupe = R"(
  d a 0750
  f a/f 3000 0640
  d a/b 0705
  e a/b/f = a/f 0640
  d a/b/c 0711
  e a/b/c/f = a/f 0640
  f a/b/c/g 2000
  e f = a/f 0640
  d n 0700
  e n/g = a/b/c/g
)";

const std::string_view tree_to_punch = R"(
  d a 0750
  z a/f 16384 0640
  d a/b 0705
  z a/b/f 16384 0604
  d a/b/c 0711
  z a/b/c/f 16384 0600
  z f 16384 0755
  d n 0700
)";

const std::string_view copy_to_update = R"(
  d a 0755
  f a/f 33 0644
  d a/b 0755
  f a/b/f 22 0666
  f a/b/extra 6 0600
  d a/b/c 0755
  f a/b/c/f 11 0644
  d f 0755
  f f/inner 44 0644
  f mine 5 0600
  d old 0700
  f old/file 7 0644
  f n 8 0644
)";

bool same_but_for_links(facts one, const facts& other) {
  one.links = other.links;
  return one == other;
}

const std::string_view older_clone = R"(
  d a 0755
  f a/f 30 0640
  d a/b 0705
  f a/b/f 20 0604
  f a/b/extra 6 0600
  d a/b/c 0711
  f a/b/c/f 11 0600
  f a/b/c/g 0 0444
  l a/link -> f
  f f 40 0755
  d n 0700
  f n/f 25 0640
  f mine 5 0600
  p p 0620
  f s 50 04755
  o s 1001 1002
)";

const std::string_view base = R"(
  d a 0755
  f a/f 33 0644
  d a/b 0755
  f a/b/f 22 0666
  f a/b/extra 6 0600
  d a/b/c 0755
  f a/b/c/f 11 0644
  f a/b/c/g 0 0444
  l a/link -> f
  d f 0755
  f f/inner 44 0644
  d old 0700
  f old/file 7 0644
  f n 8 0644
  p p 0620
  f s 50 04755
  o s 1001 1002
)";

const std::string_view copy_to_merge = R"(
  d a 0755
  f a/f 33 0644
  d a/b 0755
  f a/b/f 22 0666
  f a/b/extra 6 0600
  f a/b/own 9 0600
  d a/b/c 0755
  f a/b/c/f 11 0644
  f a/b/c/g 0 0444
  l a/link -> f
  d f 0755
  f f/inner 44 0644
  f mine 5 0600
  d old 0700
  f old/file 7 0644
  f n 8 0644
  p p 0620
  f s 50 0600
  o s 1001 1002
)";

identity directory_of(const manifest& read, const std::string& path) {
  return read.entries.at(parent_of(path)).inode;
}

census by_identity(const manifest& read) {
  census result;
  for (const auto& [path, entry] : read.entries) {
    placed here{entry, path, path.substr(path.rfind('/') + 1), {}};
    if (path != ".") here.parent = directory_of(read, path);
    result.emplace(entry.inode, std::move(here));
  }
  return result;
}

scene::scene(std::string_view tree_literal, std::string_view old_copy, copies_are where,
             outside_reads as) {
  make_tree(root(), tree_literal);
  if (as == outside_reads::the_same)
    make_tree(outside(), tree_literal);
  else
    make_tree(folder(), with_other_contents(tree_literal, "outside"));
  make_tree(outside(), secrets);
  make_tree(park(), "");
  make_tree(copies(), "");
  if (where == copies_are::on_another_file_system)
    other_file_system_ = mounted::device("tmpfs", copies(), "tmpfs", "mode=0755,size=16m");
  tree_before_ = manifest(root());
  outside_before_ = manifest(outside());
  if (!old_copy.empty()) {
    make_tree(copy(), old_copy);
    copy_before_ = manifest(copy());
  }
  base_identity_ = identity_of_path(base());
  copies_identity_ = identity_of_path(copies());
}

scene::scene(std::string_view tree_literal, std::string_view old_copy,
             std::string_view older_literal, older_is where)
    : scene(tree_literal, old_copy) {
  in_series_ = where == older_is::in_series;
  make_tree(older(), older_literal);
  make_tree(folder(), own_of_copy);
  set_times(folder());
  older_before_ = manifest(older());
  outside_before_ = manifest(outside());
}

std::filesystem::path scene::copy_in(const std::filesystem::path& copies) const {
  if (!in_series_) return copies / "tree";
  std::filesystem::path newest;
  for (const auto& entry : std::filesystem::directory_iterator(copies)) {
    const std::string name = entry.path().filename();
    const bool is_clone = name.starts_with("20") && entry.is_directory() && name != older_name;
    if (is_clone && name > newest.filename()) newest = entry.path();
  }
  return newest.empty() ? copies / "none" : newest;
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
