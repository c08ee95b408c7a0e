// What is for the way of every page and every block allocates nothing by itself.
#include "algorithms/mapping/file_memory_resource.hpp"
#include "algorithms/mapping/page_allocator.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/support/allocations.hpp"

#include <gtest/gtest.h>

#include <array>

namespace afio::algorithms {
namespace {

using testing::allocations;
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

} // namespace
} // namespace afio::algorithms
