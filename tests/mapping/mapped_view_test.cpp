// Files, sections and memory as arrays.
#include "algorithms/mapping/mapped_view.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/mapping/elements.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <ranges>
#include <vector>

namespace afio::unit {
namespace {

using algorithms::mapped_view;
using algorithms::view_of;

static_assert(std::contiguous_iterator<mapped_view<int>::iterator>);
static_assert(std::ranges::contiguous_range<mapped_view<int>>);
static_assert(std::ranges::contiguous_range<const mapped_view<const int>>);
static_assert(std::is_nothrow_move_constructible_v<mapped_view<int>>);
static_assert(!std::is_copy_constructible_v<mapped_view<int>>);
static_assert(std::is_same_v<decltype(*mapped_view<const int>().begin()), const int&>);

class MappedView : public scene {
protected:
  /// `n` ints, 0, 1, 2, …, and some bytes more.
  file_handle file_of(int n, std::size_t more = 0) {
    auto file = take(
        file_handle::file(dir, leaf("f"), {.mode = mode::write, .creation = creation::if_needed}));
    std::vector<int> numbers(static_cast<std::size_t>(n));
    std::iota(numbers.begin(), numbers.end(), 0);
    take(file.write(std::as_bytes(std::span(numbers)), 0));
    take(file.truncate(numbers.size() * sizeof(int) + more));
    return file;
  }
};

TEST_F(MappedView, IsTheFile) {
  auto file = file_of(5000);
  auto view = take(mapped_view<int>::of(file));
  EXPECT_EQ(view.size(), 5000U);
  EXPECT_EQ(view.back(), 4999);
  EXPECT_TRUE(std::ranges::is_sorted(view));
  view[4000] = -1;
  int stored = 0;
  take(file.read(std::as_writable_bytes(std::span(&stored, 1)), 4000 * sizeof(int)));
  EXPECT_EQ(stored, -1);
  take(file.close());
  view.front() = 7; // It needs no handle.
  EXPECT_TRUE(succeeded(view.barrier(barrier_kind::data)));
  EXPECT_TRUE(succeeded(view.close()));
  EXPECT_TRUE(view.empty());
}

TEST_F(MappedView, APartBeginsAnywhere) {
  auto file = file_of(5000);
  for (const std::uint64_t first : {0, 1, 1023, 1024, 1025, 4999}) {
    const auto view = take(mapped_view<const int>::of(file, {.first = first}));
    EXPECT_EQ(view.size(), 5000 - first);
    EXPECT_EQ(view.front(), static_cast<int>(first));
    EXPECT_EQ(view.front_bytes(), first * sizeof(int) % page_size());
  }
  const auto view = take(mapped_view<int>::of(file, {.first = 2000, .count = 3}));
  EXPECT_TRUE(std::ranges::equal(view, std::vector{2000, 2001, 2002}));
  EXPECT_TRUE(succeeded(view.barrier(barrier_kind::data)));
}

TEST_F(MappedView, AnElementThatIsNotWholeIsNotInIt) {
  auto file = file_of(10, 3);
  EXPECT_EQ(take(mapped_view<int>::of(file)).size(), 10U);
  EXPECT_EQ(take(mapped_view<three_bytes>::of(file)).size(), 14U);
  EXPECT_EQ(take(mapped_view<line>::of(file)).size(), 0U);
  EXPECT_TRUE(take(mapped_view<int>::of(file, {.first = 10})).empty());
  EXPECT_TRUE(take(mapped_view<int>::of(file, {.first = 11})).empty());
  EXPECT_TRUE(succeeded(take(mapped_view<line>::of(file)).barrier(barrier_kind::data)));
}

TEST_F(MappedView, IsToBeReadAloneWhereTheFileIs) {
  file_of(10);
  auto file = take(file_handle::file(dir, leaf("f")));
  EXPECT_TRUE(failed_with(mapped_view<int>::of(file), EACCES));
  EXPECT_EQ(take(mapped_view<const int>::of(file))[9], 9);
  auto own = take(mapped_view<int>::of(file, {.flags = map_flags::cow}));
  own[9] = 1;
  EXPECT_EQ(take(mapped_view<const int>::of(file))[9], 9);
  auto mapped = take(mapped_file_handle::mapped_file(dir, leaf("f")));
  EXPECT_TRUE(failed_with(view_of<int>(mapped), EACCES));
  EXPECT_EQ(take(view_of<const int>(mapped))[9], 9);
}

TEST_F(MappedView, RefusesPartsThatNoFileHas) {
  auto file = file_of(10);
  EXPECT_TRUE(
      failed_with(mapped_view<int>::of(file, {.first = std::uint64_t{1} << 62}), EOVERFLOW));
  EXPECT_TRUE(
      failed_with(mapped_view<int>::of(file, {.first = 1, .count = ~std::uint64_t{0}}), EOVERFLOW));
}

TEST_F(MappedView, OfMemoryIsZerosOfItsOwn) {
  auto view = take(mapped_view<std::uint64_t>::of_memory(1000));
  EXPECT_EQ(std::accumulate(view.begin(), view.end(), std::uint64_t{0}), 0U);
  view[999] = 5;
  auto moved = std::move(view);
  EXPECT_TRUE(view.empty());
  EXPECT_EQ(moved.size(), 1000U);
  EXPECT_EQ(moved[999], 5U);
  const auto map = moved.release();
  EXPECT_TRUE(moved.empty());
  EXPECT_TRUE(map.is_open());
  EXPECT_TRUE(failed_with(mapped_view<int>::of_memory(0), EINVAL));
  EXPECT_TRUE(failed_with(mapped_view<int>::of_memory(std::uint64_t{1} << 62), ENOMEM));
}

TEST_F(MappedView, TakesAMapThatIsLongEnough) {
  auto map = take(map_handle::map(page_size()));
  EXPECT_TRUE(failed_with(mapped_view<int>::adopt(std::move(map), page_size()), EINVAL));
  EXPECT_TRUE(map.is_open());
  auto view = take(mapped_view<int>::adopt(std::move(map), 10));
  EXPECT_EQ(view.size(), 10U);
  auto unreadable = take(map_handle::reserve(page_size()));
  EXPECT_TRUE(failed_with(mapped_view<const int>::adopt(std::move(unreadable), 1), EINVAL));
}

TEST_F(MappedView, SharesASection) {
  const auto section = take(section_handle::section(8000));
  auto a = take(mapped_view<int>::of(section));
  const auto b = take(mapped_view<const int>::of(section, {.first = 1500}));
  a[1999] = 3;
  EXPECT_EQ(b.back(), 3);
}

} // namespace
} // namespace afio::unit
