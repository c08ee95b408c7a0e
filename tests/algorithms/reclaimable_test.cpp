// What deleting a tree would give back is what the file system then has more.
#include "algorithms/clone_tree/reclaimable.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

class Reclaimable : public per_file_system {
protected:
  reclaimable_report of(const char* tree, unsigned threads = 2) const {
    const tree_root root(at(tree), tree);
    listener told;
    const auto report = take(reclaimable(root.get(), {.threads = threads}, told));
    EXPECT_TRUE(told.failures.empty()) << told;
    return report;
  }

  std::uint64_t allocated(const std::string& name) const {
    struct stat s {};

    EXPECT_EQ(::lstat(at(name).c_str(), &s), 0) << name;
    return static_cast<std::uint64_t>(s.st_blocks) * 512;
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, Reclaimable, all_kinds(), kind_of);

TEST_P(Reclaimable, IsAllOfATreeThatSharesNothing) {
  make("f t/a 10000\n f t/d/b 20000\n l t/l -> a\n p t/p\n h t/d/c = t/a");
  const auto report = of("t");
  EXPECT_EQ(report.entries, 7U);
  EXPECT_EQ(report.bytes, 30001U);
  EXPECT_EQ(report.reclaimable, allocated("t") + allocated("t/a") + allocated("t/d") +
                                    allocated("t/d/b") + allocated("t/l") + allocated("t/p"));
}

TEST_P(Reclaimable, KnowsWhatTwoTreesShare) {
  make("f one/a 10000\n f one/b 500\n f one/c 70\n h one/d/again = one/a\n h two/e = one/a\n h "
       "two/b = one/b\n h two/f = one/b\n f two/c 70\n h three/c = two/c");
  const auto one = of("one"), two = of("two"), three = of("three");
  EXPECT_EQ(shared_bytes(one, two), 10500U) << "each inode once, whatever its names";
  EXPECT_EQ(shared_bytes(two, one), 10500U);
  EXPECT_EQ(shared_bytes(two, three), 70U);
  EXPECT_EQ(shared_bytes(one, three), 0U);
  EXPECT_EQ(shared_bytes(one, reclaimable_report()), 0U);
}

TEST_P(Reclaimable, IsNothingOfAFileThatHasANameElsewhere) {
  make("f t/a 10000\n h t/again = t/a\n f t/b 50000\n h other/a = t/a");
  const auto report = of("t");
  EXPECT_EQ(report.entries, 4U);
  EXPECT_EQ(report.bytes, 60000U) << "each inode once";
  EXPECT_EQ(report.reclaimable, allocated("t") + allocated("t/b"));
  fs::remove(at("other/a"));
  EXPECT_EQ(of("t").reclaimable, allocated("t") + allocated("t/a") + allocated("t/b"));
}

TEST_P(Reclaimable, IsTheSameForAnyNumberOfThreads) {
  std::mt19937_64 random(5);
  make("d t\n d other");
  for (int d = 0; d < 20; ++d) {
    const std::string below = "t/" + std::to_string(d);
    make("d " + below);
    for (int i = 0; i < 30; ++i) {
      const std::string name = below + "/" + std::to_string(i);
      make("f " + name + " " + std::to_string(random() % 9000));
      const auto links = random() % 4;
      for (std::uint64_t n = 0; n < links; ++n) {
        const bool outside = random() % 3 == 0;
        const std::string link = (outside ? "other/" : "t/") + std::to_string(d) + "-" +
                                 std::to_string(i) + "-" + std::to_string(n);
        fs::create_hard_link(at(name), at(link));
      }
    }
  }
  const auto one = of("t", 1);
  for (const unsigned threads : {2U, 3U}) {
    const auto other = of("t", threads);
    EXPECT_EQ(other.entries, one.entries);
    EXPECT_EQ(other.bytes, one.bytes);
    EXPECT_EQ(other.reclaimable, one.reclaimable);
  }
  // By what stays: whatever of the tree has no other name.
  std::uint64_t expected = 0;
  std::vector<ino_t> seen;
  for (const auto& e : fs::recursive_directory_iterator(at("t"))) {
    struct stat s {};

    ASSERT_EQ(::lstat(e.path().c_str(), &s), 0);
    if (S_ISDIR(s.st_mode)) {
      expected += static_cast<std::uint64_t>(s.st_blocks) * 512;
      continue;
    }
    const bool again = std::find(seen.begin(), seen.end(), s.st_ino) != seen.end();
    seen.push_back(s.st_ino);
    bool outside = false;
    for (const auto& o : fs::directory_iterator(at("other"))) outside |= fs::equivalent(o, e);
    if (!again && !outside) expected += static_cast<std::uint64_t>(s.st_blocks) * 512;
  }
  EXPECT_EQ(one.reclaimable, expected + allocated("t"));
}

TEST_P(Reclaimable, TellsWhatItCannotRead) {
  make("f t/d/a 10");
  const tree_root root(at("t"), "t");
  listener told;
  const armed fails({.which = call::getdents64, .nth = 2, .native = EIO});
  const auto report = take(reclaimable(root.get(), {.threads = 1}, told));
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(told.failures.size(), 1U);
}

} // namespace
} // namespace afio::unit
