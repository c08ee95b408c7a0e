// Descriptors as a budget: never more, and what lost its own is found again or reported as raced.
#include "algorithms/remove_tree/remove_tree.hpp"
#include "tests/algorithms/scene.hpp"

#include <barrier>
#include <thread>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using lines = std::vector<std::string>;

class DescriptorBudget : public any_threads {
protected:
  /// The fewest with which that many workers are used: the root, and two for each.
  static walk_options fewest() {
    return {.threads = GetParam(), .descriptors = 1 + 2 * GetParam()};
  }

  static remove_options fewest_for_removal() {
    return {.tree = {.threads = GetParam(), .descriptors = 1 + 2 * GetParam()}};
  }

  walk_report go(const script<1>& does, const walk_options& options) {
    const tree_root root(scratch / "t", "t");
    return take(perform<1>({root.get()}, does, options, told));
  }

  /// A chain of directories a/b/c/… with a file `f` in each.
  void make_chain(const fs::path& at, int levels) const {
    fs::create_directory(at);
    touch(at / "f");
    if (levels > 0)
      make_chain(at / std::string(1, static_cast<char>('z' - levels + 1)), levels - 1);
  }

  /// Eight chains in `t`.
  void make_chains() const {
    fs::create_directory(scratch / "t");
    for (char name = 'a'; name <= 'h'; ++name) make_chain(scratch / "t" / std::string(1, name), 12);
  }

  static constexpr unsigned chains = 8, directories_in_chain = 13;

  journal seen;
  listener told;
};

AFIO_WITH_1_2_AND_3_THREADS(DescriptorBudget);

TEST_P(DescriptorBudget, OfTheFewestStillAllowsAllWorkers) {
  EXPECT_EQ(worker_count(fewest(), 1), GetParam());
  walk_options fewer = fewest();
  fewer.descriptors -= 1;
  EXPECT_EQ(worker_count(fewer, 1), std::max(1U, GetParam() - 1));
}

TEST_P(DescriptorBudget, IsNeverExceeded) {
  make_chains();
  const auto before = testing::open_descriptors().size();
  std::atomic<std::size_t> most = 0;
  std::atomic<unsigned> looking = 0;
  const auto look = [&] {
    // Each look opens a directory itself, so that only one may look at a time.
    if (looking.exchange(1) != 0) return;
    const auto now = testing::open_descriptors().size() - before;
    if (now > most) most = now;
    looking = 0;
  };
  const auto done = go({.rows = [&](const place<1>&, std::span<row<1>>) { look(); },
                        .leave =
                            [&](const place<1>&) {
                              look();
                              return after::done;
                            }},
                       fewest());
  EXPECT_EQ(done.directories, 1 + chains * directories_in_chain);
  EXPECT_TRUE(told.failures.empty()) << told;
  // And the anchor of the test.
  EXPECT_LE(most, fewest().descriptors + 1);
}

TEST_P(DescriptorBudget, ADirectoryExchangedWhileItWasClosedIsRaced) {
  make_chain(scratch / "t", 12);
  make_chain(scratch / "other", 11);
  std::mutex lock;
  std::set<std::uint64_t> parents;
  script<1> does = {.rows =
                        [&](const place<1>& here, std::span<row<1>> rows) {
                          for (const row<1>& r : rows) seen.add("see " + here.path(r.name));
                          // At the very bottom. By then the upper ones have been closed.
                          if (here.depth() != 12) return;
                          EXPECT_EQ(testing::exchange(scratch / "t/o", scratch / "other"), 0);
                        },
                    .leave =
                        [&](const place<1>& here) {
                          const auto now = take(here.is_root() ? here.handle().identity()
                                                               : here.parent().identity());
                          const std::scoped_lock hold(lock);
                          parents.insert(now.inode);
                          return after::done;
                        }};
  const auto other = take(anchor(scratch / "other").identity());
  const auto done = go(does, fewest());
  EXPECT_GT(done.failures, 0U);
  for (const auto& f : told.failures) {
    EXPECT_EQ(f.why, errc::raced) << f.path;
    EXPECT_EQ(f.why.name(), "o") << "the error names what was exchanged";
  }
  EXPECT_EQ(seen.lines().size(), 13U + 12U) << "every entry of t was seen, none of the other's";
  EXPECT_FALSE(parents.contains(other.inode));
}

TEST_P(DescriptorBudget, NothingIsDeletedInWhatWasExchangedForAClosedDirectory) {
  make_chain(scratch / "t", 12);
  make_chain(scratch / "other", 11);
  const testing::manifest before(scratch / "other");
  // After the files of all levels, before the first directory goes.
  const just_before exchanged(call::unlinkat, 14, [&] {
    EXPECT_EQ(testing::exchange(scratch / "t/o", scratch / "other"), 0);
  });
  const auto done = take(remove_tree(dir, leaf("t"), "t", fewest_for_removal(), told));
  EXPECT_EQ(exchanged.times(), 1);
  EXPECT_GT(done.failures, 0U);
  EXPECT_EQ(difference(before, testing::manifest(scratch / "t/o")), "");
}

TEST_P(DescriptorBudget, WhatIsRemovedWhileItWasClosedIsNoFailure) {
  make_chain(scratch / "t", 12);
  const script<1> does = {.rows = [&](const place<1>& here, std::span<row<1>>) {
    if (here.depth() == 12) fs::remove_all(scratch / "t/o");
  }};
  EXPECT_EQ(go(does, fewest()).failures, 0U) << told;
}

TEST_P(DescriptorBudget, TwoDeletionsOfOneTreeDoNotDisturbEachOther) {
  make_chains();
  std::array<listener, 2> each;
  std::array<std::uint64_t, 2> deleted{};
  std::barrier together(2);
  {
    std::array<std::jthread, 2> runs;
    for (std::size_t i = 0; i < 2; ++i) {
      runs[i] = std::jthread([&, i] {
        together.arrive_and_wait();
        const auto done = remove_tree(dir, leaf("t"), "t", fewest_for_removal(), each[i]);
        // The slower one may find nothing to begin with.
        if (done)
          deleted[i] = done.assume_value().deleted;
        else
          EXPECT_TRUE(failed_with(done, ENOENT));
      });
    }
  }
  EXPECT_EQ(deleted[0] + deleted[1], 1 + chains * directories_in_chain * 2);
  EXPECT_TRUE(each[0].failures.empty()) << each[0];
  EXPECT_TRUE(each[1].failures.empty()) << each[1];
  EXPECT_EQ(names(), std::set<std::string>{});
}

} // namespace
} // namespace afio::unit
