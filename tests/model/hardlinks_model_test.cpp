// The groups of hard links in random trees are those that a model in memory has.
#include "algorithms/hardlinks/names_of.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/model/model_run.hpp"
#include "tests/model/random_tree.hpp"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

/// The names of an inode that has several, below the roots, and how many it has elsewhere.
struct linked {
  std::set<std::string> names;
  std::uint64_t elsewhere = 0;
  auto operator<=>(const linked&) const = default;
};

std::set<linked> expected_groups(const tree_model& model, const std::set<std::string>& others) {
  std::map<std::string, linked> by_first;
  for (const auto& [path, e] : model.entries) {
    const auto& first = e.linked_to.empty() ? path : e.linked_to;
    if (e.what != tree_model::kind::directory) by_first[first].names.insert("t/" + path);
  }
  for (const auto& path : others) by_first.at(path).elsewhere += 1;
  std::set<linked> groups;
  for (const auto& [first, group] : by_first) {
    if (group.names.size() + group.elsewhere > 1) groups.insert(group);
  }
  return groups;
}

std::set<linked> groups_of(const hardlinks_report& report) {
  std::set<linked> groups;
  for (const link_group& group : report.groups) {
    linked one{.elsewhere = group.elsewhere()};
    for (const linked_name& name : group.names) one.names.insert(name.path());
    EXPECT_EQ(one.names.size(), group.names.size());
    groups.insert(one);
  }
  EXPECT_EQ(groups.size(), report.groups.size());
  return groups;
}

/// Gives some of the inodes a name outside of the tree. Of which entries; each the first.
std::set<std::string> link_outside(std::mt19937_64& random, const tree_model& model,
                                   const fs::path& root) {
  std::set<std::string> linked;
  fs::create_directory(root / "other");
  for (const auto& [path, e] : model.entries) {
    const bool first = e.what != tree_model::kind::directory && e.linked_to.empty();
    if (!first || random() % 5 != 0) continue;
    fs::create_hard_link(root / "t" / path, root / "other" / std::to_string(linked.size()));
    linked.insert(path);
  }
  return linked;
}

TEST(HardlinksModel, GroupsAreThoseOfTheModel) {
  const model_run run(1000);
  const testing::scratch_directory scratch;
  const testing::descriptor_guard guard;
  std::uint64_t groups = 0, incomplete = 0;
  for (std::uint64_t tree = 0; tree < run.trees(); ++tree) {
    std::mt19937_64 random(run.seed_of(tree));
    SCOPED_TRACE("AFIO_MODEL_TREES=1 AFIO_MODEL_SEED=" + std::to_string(run.seed_of(tree)));
    const tree_model model = random_tree(random, 60);
    write_tree(model, scratch / "t");
    const auto others = link_outside(random, model, scratch.path());
    const auto expected = expected_groups(model, others);
    listener told;
    const hardlinks_options options{.tree = {.threads = 1 + static_cast<unsigned>(tree % 3)}};
    {
      const tree_root root(scratch / "t", "t");
      const walk_root roots[] = {root.get()};
      ASSERT_TRUE(groups_of(take(find_hardlinks(roots, options, told))) == expected);
      for (const linked& group : expected) {
        const fs::path first = scratch / *group.names.begin();
        const location at{anchor(first.parent_path()),
                          take(leaf_buffer::from(first.filename().native()))};
        const auto found = take(names_of(at, roots, options, told));
        ASSERT_EQ(std::set(found.paths.begin(), found.paths.end()), group.names);
        ASSERT_EQ(found.missing(), group.elsewhere);
        incomplete += group.elsewhere != 0 ? 1 : 0;
      }
    }
    groups += expected.size();
    ASSERT_TRUE(told.failures.empty()) << told;
    for (const char* name : {"t", "other"}) testing::remove_by_force(scratch / name);
  }
  EXPECT_GT(groups, run.trees());
  EXPECT_GT(incomplete, run.trees());
}

} // namespace
} // namespace afio::unit
