// Trees of any depth with few descriptors.
#include "algorithms/remove_tree/remove_tree.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/unique_fd.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace afio::unit {
namespace {

using testing::checked;
using testing::unique_fd;

constexpr unsigned depth = 10'000;
constexpr unsigned descriptors = 32;

/// A chain of directories called `d` below `t`, with a file beside each hundredth of them.
void make_chain(const std::filesystem::path& in, unsigned levels) {
  std::filesystem::create_directory(in / "t");
  unique_fd at(checked(::open((in / "t").c_str(), O_DIRECTORY | O_CLOEXEC), "open t"));
  for (unsigned level = 0; level < levels; ++level) {
    checked(::mkdirat(at.get(), "d", 0755), "mkdir");
    if (level % 100 == 0) checked(::mknodat(at.get(), "f", S_IFREG | 0644, 0), "mknod");
    at = unique_fd(checked(::openat(at.get(), "d", O_DIRECTORY | O_CLOEXEC), "openat"));
  }
}

void limit_descriptors(rlim_t most) {
  const rlimit limit{most, most};
  checked(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

class DeepTree : public any_threads {
protected:
  remove_report remove(const remove_options& options) {
    return take(remove_tree(dir, leaf("t"), "t", options, told));
  }

  remove_options few_descriptors() const {
    return {.tree = {.threads = GetParam(), .descriptors = descriptors}};
  }

  listener told{verbosity::failures};
};

AFIO_WITH_1_2_AND_3_THREADS(DeepTree);

TEST_P(DeepTree, IsWalkedWithFewDescriptors) {
  make_chain(scratch.path(), depth);
  const tree_root root(scratch / "t", "t");
  const auto before = testing::open_descriptors().size();
  std::atomic<unsigned> left = 0, most = 0;
  const script<1> counting = {.leave = [&](const place<1>& here) {
    if (++left % 50 != 0) return after::done;
    EXPECT_EQ(here.depth(), depth + 1 - left);
    unsigned old = most;
    const auto now = static_cast<unsigned>(testing::open_descriptors().size() - before);
    while (old < now && !most.compare_exchange_weak(old, now)) {
    }
    return after::done;
  }};
  const auto done = take(
      perform<1>({root.get()}, counting, threaded(walk_options{.descriptors = descriptors}), told));
  EXPECT_EQ(done.directories, depth + 1);
  EXPECT_EQ(done.rows, depth + depth / 100);
  EXPECT_EQ(left, depth + 1);
  EXPECT_TRUE(told.failures.empty()) << told;
  EXPECT_LE(most, descriptors);
}

TEST_P(DeepTree, IsDeletedWithFewDescriptors) {
  make_chain(scratch.path(), depth);
  EXPECT_EQ(remove(few_descriptors()).deleted, depth + 1 + depth / 100);
  EXPECT_TRUE(told.failures.empty()) << told;
  EXPECT_EQ(names(), std::set<std::string>{});
}

TEST_P(DeepTree, IsDeletedWithTheFewestDescriptors) {
  make_chain(scratch.path(), 300);
  EXPECT_EQ(remove({.tree = {.threads = GetParam(), .descriptors = 1}}).deleted, 304U);
  EXPECT_EQ(names(), std::set<std::string>{});
}

/// The default is a part of what the process may have.
TEST_P(DeepTree, IsDeletedByAProcessWithFewDescriptors) {
  make_chain(scratch.path(), depth);
  EXPECT_EQ(in_child([&] {
              limit_descriptors(40);
              EXPECT_EQ(remove({.tree = {.threads = GetParam()}}).failures, 0U) << told;
            }),
            0);
  EXPECT_EQ(names(), std::set<std::string>{});
}

/// Others in the process may use up what an option has promised to the walk.
TEST_P(DeepTree, IsDeletedWithFewerDescriptorsThanPromised) {
  make_chain(scratch.path(), 1000);
  EXPECT_EQ(in_child([&] {
              limit_descriptors(24);
              const remove_options generous = {
                  .tree = {.threads = GetParam(), .descriptors = 4000}};
              EXPECT_EQ(remove(generous).failures, 0U) << told;
            }),
            0);
  EXPECT_EQ(names(), std::set<std::string>{});
}

TEST_P(DeepTree, IsDeletedAllOrNothing) {
  make_chain(scratch.path(), 2000);
  auto options = few_descriptors();
  options.extent = remove_options::extent::all_or_nothing;
  EXPECT_EQ(remove(options).failures, 0U) << told;
  EXPECT_EQ(names(), std::set<std::string>{});
}

/// Where a path is longer than any call takes.
TEST_P(DeepTree, NamesWhatItCannotDelete) {
  make_chain(scratch.path(), 3000);
  // Files are at depths 0, 100, … 2900: thirty; then the directories, from the deepest on.
  const armed failing({.which = call::unlinkat, .nth = 31, .native = EIO});
  EXPECT_EQ(remove(few_descriptors()).deleted, 30U);
  std::string path = "t";
  for (int i = 0; i < 3000; ++i) path += "/d";
  EXPECT_EQ(told.failed_paths(), std::vector<std::string>{path});
}

/// Many branches at every level keep several workers in different depths.
TEST_P(DeepTree, WithBranchesIsDeletedWithFewDescriptors) {
  std::filesystem::path at = scratch / "t";
  unsigned made = 1;
  std::filesystem::create_directory(at);
  for (int level = 0; level < 40; ++level) {
    for (const char* branch : {"a", "b", "c"}) {
      const auto end = at / branch / "x/y/z";
      std::filesystem::create_directories(end);
      touch(end / "f");
      made += 5;
    }
    at /= "b";
  }
  EXPECT_EQ(remove({.tree = {.threads = GetParam(), .descriptors = 8}}).deleted, made);
  EXPECT_TRUE(told.failures.empty()) << told;
  EXPECT_EQ(names(), std::set<std::string>{});
}

} // namespace
} // namespace afio::unit
