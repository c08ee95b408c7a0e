// The rows of two random trees in lockstep are the union that a model in memory makes of them.
#include "tests/algorithms/scene.hpp"
#include "tests/model/model_run.hpp"
#include "tests/model/random_tree.hpp"

namespace afio::unit {
namespace {

using rows_by_path = std::map<std::string, std::string>;

char letter_of(tree_model::kind what) {
  switch (what) {
  case tree_model::kind::file:
    return 'f';
  case tree_model::kind::directory:
    return 'd';
  case tree_model::kind::symlink:
    return 'l';
  case tree_model::kind::fifo:
    return 'p';
  }
  return '?';
}

char letter_of(const cell& c) {
  if (!c.present) return '-';
  switch (c.type) {
  case file_type::regular:
    return 'f';
  case file_type::directory:
    return 'd';
  case file_type::symlink:
    return 'l';
  case file_type::fifo:
    return 'p';
  default:
    return '?';
  }
}

/// Which types a path has in each of the trees.
rows_by_path expected_rows(const std::vector<tree_model>& trees) {
  rows_by_path all;
  for (std::size_t i = 0; i < trees.size(); ++i) {
    for (const auto& [path, entry] : trees[i].entries) {
      auto& row = all.try_emplace(path, std::string(trees.size(), '-')).first->second;
      row[i] = letter_of(entry.what);
    }
  }
  return all;
}

template <std::size_t N>
void compare(const model_run& run) {
  const testing::scratch_directory scratch;
  const testing::descriptor_guard guard;
  for (std::uint64_t tree = 0; tree < run.trees(); ++tree) {
    std::mt19937_64 random(run.seed_of(tree));
    SCOPED_TRACE("AFIO_MODEL_TREES=1 AFIO_MODEL_SEED=" + std::to_string(run.seed_of(tree)));
    std::vector<tree_model> models = {random_tree(random, 60)};
    while (models.size() < N) models.push_back(random_relative(random, models[0], 20));
    std::vector<path_handle> handles;
    std::array<walk_root, N> roots;
    for (std::size_t i = 0; i < N; ++i) {
      write_tree(models[i], scratch / std::to_string(i));
      handles.push_back(anchor(scratch / std::to_string(i)));
    }
    for (std::size_t i = 0; i < N; ++i) roots[i] = {&handles[i], ""};

    std::mutex lock;
    rows_by_path seen;
    std::size_t count = 0;
    const script<N> writing = {.rows = [&](const place<N>& here, std::span<row<N>> rows) {
      const std::scoped_lock hold(lock);
      for (const row<N>& r : rows) {
        auto& line = seen[here.path(r.name)];
        for (const cell& c : r.in) line += letter_of(c);
        ++count;
      }
    }};
    listener told;
    const walk_options options = {.threads = 1 + static_cast<unsigned>(random() % 3),
                                  .descriptors = random() % 2 == 0 ? 0U : 12U};
    take(perform<N>(roots, writing, options, told));
    ASSERT_EQ(seen, expected_rows(models));
    ASSERT_EQ(count, seen.size()) << "each once";
    ASSERT_TRUE(told.failures.empty()) << told;
    for (std::size_t i = 0; i < N; ++i) std::filesystem::remove_all(scratch / std::to_string(i));
  }
}

TEST(LockstepModel, RowsOfTwoTreesAreTheirUnion) { compare<2>(model_run(500)); }

TEST(LockstepModel, RowsOfThreeTreesAreTheirUnion) { compare<3>(model_run(250)); }

} // namespace
} // namespace afio::unit
