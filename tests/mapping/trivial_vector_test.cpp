// What a trivial_vector promises beyond the standard: no copies, no allocation, no exceptions from
// who asks for none, and memory that is not there before it is used.
#include "afio/memory_usage.hpp"
#include "algorithms/mapping/trivial_vector.hpp"
#include "tests/afio/scene.hpp"
#include "tests/mapping/elements.hpp"
#include "tests/support/allocations.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <list>
#include <new>
#include <numeric>
#include <stdexcept>

#include <sys/mman.h>
#include <sys/resource.h>

namespace afio::unit {
namespace {

using algorithms::trivial_vector;
using testing::allocations;

std::uint64_t resident() { return take(memory_usage_now()).own; }

TEST(TrivialVector, CallsNoOperatorNew) {
  std::list<int> list{1, 2, 3};
  const auto before = allocations.load();
  trivial_vector<int> v{1, 2, 3};
  for (int i = 0; i < 1'000'000; ++i) v.push_back(i);
  v.insert(v.begin(), v.begin(), v.end());
  v.insert(v.begin(), list.begin(), list.end());
  trivial_vector<int> copy = v;
  copy.resize(3'000'000);
  copy.shrink_to_fit();
  v.erase(v.begin(), v.begin() + 100);
  v = copy;
  EXPECT_FALSE(v.try_reserve(v.max_size()));
  EXPECT_EQ(allocations.load(), before);
}

TEST(TrivialVector, NewElementsAreNotThereBeforeTheyAreUsed) {
  constexpr std::uint64_t gibibyte = 1 << 30;
  trivial_vector<int> v;
  const auto before = resident();
  v.resize(gibibyte / sizeof(int));
  EXPECT_LT(resident(), before + gibibyte / 64);
  v.reserve(2 * v.size());
  EXPECT_LT(resident(), before + gibibyte / 64);
  EXPECT_EQ(std::accumulate(v.begin(), v.begin() + 1'000'000, 0), 0);
}

TEST(TrivialVector, GrowsWithoutACopyAlsoWhereItMustMove) {
  trivial_vector<int> v(50'000'000);
  std::fill(v.begin(), v.end(), 1);
  // It cannot grow where it is.
  std::byte* const end = v.map().address() + v.map().reservation();
  void* const in_the_way =
      ::mmap(end, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  const auto before = resident();
  const auto* const there = v.data();
  v.reserve(v.capacity() + 1);
  EXPECT_NE(v.data(), there);
  EXPECT_LT(resident(), before + before / 4); // With a copy, twice as much.
  EXPECT_EQ(std::count(v.begin(), v.end(), 1), 50'000'000);
  if (in_the_way != MAP_FAILED) ::munmap(in_the_way, page_size());
}

TEST(TrivialVector, MemoryGoesWithTheVector) {
  const auto before = take(memory_usage_now()).address_space;
  for (int i = 0; i < 100; ++i) {
    trivial_vector<int> v(10'000'000);
    v.reserve(30'000'000);
    trivial_vector<int> other(v);
    v = std::move(other);
  }
  EXPECT_EQ(take(memory_usage_now()).address_space, before);
}

TEST(TrivialVector, GivesItsMapAwayAndTakesOne) {
  trivial_vector<int> v{1, 2, 3};
  const auto* const there = v.data();
  map_handle map = v.release();
  EXPECT_TRUE(v.empty());
  EXPECT_EQ(v.capacity(), 0U);
  auto again = take(trivial_vector<int>::adopt(std::move(map), 2));
  EXPECT_EQ(again.data(), there);
  EXPECT_EQ(again, (trivial_vector{1, 2}));
  again.resize(4); // What was behind the two is not taken for zeros.
  EXPECT_EQ(again, (trivial_vector{1, 2, 0, 0}));
  v.push_back(7);
  EXPECT_EQ(v, (trivial_vector{7}));
}

TEST(TrivialVector, TakesNoMapThatIsNotMemoryToWriteTo) {
  auto small = take(map_handle::map(100));
  EXPECT_TRUE(failed_with(trivial_vector<int>::adopt(std::move(small), 26), EINVAL));
  EXPECT_TRUE(small.is_open());
  auto reserved = take(map_handle::reserve(page_size()));
  EXPECT_TRUE(failed_with(trivial_vector<int>::adopt(std::move(reserved), 0), EINVAL));
  const auto section = take(section_handle::section(page_size()));
  auto shared = take(map_handle::map(section));
  EXPECT_TRUE(failed_with(trivial_vector<int>::adopt(std::move(shared), 0), EOPNOTSUPP));
  EXPECT_TRUE(shared.is_open());
  auto in_part = take(map_handle::map(page_size(), {.reservation = 16 * page_size()}));
  auto v = take(trivial_vector<int>::adopt(std::move(in_part), 0));
  v.resize(1'000'000, 5);
  EXPECT_EQ(std::count(v.begin(), v.end(), 5), 1'000'000);
}

TEST(TrivialVector, TriesWithoutExceptions) {
  trivial_vector<int> v{1, 2};
  static_assert(
      noexcept(v.try_reserve(1))&& noexcept(v.try_resize(1))&& noexcept(v.try_push_back(1)));
  EXPECT_TRUE(succeeded(v.try_push_back(v[0])));
  EXPECT_TRUE(succeeded(v.try_resize(5)));
  EXPECT_TRUE(succeeded(v.try_resize(6, v[1])));
  EXPECT_EQ(v, (trivial_vector{1, 2, 1, 0, 0, 2}));
  EXPECT_TRUE(succeeded(v.try_resize(1)));
  EXPECT_TRUE(succeeded(v.try_reserve(100'000)));
  EXPECT_GE(v.capacity(), 100'000U);
  EXPECT_TRUE(failed_with(v.try_reserve(v.max_size()), ENOMEM));
  EXPECT_TRUE(failed_with(v.try_reserve(v.max_size() + 1), ENOMEM));
  EXPECT_TRUE(failed_with(v.try_resize(v.max_size() + 1), ENOMEM));
  EXPECT_EQ(v, (trivial_vector{1}));
}

struct node {
  int node::*member;
};

TEST(TrivialVector, ValueInitializedIsNotAlwaysZeros) {
  trivial_vector<node> v(100'000);
  EXPECT_TRUE(std::all_of(v.begin(), v.end(), [](node n) { return n.member == nullptr; }));
  v.clear();
  v.resize(200'000);
  EXPECT_TRUE(std::all_of(v.begin(), v.end(), [](node n) { return n.member == nullptr; }));
}

struct thrower {
  static inline int left = 0;
  int number;

  thrower() : number(1) {
    if (left-- == 0) throw std::runtime_error("none left");
  }
};

TEST(TrivialVector, WhatAConstructorThrowsChangesNothing) {
  thrower::left = 10;
  trivial_vector<thrower> v(10);
  thrower::left = 5;
  EXPECT_THROW(v.resize(20), std::runtime_error);
  EXPECT_EQ(v.size(), 10U);
  thrower::left = 0;
  EXPECT_THROW(v.emplace_back(), std::runtime_error);
  thrower::left = 0;
  EXPECT_THROW(v.emplace(v.begin()), std::runtime_error);
  EXPECT_EQ(v.size(), 10U);
  thrower::left = 1'000'000;
  v.resize(100'000);
  EXPECT_TRUE(std::all_of(v.begin(), v.end(), [](thrower t) { return t.number == 1; }));
}

struct only_moves {
  int number = 0;

  explicit only_moves(int i) : number(i) {}

  only_moves(const only_moves&) = delete;
  only_moves(only_moves&&) = default;
  only_moves& operator=(const only_moves&) = delete;
  only_moves& operator=(only_moves&&) = default;
  ~only_moves() = default;
};

TEST(TrivialVector, ElementsNeedNotBeCopied) {
  trivial_vector<only_moves> v;
  for (int i = 0; i < 10'000; ++i) v.emplace_back(i);
  v.push_back(only_moves(10'000));
  v.erase(v.begin());
  v.insert(v.begin(), only_moves(0));
  EXPECT_EQ(v[10'000].number, 10'000);
}

TEST(TrivialVector, AssignsAPartOfItself) {
  trivial_vector<int> v{1, 2, 3, 4, 5};
  v.assign(v.begin() + 1, v.begin() + 4);
  EXPECT_EQ(v, (trivial_vector{2, 3, 4}));
}

#ifdef __SANITIZE_ADDRESS__
constexpr bool limits_work = false; // The sanitizer's own memory is beyond any limit.
#elif defined(__SANITIZE_THREAD__)
constexpr bool limits_work = false;
#else
constexpr bool limits_work = true;
#endif

/// In a child. The exit code tells which step went wrong.
[[noreturn]] void run_out_of_memory() {
  const rlimit limit{256 << 20, 256 << 20};
  if (::setrlimit(RLIMIT_AS, &limit) != 0) std::_Exit(1);
  trivial_vector<int> v;
  try {
    for (int i = 0;; ++i) v.push_back(i);
  } catch (const std::bad_alloc&) {
  } catch (...) {
    std::_Exit(2);
  }
  // Doubling was not possible at the end, but what is there is used.
  if (v.size() < (std::size_t{100} << 20) / sizeof(int)) std::_Exit(3);
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (v[i] != static_cast<int>(i)) std::_Exit(4);
  }
  const auto* const there = v.data();
  const std::size_t size = v.size();
  try {
    v.insert(v.begin(), 100 << 20, 1);
    std::_Exit(5);
  } catch (const std::bad_alloc&) {
  }
  if (v.try_push_back(1) || v.try_resize(2 * size)) std::_Exit(6);
  if (v.data() != there || v.size() != size || v[size - 1] != static_cast<int>(size) - 1)
    std::_Exit(7);
  try {
    const trivial_vector<int> copy(v);
    std::_Exit(8);
  } catch (const std::bad_alloc&) {
  }
  v.shrink_to_fit(); // Not binding.
  v.resize(10);
  v.shrink_to_fit();
  if (v.capacity() * sizeof(int) > page_size()) std::_Exit(9);
  if (!v.try_resize(1000)) std::_Exit(10);
  std::_Exit(0);
}

TEST(TrivialVectorDeathTest, StaysAsItWasWithoutMemory) {
  if (!limits_work) GTEST_SKIP() << "a sanitizer needs more address space than any limit gives";
  EXPECT_EXIT(run_out_of_memory(), ::testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace afio::unit
