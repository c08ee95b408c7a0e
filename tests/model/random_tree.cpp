#include "tests/model/random_tree.hpp"

#include "tests/algorithms/scene.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/tree.hpp"

#include <iterator>
#include <stdexcept>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace afio::unit {

namespace fs = std::filesystem;
using testing::checked;

namespace {

unsigned below(std::mt19937_64& random, unsigned limit) {
  // Not a distribution of the standard library's, which differ from one to the other.
  return static_cast<unsigned>(random() % limit);
}

bool one_in(std::mt19937_64& random, unsigned n) { return below(random, n) == 0; }

std::string random_leaf(std::mt19937_64& random) {
  const unsigned kind = below(random, 12);
  if (kind == 0) return std::string(255, static_cast<char>('a' + below(random, 26)));
  std::string name;
  const unsigned length = 1 + below(random, kind < 4 ? 2 : 12);
  for (unsigned i = 0; i < length; ++i) {
    const auto byte = static_cast<char>(1 + below(random, 255));
    name += byte == '/' || (byte == '.' && length < 3) ? '-' : byte;
  }
  return name;
}

/// Directories are preferred where the last one was made, so that some trees are deep.
std::string random_directory(std::mt19937_64& random, const std::vector<std::string>& all) {
  return one_in(random, 3) ? all.back() : all[below(random, static_cast<unsigned>(all.size()))];
}

tree_model::kind random_kind(std::mt19937_64& random) {
  switch (below(random, 8)) {
  case 0:
  case 1:
  case 2:
    return tree_model::kind::directory;
  case 3:
    return tree_model::kind::symlink;
  case 4:
    return tree_model::kind::fifo;
  default:
    return tree_model::kind::file;
  }
}

void add_entry(std::mt19937_64& random, tree_model& model, std::vector<std::string>& directories) {
  const std::string parent = random_directory(random, directories);
  const std::string path = (parent.empty() ? "" : parent + "/") + random_leaf(random);
  // Longer ones cannot be made by their path.
  if (path.size() > 2000 || model.entries.contains(path)) return;
  tree_model::entry made{random_kind(random)};
  if (made.what != tree_model::kind::directory && !model.entries.empty() && one_in(random, 6)) {
    auto other = std::next(model.entries.begin(),
                           below(random, static_cast<unsigned>(model.entries.size())));
    if (other->second.what != tree_model::kind::directory) {
      made.what = other->second.what;
      made.linked_to = other->second.linked_to.empty() ? other->first : other->second.linked_to;
    }
  }
  if (made.what == tree_model::kind::directory) directories.push_back(path);
  model.entries.emplace(path, made);
}

void make_entry(const fs::path& root, const std::string& path, const tree_model::entry& e) {
  const fs::path at = root / path;
  if (!e.linked_to.empty()) {
    checked(::link((root / e.linked_to).c_str(), at.c_str()), path);
    return;
  }
  switch (e.what) {
  case tree_model::kind::file:
    checked(::mknod(at.c_str(), S_IFREG | 0644, 0), path);
    return;
  case tree_model::kind::directory:
    checked(::mkdir(at.c_str(), 0755), path);
    return;
  case tree_model::kind::symlink:
    checked(::symlink("/etc/passwd", at.c_str()), path);
    return;
  case tree_model::kind::fifo:
    checked(::mkfifo(at.c_str(), 0644), path);
    return;
  }
}

} // namespace

bool tree_model::is_directory(const std::string& path) const {
  const auto found = entries.find(path);
  return found != entries.end() && found->second.what == kind::directory;
}

std::string tree_model::parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

tree_model random_tree(std::mt19937_64& random, unsigned most_entries) {
  tree_model model;
  std::vector<std::string> directories = {""};
  for (unsigned left = below(random, most_entries + 1); left != 0; --left) {
    add_entry(random, model, directories);
  }
  return model;
}

tree_model random_relative(std::mt19937_64& random, const tree_model& of, unsigned most_entries) {
  tree_model model;
  std::vector<std::string> directories = {""};
  // In the order of paths, so parents come first.
  for (const auto& [path, entry] : of.entries) {
    const std::string parent = tree_model::parent_of(path);
    const bool has_parent = parent.empty() || model.is_directory(parent);
    if (!has_parent || one_in(random, 3)) continue;
    const tree_model::entry made{one_in(random, 8) ? random_kind(random) : entry.what};
    if (made.what == tree_model::kind::directory) directories.push_back(path);
    model.entries.emplace(path, made);
  }
  for (unsigned left = below(random, most_entries + 1); left != 0; --left) {
    add_entry(random, model, directories);
  }
  return model;
}

void write_tree(const tree_model& model, const fs::path& root, uid_t owner) {
  checked(::mkdir(root.c_str(), 0755), root);
  // A path sorts before those below it, but a link may come before what it is linked to.
  for (const auto& [path, entry] : model.entries) {
    if (entry.linked_to.empty()) make_entry(root, path, entry);
  }
  for (const auto& [path, entry] : model.entries) {
    if (!entry.linked_to.empty()) make_entry(root, path, entry);
  }
  if (owner != ::geteuid()) give_to(owner, root);
  for (auto at = model.entries.rbegin(); at != model.entries.rend(); ++at) {
    if (at->second.unreadable) checked(::chmod((root / at->first).c_str(), 0), at->first);
    if (at->second.immutable && !set_immutable(root / at->first, true)) {
      throw std::runtime_error("cannot make immutable: " + at->first);
    }
  }
}

std::set<std::string> read_tree(const fs::path& root) {
  std::set<std::string> paths;
  for (const auto& [path, entry] : testing::manifest(root).entries) {
    if (path != ".") paths.insert(path);
  }
  return paths;
}

} // namespace afio::unit
