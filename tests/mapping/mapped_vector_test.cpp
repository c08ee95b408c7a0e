// A vector that is a file: what stays after closing, a kill and a power cut, and what others see.
#include "afio/directory_handle.hpp"
#include "afio/memory_usage.hpp"
#include "algorithms/mapping/mapped_vector.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/mapping/elements.hpp"
#include "tests/support/patience.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace afio::unit {
namespace {

using algorithms::mapped_vector;
using algorithms::vector_options;
using algorithms::vector_trust;

static_assert(std::ranges::contiguous_range<mapped_vector<int>>);
static_assert(std::ranges::contiguous_range<const mapped_vector<const int>>);
static_assert(std::is_nothrow_move_constructible_v<mapped_vector<int>>);
static_assert(!std::is_copy_constructible_v<mapped_vector<int>>);

/// Longer than a cache line, and no divisor of a page: torn, it shows.
struct record {
  std::uint64_t words[9];

  static record of(std::uint64_t i) {
    record made{};
    for (std::uint64_t w = 0; w < 9; ++w) made.words[w] = (i + 1) * (2 * w + 1);
    return made;
  }

  friend bool operator==(const record& a, const record& b) {
    return std::equal(std::begin(a.words), std::end(a.words), std::begin(b.words));
  }
};

class MappedVector : public per_file_system {
protected:
  mapped_vector<int> open(vector_options options = {}) const {
    return take(mapped_vector<int>::open(dir, leaf("v"), options));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, MappedVector, all_kinds(), kind_of);

TEST_P(MappedVector, IsThereAgain) {
  auto v = open();
  EXPECT_TRUE(v.empty());
  for (int i = 0; i < 100'000; ++i) take(v.push_back(i));
  EXPECT_EQ(v.size(), 100'000U);
  take(v.push_back(v[5]));
  take(v.close());
  EXPECT_TRUE(v.empty());
  v = open();
  EXPECT_EQ(v.size(), 100'001U);
  EXPECT_EQ(v.back(), 5);
  take(v.pop_back());
  EXPECT_TRUE(std::is_sorted(v.begin(), v.end()));
  v[99'999] = 7;
  v = {};
  v = open();
  EXPECT_EQ(v.size(), 100'000U);
  EXPECT_EQ(v.back(), 7);
}

TEST_P(MappedVector, AppendsResizesAndShrinks) {
  auto v = open();
  const std::vector<int> some{1, 2, 3};
  take(v.append(some));
  take(v.resize(5, 9));
  take(v.resize(2));
  take(v.resize(4)); // New ones are zeros, whatever was there.
  EXPECT_TRUE(std::ranges::equal(v, std::vector{1, 2, 0, 0}));
  take(v.reserve(100'000));
  EXPECT_GE(v.capacity(), 100'000U);
  EXPECT_TRUE(std::ranges::equal(v, std::vector{1, 2, 0, 0}));
  take(v.shrink_to_fit());
  EXPECT_EQ(v.capacity(), 4U);
  EXPECT_EQ(take(v.file().size()), 4096 + 4 * sizeof(int));
  take(v.push_back(5));
  EXPECT_TRUE(std::ranges::equal(v, std::vector{1, 2, 0, 0, 5}));
  take(v.clear());
  EXPECT_TRUE(v.empty());
}

TEST_P(MappedVector, ZerosTakeNoRoomOnTheDisk) {
  auto v = open();
  take(v.resize(1'000'000'000));
  EXPECT_EQ(v.back(), 0);
  stat_t status;
  take(status.stamp(v.file(), want::allocated));
  EXPECT_LT(status.allocated, 1U << 20);
}

TEST_P(MappedVector, StaysInPlaceWithinItsReservation) {
  auto v = open({.reservation = 1'000'000});
  const auto* const there = v.data();
  for (int i = 0; i < 500'000; ++i) take(v.push_back(i));
  EXPECT_EQ(v.data(), there);
}

TEST_P(MappedVector, HasOneWriterAndManyReaders) {
  auto v = open();
  EXPECT_TRUE(failed_with(mapped_vector<int>::open(dir, leaf("v")), EBUSY));
  auto reader = take(mapped_vector<const int>::open(dir, leaf("v")));
  auto other = take(mapped_vector<const int>::open(dir, leaf("v")));
  EXPECT_TRUE(reader.empty());
  take(v.push_back(3));
  take(reader.refresh());
  EXPECT_EQ(reader.size(), 1U);
  EXPECT_EQ(reader[0], 3);
  take(v.push_back(4));
  EXPECT_EQ(reader.back(), 4); // There was room.
  take(v.resize(100'000));
  EXPECT_LT(reader.size(), 100'000U); // No more than it has mapped.
  take(reader.refresh());
  EXPECT_EQ(reader.size(), 100'000U);
  take(other.refresh());
  EXPECT_EQ(other.size(), 100'000U);
}

TEST_P(MappedVector, RefusesWhatItDidNotMake) {
  auto file = take(
      file_handle::file(dir, leaf("v"), {.mode = mode::write, .creation = creation::if_needed}));
  EXPECT_TRUE(failed_with(mapped_vector<const int>::open(dir, leaf("v")), EBADMSG));
  const std::string text(10'000, '\0');
  for (const std::size_t size : {1, 32, 4096, 10'000}) {
    take(file.truncate(0));
    take(file.write(std::as_bytes(std::span(text)).first(size), 0));
    EXPECT_TRUE(failed_with(mapped_vector<int>::open(dir, leaf("v")), EBADMSG)) << size;
    EXPECT_TRUE(failed_with(mapped_vector<const int>::open(dir, leaf("v")), EBADMSG)) << size;
    EXPECT_EQ(take(file.size()), size); // And leaves it alone.
  }
  take(file.truncate(0));
  auto v = open();
  take(v.push_back(1));
  take(v.close());
  EXPECT_TRUE(failed_with(mapped_vector<char>::open(dir, leaf("v")), EINVAL));
  take(file.truncate(4096 + 3)); // One element is not there any more.
  EXPECT_TRUE(failed_with(mapped_vector<int>::open(dir, leaf("v")), EBADMSG));
  EXPECT_TRUE(open({.trust = vector_trust::last_barrier}).empty());
}

TEST_P(MappedVector, WhatIsDurableIsCountedApart) {
  auto v = open();
  for (int i = 0; i < 10; ++i) take(v.push_back(i));
  take(v.barrier());
  for (int i = 0; i < 10; ++i) take(v.push_back(i));
  auto reader =
      take(mapped_vector<const int>::open(dir, leaf("v"), {.trust = vector_trust::last_barrier}));
  EXPECT_EQ(reader.size(), 10U);
  take(v.resize(7));
  EXPECT_EQ(reader.size(), 7U); // What was taken away is not durable any more.
  take(v.resize(20));
  v = {};
  EXPECT_EQ(open().size(), 20U);
  EXPECT_EQ(open({.trust = vector_trust::last_barrier}).size(), 7U);
  EXPECT_EQ(open().size(), 7U); // The others are forgotten for good.
}

class MappedVectorOnAFullDisk : public ::testing::TestWithParam<testing::file_system> {};

INSTANTIATE_TEST_SUITE_P(Kinds, MappedVectorOnAFullDisk, all_kinds(), kind_of);

TEST_P(MappedVectorOnAFullDisk, SaysSoAndStaysWhole) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer does not let a guard have a second SIGBUS";
#endif
  const testing::loop_fs fs(GetParam());
  if (!fs) GTEST_SKIP() << fs.why_not();
  const path_handle dir = anchor(fs.path());
  auto v = take(mapped_vector<record>::open(dir, leaf("v")));
  std::uint64_t count = 0;
  result<void> pushed = success();
  while ((pushed = v.push_back(record::of(count)))) ++count;
  EXPECT_TRUE(failed_with(pushed, ENOSPC));
  EXPECT_GT(count, 100'000U);
  EXPECT_EQ(v.size(), count);
  (void)v.file().map().barrier(barrier_kind::data); // What is written back needs room again.
  const auto popped = v.pop_back();
  if (!popped) {
    EXPECT_TRUE(failed_with(popped, ENOSPC));
  }
  const std::uint64_t rest = popped ? count - 1 : count;
  v = {};
  v = take(mapped_vector<record>::open(dir, leaf("v")));
  ASSERT_EQ(v.size(), rest);
  for (std::uint64_t i = 0; i < rest; ++i) ASSERT_EQ(v[i], record::of(i)) << i;
}

/// Runs in a child, which is killed that time after `begun` says so.
void kill_after(std::chrono::microseconds time, const std::function<bool()>& begun,
                const std::function<void()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    act();
    for (;;) ::pause();
  }
  for (testing::patience left(std::chrono::seconds(20)); !begun() && !left.is_over();)
    std::this_thread::yield();
  std::this_thread::sleep_for(time);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_P(MappedVector, AKillLeavesWholeElements) {
  const auto section = take(section_handle::section(page_size()));
  const auto shared = take(map_handle::map(section));
  auto& acknowledged = *reinterpret_cast<std::atomic<std::uint64_t>*>(shared.address());
  std::mt19937 random(29);
  int additions = 0;
  for (int round = 0; round < 60; ++round) {
    const std::uint64_t before = acknowledged;
    // In every second round while it is being opened, or later.
    const auto begun = [&] { return round % 2 == 0 || acknowledged > before; };
    kill_after(std::chrono::microseconds(random() % 3'000), begun, [&] {
      auto v = mapped_vector<record>::open(dir, leaf("v"));
      while (v && v.assume_value().push_back(record::of(acknowledged))) ++acknowledged;
    });
    additions += acknowledged > before ? 1 : 0;
    auto v = take(mapped_vector<record>::open(dir, leaf("v")));
    ASSERT_GE(v.size(), acknowledged);
    ASSERT_LE(v.size(), acknowledged + 1);
    for (std::uint64_t i = before; i < v.size(); ++i) ASSERT_EQ(v[i], record::of(i)) << i;
    if (v.size() > 50'000) { // The disk is small.
      take(v.clear());
      take(v.shrink_to_fit());
    }
    acknowledged = v.size();
  }
  EXPECT_GE(additions, 30) << "it proves nothing";
}

TEST_P(MappedVector, ReadersOfAnotherProcessSeeWholeElementsOnly) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto v = mapped_vector<record>::open(dir, leaf("v"));
    for (std::uint64_t i = 0; i < 50'000; ++i) {
      if (!v || !v.assume_value().push_back(record::of(i))) ::_exit(1);
    }
    ::_exit(0);
  }
  std::size_t seen = 0, looks = 0;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  auto opened = mapped_vector<const record>::open(dir, leaf("v"));
  while (!opened && std::chrono::steady_clock::now() < give_up)
    opened = mapped_vector<const record>::open(dir, leaf("v")); // It is not there yet.
  auto reader = take(std::move(opened));
  while (seen < 50'000 && std::chrono::steady_clock::now() < give_up) {
    ASSERT_TRUE(succeeded(reader.refresh()));
    const std::size_t now = reader.size();
    ASSERT_GE(now, seen);
    looks += now > seen ? 1 : 0;
    for (; seen < now; ++seen) ASSERT_EQ(reader[seen], record::of(seen)) << seen;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(seen, 50'000U);
  EXPECT_GT(looks, 0U);
}

class MappedVectorPower : public ::testing::TestWithParam<testing::file_system> {};

INSTANTIATE_TEST_SUITE_P(Kinds, MappedVectorPower,
                         ::testing::Values(testing::file_system::ext4, testing::file_system::xfs),
                         kind_of);

TEST_P(MappedVectorPower, ACutLeavesWhatTheBarrierMadeDurable) {
  testing::loop_fs fs(GetParam());
  if (!fs) GTEST_SKIP() << fs.why_not();
  constexpr std::uint64_t durable = 20'000;
  {
    const path_handle dir = anchor(fs.path());
    auto v = take(mapped_vector<record>::open(dir, leaf("v")));
    take(take(directory_handle::directory(dir))
             .sync_file_system()); // The name is the directory's. All else is the barrier's.
    for (std::uint64_t i = 0; i < durable; ++i) take(v.push_back(record::of(i)));
    take(v.barrier());
    for (std::uint64_t i = durable; i < 3 * durable; ++i) take(v.push_back(record::of(i)));
    // Some of it may get to the disk before, in any order.
    take(v.file().map().barrier(barrier_kind::start, {0, page_size()}));
    fs.cut_power();
  }
  fs.start_again();
  const path_handle dir = anchor(fs.path());
  const auto v =
      take(mapped_vector<record>::open(dir, leaf("v"), {.trust = vector_trust::last_barrier}));
  ASSERT_EQ(v.size(), durable);
  for (std::uint64_t i = 0; i < durable; ++i) ASSERT_EQ(v[i], record::of(i)) << i;
}

} // namespace
} // namespace afio::unit
