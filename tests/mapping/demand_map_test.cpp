// A file as memory: what is asked for is there, what is not held goes, what a copy has changed
// stays and is exactly what a delta has.
#include "afio/memory_usage.hpp"
#include "algorithms/mapping/demand_map.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace afio::algorithms {
namespace {

using unit::failed_with;
using unit::leaf;
using unit::take;

constexpr std::uint64_t kib = 1 << 10;
constexpr std::uint64_t mib = 1 << 20;

class DemandMap : public unit::per_file_system {
protected:
  file_handle open(const char* name) const {
    return take(
        file_handle::file(dir, leaf(name), {.mode = mode::write, .creation = creation::if_needed}));
  }

  /// A file in which each page begins with its number.
  file_handle numbered(const char* name, std::uint64_t bytes) const {
    file_handle file = open(name);
    take(file.truncate(0));
    take(file.truncate(bytes));
    for (std::uint64_t at = 0; at + 8 <= bytes; at += page_size()) {
      const std::uint64_t number = at / page_size();
      take(file.write(std::as_bytes(std::span(&number, 1)), at));
    }
    return file;
  }

  static std::string content_of(const file_handle& file) {
    std::string all(take(file.size()), '?');
    take(file.read(std::as_writable_bytes(std::span(all)), 0));
    return all;
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, DemandMap, unit::all_kinds(), unit::kind_of);

std::uint64_t number_at(const demand_map::hold& held) {
  std::uint64_t number;
  std::memcpy(&number, held.bytes().data(), sizeof number);
  return number;
}

TEST_P(DemandMap, MapsWhatIsAskedForInPiecesOfItsOwnSize) {
  const auto file = numbered("f", 8 * mib + 100);
  auto map = take(demand_map::open(file));
  EXPECT_EQ(map.size(), 8 * mib + 100);
  EXPECT_EQ(map.mapped(), 0U);
  const auto one = take(map.at({5 * page_size() + 7, 1}));
  EXPECT_EQ(map.mapped(), page_size());
  const auto some = take(map.at({5 * page_size(), 3 * page_size()}));
  EXPECT_EQ(map.mapped(), 3 * page_size());
  EXPECT_EQ(some.bytes().data() + 7, one.bytes().data()) << "addresses are those of the file";
  const auto many = take(map.at({2 * mib, 2 * mib}));
  EXPECT_EQ(map.mapped(), 3 * page_size() + 2 * mib);
  EXPECT_EQ(number_at(many), 2 * mib / page_size());
  EXPECT_EQ(std::bit_cast<std::uintptr_t>(many.bytes().data()) % (2 * mib), 0U);
  const auto all = take(map.at({0, 8 * mib + 100}));
  EXPECT_EQ(map.mapped(), 8 * mib + page_size());
  EXPECT_EQ(all.bytes()[8 * mib + 99], std::byte{0});
}

TEST_P(DemandMap, KeepsToItsBudgetAndToWhatIsHeld) {
  const auto file = numbered("f", 4 * mib);
  auto map = take(demand_map::open(file, {.budget = 16 * page_size()}));
  std::vector<demand_map::hold> holds;
  for (std::uint64_t page = 0; page < 40; ++page)
    holds.push_back(take(map.at({page * 2 * page_size(), 8})));
  EXPECT_EQ(map.mapped(), 40 * page_size()) << "all are held";
  holds.erase(holds.begin() + 1, holds.end());
  const auto next = take(map.at({100 * page_size(), 8}));
  EXPECT_EQ(map.mapped(), 16 * page_size());
  EXPECT_EQ(number_at(holds[0]), 0U);
  EXPECT_EQ(number_at(next), 100U);
  // By number of pieces, too.
  auto few = take(demand_map::open(file, {.pieces = 3}));
  for (std::uint64_t page = 0; page < 10; ++page) (void)take(few.at({page * 2 * page_size(), 8}));
  EXPECT_LE(few.mapped(), 4 * page_size());
}

TEST_P(DemandMap, WritesReachTheFileAndACopysDoNot) {
  const auto file = numbered("f", mib);
  {
    auto map = take(demand_map::open(file, {.how = demand::write, .budget = 0}));
    std::memcpy(take(map.at({10, 5})).bytes().data(), "hello", 5);
  }
  EXPECT_EQ(content_of(file).substr(10, 5), "hello");
  auto map = take(demand_map::open(file, {.how = demand::copy, .budget = 0}));
  std::memcpy(take(map.at({10, 5})).bytes().data(), "copy!", 5);
  for (std::uint64_t page = 1; page < 100; ++page) (void)take(map.at({page * page_size(), 1}));
  EXPECT_EQ(map.mapped(), 2 * page_size()) << "the changed one, and the last one asked for";
  EXPECT_EQ(std::memcmp(take(map.at({10, 5})).bytes().data(), "copy!", 5), 0);
  EXPECT_EQ(content_of(file).substr(10, 5), "hello");
  {
    const auto held = take(map.at({10, 5}));
    EXPECT_TRUE(failed_with(map.discard(), EBUSY));
  }
  take(map.discard());
  EXPECT_EQ(map.mapped(), 0U);
  EXPECT_EQ(std::memcmp(take(map.at({10, 5})).bytes().data(), "hello", 5), 0);
}

TEST_P(DemandMap, ADeltaHasThePagesThatWereStoredInto) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 8; ++trial) {
    const std::uint64_t size = 3 * mib + random() % (64 * kib);
    const auto file = numbered("f", size);
    const std::string before = content_of(file);
    std::string expected = before;
    auto map = take(demand_map::open(file, {.how = demand::copy, .budget = random() % mib}));
    std::set<std::uint64_t> changed;
    for (int i = 0; i < 300; ++i) {
      const std::uint64_t at = random() % size;
      const std::uint64_t length = std::min<std::uint64_t>(size - at, 1 + random() % (8 * kib));
      const auto held = take(map.at({at, length}));
      ASSERT_EQ(std::memcmp(held.bytes().data(), expected.data() + at, length), 0);
      if (random() % 2 == 0) continue;
      for (std::uint64_t j = 0; j < length; ++j) expected[at + j] = static_cast<char>(random());
      std::memcpy(held.bytes().data(), expected.data() + at, length);
      for (std::uint64_t page = at / page_size(); page <= (at + length - 1) / page_size(); ++page)
        changed.insert(page);
    }
    auto delta = open("delta");
    take(delta.truncate(0));
    const delta_report wrote = take(map.write_delta(delta));
    std::uint64_t bytes = 0;
    for (const std::uint64_t page : changed)
      bytes += std::min(page_size(), size - page * page_size());
    EXPECT_EQ(wrote.changed, bytes);
    EXPECT_EQ(wrote.size, take(delta.size()));
    auto target = open("target");
    take(target.truncate(0));
    take(target.write(std::as_bytes(std::span(before)), 0));
    EXPECT_EQ(take(apply_delta(delta, target)), wrote);
    EXPECT_TRUE(content_of(target) == expected);
    EXPECT_TRUE(content_of(file) == before);
  }
}

TEST_P(DemandMap, AFileLargerThanMemoryCanBeACopy) {
  auto file = open("f");
  const std::uint64_t size = std::uint64_t{1} << 39; // The thread sanitizer has no room for more.
  take(file.truncate(size));
  auto map = take(demand_map::open(file, {.how = demand::copy}));
  take(map.at({size - 8, 8})).bytes()[7] = std::byte{1};
  take(map.at({std::uint64_t{1} << 38, 8})).bytes()[0] = std::byte{2};
  auto delta = open("delta");
  const delta_report wrote = take(map.write_delta(delta));
  EXPECT_EQ(wrote.runs, 2U);
  EXPECT_EQ(wrote.changed, 2 * page_size());
}

TEST_P(DemandMap, ThreadsMayAskAtOnce) {
  const auto file = numbered("f", 4 * mib);
  auto map = take(demand_map::open(file, {.budget = 64 * kib}));
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> wrong = 0;
  for (unsigned me = 0; me < 3; ++me) {
    threads.emplace_back([&, me] {
      std::mt19937 random(me);
      for (int i = 0; i < 5'000; ++i) {
        const std::uint64_t page = random() % (4 * mib / page_size());
        const auto held = map.at({page * page_size(), 8});
        if (!held || number_at(held.assume_value()) != page) ++wrong;
      }
    });
  }
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_LE(map.mapped(), 64 * kib);
}

TEST_P(DemandMap, RefusesWhatIsNotThere) {
  auto file = open("f");
  EXPECT_TRUE(failed_with(demand_map::open(file), EINVAL)) << "empty";
  take(file.truncate(100));
  auto map = take(demand_map::open(file));
  EXPECT_TRUE(failed_with(map.at({0, 101}), EINVAL));
  EXPECT_TRUE(failed_with(map.at({101, 1}), EINVAL));
  EXPECT_TRUE(failed_with(map.at({50, 0}), EINVAL));
  EXPECT_TRUE(failed_with(map.write_delta(file), EINVAL));
  EXPECT_TRUE(failed_with(map.discard(), EINVAL));
  const auto readable = take(file_handle::file(dir, leaf("f")));
  auto writes = take(demand_map::open(readable, {.how = demand::write}));
  EXPECT_TRUE(failed_with(writes.at({0, 1}), EACCES));
  detail::arm({.which = call::mmap, .nth = 1, .native = ENOMEM});
  const auto none = map.at({0, 1});
  detail::disarm();
  EXPECT_TRUE(failed_with(none, ENOMEM));
  EXPECT_EQ(map.mapped(), 0U);
  EXPECT_TRUE(unit::succeeded(map.at({0, 1})));
}

TEST_P(DemandMap, NoPartOfADamagedDeltaIsApplied) {
  auto delta = open("delta");
  delta_writer writer(delta);
  take(writer.begin(1'000));
  take(writer.add(10, std::as_bytes(std::span("0123456789"))));
  EXPECT_TRUE(failed_with(writer.add(12, std::as_bytes(std::span("x"))), EINVAL)) << "behind it";
  EXPECT_TRUE(failed_with(writer.add(999, std::as_bytes(std::span("xx"))), EINVAL));
  take(writer.add(500, std::as_bytes(std::span("abc"))));
  take(writer.finish());
  auto target = open("target");
  take(target.truncate(1'000));
  const std::string zeros = content_of(target);
  const std::string good = content_of(delta);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    take(delta.write(std::as_bytes(std::span(bad)), 0));
    EXPECT_FALSE(apply_delta(delta, target)) << "byte " << at;
  }
  take(delta.write(std::as_bytes(std::span(good)), 0));
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    take(delta.truncate(cut));
    EXPECT_TRUE(failed_with(apply_delta(delta, target), EBADMSG)) << "cut at " << cut;
    take(delta.write(std::as_bytes(std::span(good)), 0));
  }
  take(delta.write(std::as_bytes(std::span("more")), good.size()));
  EXPECT_TRUE(failed_with(apply_delta(delta, target), EBADMSG));
  EXPECT_TRUE(content_of(target) == zeros);
  take(delta.truncate(good.size()));
  take(target.truncate(999));
  EXPECT_TRUE(failed_with(apply_delta(delta, target), EINVAL));
  take(target.truncate(1'000));
  EXPECT_EQ(take(apply_delta(delta, target)).runs, 2U);
}

} // namespace
} // namespace afio::algorithms
