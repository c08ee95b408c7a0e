// An update makes random trees equal, whatever was there, and a second one does nothing.
#include "algorithms/copy_tree/copy_tree.hpp"
#include "algorithms/update_tree/update_tree.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/model/furnished.hpp"
#include "tests/model/model_run.hpp"
#include "tests/model/random_tree.hpp"

#include <array>
#include <map>
#include <random>
#include <string>

#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

class UpdateModel : public per_file_system {
protected:
  update_report update(const update_options& options) {
    const tree_root source(at("s"), "s"), target(at("t"), "t");
    return take(update_tree(source.get(), target.get(), options, told));
  }

  /// A tree to be updated: a copy, some of which is other by now, or one that has little in common.
  void make_target(std::mt19937_64& random, const tree_model& model) {
    if (random() % 3 == 0) {
      const tree_model other = random_relative(random, model, 40);
      write_tree(other, at("t"));
      return furnish(random, other, at("t"));
    }
    take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", {}, told));
    tree_model some;
    for (const auto& e : model.entries) {
      if (random() % 4 == 0) some.entries.insert(e);
    }
    furnish(random, some, random() % 2 == 0 ? at("s") : at("t"));
  }

  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, UpdateModel, all_kinds(), kind_of);

update_options random_options(std::mt19937_64& random) {
  update_options options;
  options.extras = update_options::extras::remove;
  options.tree.threads = 1 + static_cast<unsigned>(random() % 3);
  constexpr std::array<unsigned, 3> budgets = {0, 8, 64};
  options.tree.descriptors = budgets[random() % budgets.size()];
  if (random() % 2 == 0) options.how = comparing::content;
  if (random() % 4 == 0) options.most_removed = 1000;
  return options;
}

using picture = std::map<std::string, std::string>;

/// What is not in both, or not the same: little, even where pictures are large.
std::string difference(const picture& a, const picture& b) {
  std::string text;
  for (const auto& [name, what] : a) {
    const auto other = b.find(name);
    if (other == b.end() || other->second != what) text += "- " + name + ": " + what + '\n';
  }
  for (const auto& [name, what] : b) {
    const auto other = a.find(name);
    if (other == a.end() || other->second != what) text += "+ " + name + ": " + what + '\n';
  }
  return text;
}

std::uint64_t work_of(const update_report& r) {
  return r.created + r.replaced + r.changed + r.linked + r.removed;
}

TEST_P(UpdateModel, RandomTreesBecomeEqualAndThenStayAsTheyAre) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const model_run run(40);
  std::array<std::uint64_t, 5> done{};
  for (std::uint64_t tree = 0; tree < run.trees(); ++tree) {
    SCOPED_TRACE("AFIO_MODEL_TREES=1 AFIO_MODEL_SEED=" + std::to_string(run.seed_of(tree)));
    std::mt19937_64 random(run.seed_of(tree));
    const tree_model model = random_tree(random, 40);
    write_tree(model, at("s"));
    furnish(random, model, at("s"));
    make_target(random, model);
    const auto source = picture_of(at("s"));
    const update_options options = random_options(random);
    told.events.clear();
    const update_report first = update(options);
    ASSERT_EQ(first.failures, 0U) << told;
    ASSERT_EQ(difference(picture_of(at("t")), source), "") << told;
    ASSERT_EQ(difference(picture_of(at("s")), source), "");
    told.events.clear();
    ASSERT_EQ(work_of(update(options)), 0U) << told;
    done[0] += first.created, done[1] += first.replaced, done[2] += first.changed;
    done[3] += first.linked, done[4] += first.removed;
    testing::remove_by_force(at("s"));
    testing::remove_by_force(at("t"));
  }
  for (const std::uint64_t kind : done) EXPECT_GT(kind, 0U) << "each kind of change was needed";
}

} // namespace
} // namespace afio::unit
