// A trillion ints, of which two are there: the first example of AFIO's documentation.
#include "afio/mapped_file_handle.hpp"
#include "algorithms/mapping/mapped_view.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <sys/mman.h>

namespace afio::unit {
namespace {

class OneTrillion : public per_file_system {
protected:
  static constexpr std::uint64_t count = 1'000'000'000'000;

  /// What the file takes of the disk, in bytes. Written back first, as some file systems decide on
  /// blocks no sooner.
  static std::uint64_t on_disk(file_handle& file) {
    take(file.barrier(barrier_kind::all));
    stat_t status;
    take(status.stamp(file, want::allocated));
    return status.allocated;
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, OneTrillion, all_kinds(), kind_of);

TEST_P(OneTrillion, TakesNoMoreRoomThanWhatIsWritten) {
  auto file = take(mapped_file_handle::mapped_temp_inode(dir));
  ASSERT_TRUE(succeeded(file.truncate(count * sizeof(int))));
  const auto ints = take(algorithms::view_of<int>(file));
  ASSERT_EQ(ints.size(), count);
  ints[0] = 5;
  ints[999'999'999'999] = 6;
  EXPECT_EQ(ints[0], 5);
  EXPECT_EQ(ints[999'999'999'999], 6);
  EXPECT_EQ(ints[500'000'000'000], 0);
  int read = 0;
  take(file.read(std::as_writable_bytes(std::span(&read, 1)), (count - 1) * sizeof(int)));
  EXPECT_EQ(read, 6);
  EXPECT_LE(on_disk(file), 256U << 10);
}

TEST_P(OneTrillion, SoDoesAViewWithAMapOfItsOwn) {
  auto file = take(file_handle::unnamed(dir));
  ASSERT_TRUE(succeeded(file.truncate(count * sizeof(int))));
  auto ints = take(algorithms::mapped_view<int>::of(file));
  ASSERT_EQ(ints.size(), count);
  ints[0] = 5;
  ints[999'999'999'999] = 6;
  long sum = 0;
  for (std::uint64_t i = 0; i < count; i += count / 16) sum += ints[i];
  EXPECT_EQ(sum, 5);
  EXPECT_EQ(ints.back(), 6);
  EXPECT_LE(on_disk(file), 256U << 10);
}

/// Pages of the file that are in memory after one element of a hole was read.
std::size_t pages_read(const file_handle& file, access_pattern pattern) {
  const auto view = take(algorithms::mapped_view<const int>::of(file, {.pattern = pattern}));
  EXPECT_EQ(view[view.size() / 2], 0);
  std::vector<unsigned char> in_memory(view.size_bytes() / page_size());
  EXPECT_EQ(::mincore(view.map().address(), view.size_bytes(), in_memory.data()), 0);
  return static_cast<std::size_t>(std::count(in_memory.begin(), in_memory.end(), 1));
}

TEST_P(OneTrillion, TouchingAnElementOfAHoleReadsNoMoreThanItsPage) {
  auto one = take(file_handle::unnamed(dir)), other = take(file_handle::unnamed(dir));
  take(one.truncate(4 << 20));
  take(other.truncate(4 << 20));
  EXPECT_LE(pages_read(one, algorithms::view_options().pattern), 1U);
  // That is no matter of course.
  if (GetParam() != file_system::tmpfs) {
    EXPECT_GT(pages_read(other, access_pattern::normal), 1U);
  }
}

} // namespace
} // namespace afio::unit
