// Exactly the pages that were stored into, however the kernel is asked.
#include "afio/memory_usage.hpp"
#include "afio/page_map.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace afio::unit {
namespace {

const std::uint64_t page = page_size();

/// Asked by PAGEMAP_SCAN, or as before Linux 6.7.
class PageMap : public scene, public ::testing::WithParamInterface<int> {
protected:
  PageMap() {
    if (GetParam() != 0)
      no_scan.emplace(detail::fault{
          .which = call::ioctl, .repeats = detail::fault::repeat::for_ever, .native = GetParam()});
  }

  static constexpr std::uint64_t pages = 3'000;

  void store(std::uint64_t number) {
    map.address()[number * page + number % page] = std::byte{1};
    stored.insert(number);
  }

  /// What is to be found from a page on up to another.
  std::vector<extent> expected(std::uint64_t from, std::uint64_t to) const {
    std::vector<extent> runs;
    for (auto it = stored.lower_bound(from); it != stored.end() && *it < to; ++it) {
      if (!runs.empty() && runs.back().end() == *it * page)
        runs.back().length += page;
      else
        runs.push_back({*it * page, page});
    }
    return runs;
  }

  /// What is found in a part, with room for so many runs at a time.
  std::vector<extent> found(extent part, std::size_t room) const {
    std::vector<extent> all;
    std::vector<extent> into(room);
    for (;;) {
      const auto some = take(own.copied(map, part, into));
      all.insert(all.end(), some.begin(), some.end());
      if (some.size() < room) return all;
      const std::uint64_t done = some.back().end() - part.offset;
      if (done >= part.length) return all;
      part = {part.offset + done, part.length - done};
    }
  }

  std::set<std::uint64_t> stored;
  section_handle section = take(section_handle::section(pages * page));
  map_handle map = take(map_handle::map(section, {.flags = map_flags::cow}));
  page_map own = take(page_map::open());
  std::optional<armed> no_scan;
};

INSTANTIATE_TEST_SUITE_P(Ways, PageMap, ::testing::Values(0, ENOTTY),
                         [](const auto& way) { return way.param == 0 ? "Scan" : "EachPage"; });

TEST_P(PageMap, FindsWhatWasStoredIntoAndNothingElse) {
  EXPECT_TRUE(found({0, pages * page}, 10).empty());
  for (std::uint64_t i = 0; i < pages; i += 3)
    (void)*static_cast<volatile std::byte*>(map.address() + i * page);
  take(map.prefault({2'000 * page, 1})); // Of a cow map it makes a copy ready.
  stored.insert(2'000);
  store(7);
  store(8);
  store(2'999);
  EXPECT_EQ(found({0, pages * page}, 10), expected(0, pages));
}

TEST_P(PageMap, AgreesWithASetOfPages) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 60; ++round) {
    for (std::uint64_t n = random() % 100; n > 0; --n) {
      const std::uint64_t at = random() % pages;
      if (random() % 2 == 0)
        store(at);
      else
        (void)*static_cast<volatile std::byte*>(map.address() + at * page);
    }
    if (round % 10 == 9) { // Back to the section's.
      const std::uint64_t at = random() % (pages - 100);
      const extent part{at * page, 100 * page};
      take(map.decommit(part));
      take(map.commit(part, map_flags::cow));
      stored.erase(stored.lower_bound(at), stored.lower_bound(at + 100));
    }
    const std::uint64_t from = random() % pages;
    const std::uint64_t to = from + 1 + random() % (pages - from);
    for (const std::size_t room :
         {std::size_t{1}, std::size_t{1 + random() % 50}, std::size_t{4'000}})
      ASSERT_EQ(found({from * page, (to - from) * page}, room), expected(from, to));
  }
}

TEST_P(PageMap, FindsAnyNumberOfRuns) {
  for (std::uint64_t i = 0; i < pages; i += 2) store(i);
  EXPECT_EQ(expected(0, pages).size(), pages / 2);
  for (const std::size_t room : {1, 255, 256, 257, 512, 1'500, 3'000})
    EXPECT_EQ(found({0, pages * page}, room), expected(0, pages)) << room;
  for (std::uint64_t i = 1; i < pages; i += 2) store(i);
  EXPECT_EQ(found({0, pages * page}, 2), expected(0, pages));
}

TEST_P(PageMap, TakesAPartAsThePagesThatItTouches) {
  for (const std::uint64_t i : {3, 4, 5, 6}) store(i);
  std::array<extent, 4> into;
  const auto runs = take(own.copied(map, {4 * page + 1, page}, into));
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0], (extent{4 * page, 2 * page}));
  EXPECT_EQ(runs.data(), into.data());
  EXPECT_TRUE(take(own.copied(map, {4 * page, 0}, into)).empty());
  EXPECT_TRUE(take(own.copied(map, {4 * page, page}, {})).empty());
}

TEST_P(PageMap, CountsAStoreThatChangesNothing) {
  map.address()[5 * page] = std::byte{};
  stored.insert(5);
  EXPECT_EQ(found({0, pages * page}, 10), expected(0, pages));
}

TEST_P(PageMap, SeesWhatGrewAndMoved) {
  const auto larger = take(section_handle::section(2 * pages * page));
  map = take(map_handle::map(larger, {.part = {0, page}, .flags = map_flags::cow}));
  store(0);
  take(map.truncate(2 * pages * page, placement::anywhere));
  store(2 * pages - 1);
  EXPECT_EQ(found({0, 2 * pages * page}, 10), expected(0, 2 * pages));
}

TEST_P(PageMap, IsOfCopyOnWriteMapsOnly) {
  std::array<extent, 4> into;
  const auto shared = take(map_handle::map(section));
  EXPECT_TRUE(failed_with(own.copied(shared, {0, page}, into), EINVAL));
  EXPECT_TRUE(failed_with(own.copied(map_handle(), {}, into), EINVAL));
  for (const extent part :
       {extent{0, pages * page + 1}, extent{pages * page, 1}, extent{1, ~std::uint64_t{0}}})
    EXPECT_TRUE(failed_with(own.copied(map, part, into), EINVAL));
}

TEST_P(PageMap, ReportsAFailure) {
  std::array<extent, 4> into;
  const call asked = GetParam() == 0 ? call::ioctl : call::preadv;
  if (asked == call::preadv) GTEST_SKIP() << "one fault at a time";
  const armed now({.which = asked, .native = EIO});
  EXPECT_TRUE(failed_with(own.copied(map, {0, page}, into), EIO));
}

} // namespace
} // namespace afio::unit
