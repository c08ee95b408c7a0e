// What is for the way of every page and every block allocates nothing by itself; what does allocate
// survives that there is no memory.
#include "afio/memory_usage.hpp"
#include "algorithms/mapping/demand_map.hpp"
#include "algorithms/mapping/file_memory_resource.hpp"
#include "algorithms/mapping/page_allocator.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/support/allocations.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace afio::algorithms {
namespace {

using testing::allocations;
using unit::failed_with;
using unit::leaf;
using unit::take;

constexpr std::uint64_t room = std::uint64_t{1} << 30;

class MappingAllocation : public unit::per_file_system {
protected:
  file_handle file() const {
    return take(
        file_handle::file(dir, leaf("f"), {.mode = mode::write, .creation = creation::if_needed}));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, MappingAllocation, unit::all_kinds(), unit::kind_of);

TEST_P(MappingAllocation, NoneForPages) {
  auto pages = take(page_allocator::open(file(), room));
  const std::size_t before = allocations;
  bool all = true;
  std::array<page_number, 3'000> some; // So many that the file grows.
  for (page_number& page : some) {
    const auto given = pages.allocate();
    all = all && given;
    if (given) page = given.assume_value();
  }
  for (const page_number page : some) all = all && pages.free(page);
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(all);
}

TEST_P(MappingAllocation, NoneForMemory) {
  auto memory = take(file_memory_resource::open(file(), room));
  const std::size_t before = allocations;
  bool all = true;
  for (std::uint64_t bytes = 1; bytes < 3'000'000; bytes = bytes * 3 / 2 + 1) {
    const auto at = memory->try_allocate(bytes);
    all = all && at;
    if (at && bytes % 2 == 0) memory->give_back(at.assume_value(), bytes);
  }
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(all);
}

std::uint64_t failing_one;

TEST_P(MappingAllocation, WithoutMemoryForAPieceNothingOfItIsLeft) {
  auto backing = file();
  take(backing.truncate(64 * page_size()));
  auto map = take(demand_map::open(backing, {.budget = 0}));
  std::uint64_t nth = 1;
  for (bool failed = true; failed; ++nth) {
    ASSERT_LT(nth, 10U);
    const extent part{nth * page_size(), 1};
    failing_one = allocations + nth;
    testing::may_allocate = [](std::uint64_t now) noexcept { return now != failing_one; };
    {
      const auto held = map.at(part);
      testing::may_allocate = nullptr;
      failed = !held;
      EXPECT_TRUE(!failed || failed_with(held, ENOMEM));
    }
    // What nobody holds goes with this, and what it holds stays.
    const auto held = take(map.at(part));
    ASSERT_EQ(map.mapped(), page_size());
    EXPECT_EQ(held.bytes()[0], std::byte{0});
  }
  EXPECT_GT(nth, 2U);
}

} // namespace
} // namespace afio::algorithms
