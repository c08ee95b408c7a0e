// What tests of deletion begin with: a tree `t` in a directory of the test's own, and what is left.
#pragma once

#include "afio/random_name.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"
#include "tests/algorithms/scene.hpp"

#include <set>
#include <string>
#include <vector>

namespace afio::unit {

using lines = std::vector<std::string>;
using list = std::set<std::string>;

inline const list nothing_left;

using extent = enum remove_options::extent;
using doing = enum remove_options::doing;
using permissions = enum remove_options::permissions;

/// For any number of workers.
class removal_scene : public any_threads {
protected:
  result<remove_report> try_remove(const char* name, remove_options options = {}) {
    options.tree.threads = GetParam();
    return remove_tree(dir, leaf(name), name, options, told);
  }

  remove_report remove(const remove_options& options = {}) {
    return take(try_remove("t", options));
  }

  remove_report reap_all(remove_options options = {}) {
    options.tree.threads = GetParam();
    return take(reap(dir, "", options, told));
  }

  /// All paths in the scene but those that are expected to be there.
  list left(const list& expected = {}) const {
    list found;
    for (const auto& [path, entry] : testing::manifest(scratch.path()).entries) {
      if (path != "." && !expected.contains(path)) found.insert(path);
    }
    return found;
  }

  /// How many names of the scene's own directory are of the private pattern.
  std::size_t private_names() const {
    const auto all = names();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [](const auto& name) { return is_random_name(name); }));
  }

  listener told;
};

} // namespace afio::unit
