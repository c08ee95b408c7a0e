// Clones of random trees, one after another, are equal to their source, and none changes another.
#include "algorithms/clone_tree/clone_tree.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/model/furnished.hpp"
#include "tests/model/model_run.hpp"
#include "tests/model/random_tree.hpp"

#include <map>
#include <random>
#include <string>

#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

class CloneModel : public per_file_system {
protected:
  clone_report clone(const path_handle* previous, const char* name, std::mt19937_64& random) {
    clone_options options;
    options.tree.threads = 1 + static_cast<unsigned>(random() % 3);
    if (random() % 4 == 0) options.share = clone_options::sharing::reflinks;
    if (random() % 2 == 0) options.how = comparing::content;
    return take(clone_tree(dir, leaf("s"), previous, dir, leaf(name), "s", options, told));
  }

  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, CloneModel, all_kinds(), kind_of);

/// Some of the entries are other by now, some are gone.
void change(std::mt19937_64& random, const tree_model& model, const fs::path& root) {
  tree_model some;
  for (const auto& e : model.entries) {
    if (random() % 4 == 0) some.entries.insert(e);
  }
  furnish(random, some, root);
  for (const auto& [path, e] : model.entries) {
    if (e.what != tree_model::kind::directory && random() % 8 == 0) fs::remove(root / path);
  }
}

TEST_P(CloneModel, ClonesAreEqualToTheirSourceAndLeaveEachOtherAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const model_run run(40);
  std::uint64_t shared = 0, copied = 0;
  for (std::uint64_t tree = 0; tree < run.trees(); ++tree) {
    SCOPED_TRACE("AFIO_MODEL_TREES=1 AFIO_MODEL_SEED=" + std::to_string(run.seed_of(tree)));
    std::mt19937_64 random(run.seed_of(tree));
    const tree_model model = random_tree(random, 40);
    write_tree(model, at("s"));
    furnish(random, model, at("s"));
    ASSERT_EQ(clone(nullptr, "c1", random).failures, 0U) << told;
    const auto first = picture_of(at("c1"));
    ASSERT_TRUE(first == picture_of(at("s")));
    change(random, model, at("s"));
    const path_handle older = take(path_handle::path(dir, leaf("c1")));
    const auto report = clone(&older, "c2", random);
    ASSERT_EQ(report.failures, 0U) << told;
    ASSERT_TRUE(picture_of(at("c2")) == picture_of(at("s")));
    ASSERT_TRUE(picture_of(at("c1")) == first);
    shared += report.shared;
    copied += report.created;
    for (const char* name : {"s", "c1", "c2"}) testing::remove_by_force(at(name));
  }
  EXPECT_GT(shared, run.trees());
  EXPECT_GT(copied, run.trees());
}

} // namespace
} // namespace afio::unit
