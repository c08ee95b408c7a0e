// No path through the engine allocates once an entry, and short memory is a failure like any other.
// operator new is ours here: it counts, and can fail.
#include "algorithms/copy_tree/copy_tree.hpp"
#include "algorithms/dedupe/dedupe.hpp"
#include "algorithms/move_tree/move_tree.hpp"
#include "algorithms/summarize.hpp"
#include "algorithms/update_tree/update_tree.hpp"
#include "tests/algorithms/removal_scene.hpp"
#include "tests/support/allocations.hpp"

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

namespace afio::unit {
namespace {

using testing::allocations;

std::atomic<std::uint64_t> failing_one = 0; // Counting from 1; 0: none.
thread_local bool fails_here = false;

/// An observer that allocates nothing.
class counter final : public observer {
public:
  void failed(const failure& f) noexcept override {
    ++failures;
    if (f.why.native() != ENOMEM) ++others;
  }

  std::uint64_t failures = 0, others = 0;
};

class no_listener final : public difference_listener {};

class Allocation : public removal_scene {
protected:
  template <class F>
  static std::uint64_t allocations_of(F&& act) {
    const auto before = allocations.load();
    act();
    return allocations - before;
  }

  std::uint64_t of_walk(walk_options options) {
    const tree_root root(scratch / "t", "t");
    const script<1> nothing;
    return allocations_of(
        [&] { take(perform<1>({root.get()}, nothing, threaded(options), counted)); });
  }

  std::uint64_t of_removal() {
    return allocations_of([&] {
      take(remove_tree(dir, leaf("t"), "t", {.tree = {.threads = GetParam()}}, counted));
    });
  }

  counter counted;
};

AFIO_WITH_1_2_AND_3_THREADS(Allocation);

/// No short-string trick hides an allocation.
const std::string long_name(60, 'x');
/// A worker's batch and its growing list of rows: not a matter of the number of entries.
constexpr std::uint64_t for_a_worker = 32;
constexpr std::uint64_t for_a_walk = 32;

TEST_P(Allocation, IsCounted) {
  EXPECT_EQ(allocations_of([] { ::operator delete(::operator new(1)); }), 1U);
}

TEST_P(Allocation, AWalkDoesNotAllocateForEachEntry) {
  make("d t");
  make_files(scratch / "t", 10'000, long_name);
  const auto most = for_a_walk + for_a_worker * GetParam();
  EXPECT_LT(of_walk({}), most);
  EXPECT_LT(of_walk({.order = row_order::by_inode}), most);
  EXPECT_LT(of_walk({.fields = want::all}), most);
}

TEST_P(Allocation, ADeletionDoesNotAllocateForEachEntry) {
  make("d t");
  make_files(scratch / "t", 10'000, long_name);
  EXPECT_LT(of_removal(), for_a_walk + for_a_worker * GetParam());
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(Allocation, ACountDoesNotAllocateForEachEntry) {
  make("d t");
  make_files(scratch / "t", 10'000, long_name);
  const tree_root root(scratch / "t", "t");
  for (const auto what : {counting::names, counting::sizes}) {
    EXPECT_LT(allocations_of(
                  [&] { take(summarize(root.get(), what, {.threads = GetParam()}, counted)); }),
              for_a_walk + for_a_worker * GetParam());
  }
}

TEST_P(Allocation, ADirectoryCostsOne) {
  for (int i = 0; i < 1000; ++i) {
    std::filesystem::create_directories(scratch / "t" / std::to_string(i));
    make_files(scratch / "t" / std::to_string(i), 3, long_name);
  }
  EXPECT_LT(of_walk({}), 1000 + for_a_walk + for_a_worker * GetParam());
  EXPECT_LT(of_removal(), 1000 + for_a_walk + for_a_worker * GetParam());
}

// ----------------------------------------------------------------------------------- short memory

/// Fails every single allocation that `act` makes in this thread, one a round. `act` is told
/// whether memory is short, and must end.
class ShortMemory : public removal_scene {
protected:
  template <class F>
  static void fail_each(F&& act) {
    bool failed = true;
    for (std::uint64_t nth = 1; failed; ++nth) {
      allocations = 0;
      testing::may_allocate = [](std::uint64_t now) noexcept {
        return !fails_here || now != failing_one;
      };
      failing_one = nth;
      act([&](bool on) {
        if (on) allocations = 0;
        if (!on) failed = allocations >= nth;
        fails_here = on;
      });
      ASSERT_LT(nth, 5000U);
    }
    failing_one = 0;
  }

  static constexpr std::string_view tree = "f t/a 1\n f t/b/c 1\n d t/b/d\n f t/e/f 1\n l t/l -> a";
};

// Of the first worker; of others, such a walk takes as many rounds as there are schedules.
INSTANTIATE_TEST_SUITE_P(With, ShortMemory, ::testing::Values(1U), threads_of);

TEST_P(ShortMemory, LeavesWhatCouldNotBeDeletedAndSaysSo) {
  fail_each([&](auto&& memory_is_short) {
    make(tree);
    counter heard;
    memory_is_short(true);
    const auto done = remove_tree(dir, leaf("t"), "t", {.tree = {.threads = 1}}, heard);
    memory_is_short(false);
    EXPECT_EQ(heard.others, 0U);
    const bool all = done && done.assume_value().failures == 0;
    EXPECT_EQ(names().empty(), all);
    testing::remove_by_force(scratch / "t");
  });
}

TEST_P(ShortMemory, OfAllOrNothingIsAllOrNothing) {
  fail_each([&](auto&& memory_is_short) {
    make(tree);
    const testing::manifest before(scratch.path());
    counter heard;
    memory_is_short(true);
    (void)remove_tree(dir, leaf("t"), "t",
                      {.tree = {.threads = 1}, .extent = extent::all_or_nothing}, heard);
    memory_is_short(false);
    if (!names().empty() && !names().contains("t")) reap_all();
    if (!names().empty()) {
      EXPECT_EQ(difference(before, testing::manifest(scratch.path())), "");
    }
    testing::remove_by_force(scratch / "t");
  });
}

TEST_P(ShortMemory, DuplicatesKeepTheirNamesAndGetNoOthers) {
  const list all{"a", "b", "c", "d"};
  const dedupe_options options{.tree = {.threads = 1}, .by = dedupe_by::linking};
  fail_each([&](auto&& memory_is_short) {
    for (const auto& name : all) std::ofstream(scratch / name) << std::string(5000, 'x');
    counter heard;
    const auto plan = take(find_duplicates(std::array{walk_root{&dir, ""}}, options, heard));
    memory_is_short(true);
    (void)dedupe(plan, options, heard);
    memory_is_short(false);
    EXPECT_EQ(names(), all);
    for (const auto& name : names()) std::filesystem::remove(scratch / name);
  });
}

TEST_P(ShortMemory, IsAFailureOfACopyAnUpdateAndAMove) {
  const tree_options alone{.threads = 1};
  no_listener nobody;
  fail_each([&](auto&& memory_is_short) {
    make(tree);
    make("f b/a 1\n f b/b/c 1");
    const path_handle source = anchor(scratch / "t"), base = anchor(scratch / "b");
    counter heard;
    memory_is_short(true);
    (void)copy_tree(dir, leaf("t"), dir, leaf("u"), "t", {.tree = alone}, heard);
    memory_is_short(false);
    std::filesystem::create_directory(scratch / "v");
    const path_handle target = anchor(scratch / "v");
    memory_is_short(true);
    (void)update_tree({&source, "t"}, {&target, "v"}, {.tree = alone}, heard);
    (void)update_tree({&source, "t"}, {&base, "b"}, {&target, "v"}, {.tree = alone}, nobody, heard);
    (void)move_tree(dir, leaf("v"), dir, leaf("u"), {"v", "u"},
                    {.tree = alone, .existing = move_options::existing::merge}, heard);
    memory_is_short(false);
    EXPECT_TRUE(std::filesystem::exists(scratch / "t/e/f"));
    for (const auto& name : names()) testing::remove_by_force(scratch / name);
  });
}

TEST_P(ShortMemory, OfTwoTreesIsNeverTakenForAbsence) {
  make("f 0/a 1\n f 0/b/c 1\n f 1/a 1\n f 1/b/c 1");
  const path_handle first = anchor(scratch / "0"), second = anchor(scratch / "1");
  std::atomic<int> absent = 0;
  const script<2> looking = {.rows = [&](const place<2>& here, std::span<row<2>> rows) {
    for (const row<2>& r : rows) {
      for (std::size_t side = 0; side < 2; ++side) {
        if (!r.in[side].present && here.listed(side)) ++absent;
      }
    }
  }};
  actor<2> only(looking);
  const std::array<visitor<2>*, 1> alone = {&only};
  fail_each([&](auto&& memory_is_short) {
    counter heard;
    memory_is_short(true);
    const auto done = walk<2>({walk_root{&first, ""}, walk_root{&second, ""}}, alone, {}, heard);
    memory_is_short(false);
    EXPECT_TRUE(!done || done.assume_value().failures == heard.failures);
    EXPECT_EQ(heard.others, 0U);
  });
  EXPECT_EQ(absent, 0);
}

} // namespace
} // namespace afio::unit
