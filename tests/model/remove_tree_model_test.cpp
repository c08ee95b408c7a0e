// What deletion leaves of random trees, with random options, is what a model in memory says.
#include "afio/random_name.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/model/model_run.hpp"
#include "tests/model/random_tree.hpp"
#include "tests/support/mounts.hpp"

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using paths = std::set<std::string>;

// ---------------------------------------------------------------------------------------- options

using extent = enum remove_options::extent;
using permissions = enum remove_options::permissions;

remove_options random_options(std::mt19937_64& random) {
  constexpr std::array<unsigned, 4> budgets = {0, 3, 8, 64};
  remove_options options;
  options.tree.threads = 1 + static_cast<unsigned>(random() % 3);
  options.tree.descriptors = budgets[random() % budgets.size()];
  if (random() % 3 == 0) options.hide = remove_options::hide::first;
  if (random() % 3 == 0) options.extent = extent::all_or_nothing;
  if (random() % 2 == 0) options.permissions = permissions::force;
  return options;
}

std::string describe(const remove_options& options, std::uint64_t seed) {
  return "AFIO_MODEL_TREES=1 AFIO_MODEL_SEED=" + std::to_string(seed) + ": threads " +
         std::to_string(options.tree.threads) + ", descriptors " +
         std::to_string(options.tree.descriptors) +
         (options.hide == remove_options::hide::first ? ", hidden" : "") +
         (options.extent == extent::all_or_nothing ? ", all or nothing" : "") +
         (options.permissions == permissions::force ? ", forced" : "");
}

// ------------------------------------------------------------------------------------------ model

/// What is left of a tree, and which paths were told as failures.
struct outcome {
  paths left, failed;
};

/// Deletes in the model what can be deleted, tips to trunk.
class model_removal {
public:
  model_removal(const tree_model& model, const remove_options& options)
      : model_(model), options_(options) {
    for (const auto& [path, entry] : model.entries) {
      if (entry.immutable) immutable_.insert(inode_of(path));
      left_[tree_model::parent_of(path)] += 1;
    }
  }

  outcome run() {
    if (options_.extent == extent::all_or_nothing && has_obstacle()) {
      for (const auto& [path, entry] : model_.entries) result_.left.insert(path);
      return result_; // Which of them are told, depends on where it was noticed.
    }
    // A path sorts before those below it, so backwards a directory comes after all in it.
    for (auto at = model_.entries.rbegin(); at != model_.entries.rend(); ++at) {
      remove(at->first, at->second);
    }
    return result_;
  }

  bool has_obstacle() const {
    return std::any_of(model_.entries.begin(), model_.entries.end(),
                       [](const auto& e) { return e.second.immutable || e.second.unreadable; });
  }

private:
  std::string inode_of(const std::string& path) const {
    const auto& other = model_.entries.at(path).linked_to;
    return other.empty() ? path : other;
  }

  /// In an unreadable directory nothing is reached.
  bool is_reached(const std::string& path) const {
    if (options_.permissions == permissions::force) return true;
    for (auto above = tree_model::parent_of(path); !above.empty();
         above = tree_model::parent_of(above)) {
      if (model_.entries.at(above).unreadable) return false;
    }
    return true;
  }

  void remove(const std::string& path, const tree_model::entry& e) {
    if (!is_reached(path)) {
      result_.left.insert(path);
      return;
    }
    const bool is_directory = e.what == tree_model::kind::directory;
    const bool listed = !e.unreadable || options_.permissions == permissions::force;
    if (is_directory && left_[path] != 0) {
      if (!listed) result_.failed.insert(path);
      result_.left.insert(path);
      return;
    }
    const auto parent = tree_model::parent_of(path);
    const bool fixed = immutable_.contains(inode_of(path)) || immutable_.contains(parent);
    if (fixed) {
      result_.failed.insert(path);
      result_.left.insert(path);
      return;
    }
    --left_[parent];
  }

  const tree_model& model_;
  const remove_options& options_;
  std::map<std::string, unsigned> left_; // Entries of each directory.
  paths immutable_;
  outcome result_;
};

/// A tenth of the entries are immutable, a fifth of the directories unreadable, or none at all.
void add_obstacles(std::mt19937_64& random, tree_model& model) {
  const auto how = random() % 4;
  for (auto& [path, entry] : model.entries) {
    const bool can_be_immutable =
        (entry.what == tree_model::kind::file && entry.linked_to.empty()) ||
        entry.what == tree_model::kind::directory;
    if ((how == 1 || how == 3) && can_be_immutable && random() % 10 == 0) entry.immutable = true;
    // One that is both could not be given its mode back by a user.
    if (how >= 2 && !entry.immutable && entry.what == tree_model::kind::directory &&
        random() % 5 == 0)
      entry.unreadable = true;
  }
}

std::string private_name(const paths& names) {
  const auto found =
      std::find_if(names.begin(), names.end(), [](const auto& n) { return is_random_name(n); });
  return found != names.end() ? *found : "";
}

// ------------------------------------------------------------------------------------------ tests

TEST(RemoveTreeModel, OfWhatCanBeDeletedNothingIsLeft) {
  const model_run run(600);
  const testing::scratch_directory scratch;
  const testing::descriptor_guard guard;
  const path_handle dir = anchor(scratch.path());
  for (std::uint64_t tree = 0; tree < run.trees(); ++tree) {
    std::mt19937_64 random(run.seed_of(tree));
    const tree_model model = random_tree(random, 60);
    const remove_options options = random_options(random);
    SCOPED_TRACE(describe(options, run.seed_of(tree)));
    write_tree(model, scratch / "t");
    listener told;
    const auto done = remove_tree(dir, leaf("t"), "t", options, told);
    ASSERT_TRUE(succeeded(done));
    ASSERT_TRUE(told.failures.empty()) << told;
    ASSERT_EQ(done.assume_value().deleted, model.entries.size() + 1);
    ASSERT_EQ(names_in(scratch.path()), paths{});
    paths told_deleted;
    for (const auto& e : told.events) {
      if (e.path != "t" && options.hide == remove_options::hide::no)
        told_deleted.insert(e.path.substr(2));
    }
    if (options.hide == remove_options::hide::no) {
      for (const auto& [path, entry] : model.entries) ASSERT_TRUE(told_deleted.contains(path));
    }
    ASSERT_EQ(told.events.size(), model.entries.size() + 1);
  }
}

/// On ext4, by a user to whom all of it belongs.
TEST(RemoveTreeModel, OfWhatCannotBeDeletedThatAndNoMoreIsLeft) {
  if (const auto reason = no_other_user(); !reason.empty()) GTEST_SKIP() << reason;
  const testing::loop_fs ext4(testing::file_system::ext4);
  if (!ext4) GTEST_SKIP() << ext4.why_not();
  const testing::descriptor_guard guard;
  const model_run run(400);
  const path_handle dir = anchor(ext4.path());
  give_to(nobody, ext4.path());
  std::uint64_t troubled = 0;
  for (std::uint64_t tree = 0; tree < run.trees(); ++tree) {
    std::mt19937_64 random(run.seed_of(tree));
    tree_model model = random_tree(random, 40);
    add_obstacles(random, model);
    const remove_options options = random_options(random);
    SCOPED_TRACE(describe(options, run.seed_of(tree)));
    write_tree(model, ext4 / "t", nobody);
    const testing::manifest before(ext4 / "t");
    const outcome expected = model_removal(model, options).run();

    const int ended = as_user(nobody, [&] {
      listener told;
      const auto done = remove_tree(dir, leaf("t"), "t", options, told);
      ASSERT_TRUE(succeeded(done));
      const auto all = told.failed_paths();
      const paths failed(all.begin(), all.end());
      EXPECT_EQ(failed.size(), all.size()) << "each once";
      EXPECT_EQ(failed.empty(), expected.left.empty());
      if (options.extent == extent::each_entry && options.hide == remove_options::hide::no) {
        paths named;
        for (const auto& path : expected.failed) named.insert("t/" + path);
        EXPECT_EQ(failed, named) << told;
      }
    });
    ASSERT_EQ(ended, 0);

    const auto roots = names_in(ext4.path());
    if (expected.left.empty()) {
      ASSERT_FALSE(roots.contains("t"));
      continue;
    }
    ++troubled;
    const bool hidden =
        options.hide == remove_options::hide::first && options.extent == extent::each_entry;
    ASSERT_EQ(roots.contains("t"), !hidden);
    const auto root = ext4 / (hidden ? private_name(roots) : "t");
    ASSERT_EQ(read_tree(root), expected.left);
    for (const auto& [path, entry] : testing::manifest(root).entries) {
      ASSERT_EQ(entry.mode, before.entries.at(path).mode) << path;
    }
    testing::remove_by_force(root);
  }
  EXPECT_GE(troubled, run.trees() / 4);
}

} // namespace
} // namespace afio::unit
