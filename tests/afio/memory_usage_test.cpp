// What the kernel says of pages and of this process's memory.
#include "afio/map_handle.hpp"
#include "afio/memory_usage.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include <sys/wait.h>
#include <unistd.h>

namespace afio::unit {
namespace {

constexpr std::uint64_t much = 64 << 20;
/// Others of the process's memory may come and go, but less than this.
constexpr std::uint64_t little = 8 << 20;

class MemoryUsage : public scene {};

TEST_F(MemoryUsage, PagesBeginWithTheMachines) {
  EXPECT_EQ(page_size(), static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  std::array<std::uint64_t, 16> all;
  const auto sizes = take(page_sizes(all));
  ASSERT_FALSE(sizes.empty());
  EXPECT_EQ(sizes.data(), all.data());
  EXPECT_EQ(sizes[0], page_size());
  EXPECT_TRUE(std::is_sorted(sizes.begin(), sizes.end()));
  EXPECT_EQ(std::adjacent_find(sizes.begin(), sizes.end()), sizes.end());
  for (std::size_t room = 0; room <= sizes.size(); ++room) {
    std::array<std::uint64_t, 16> some;
    const auto first = take(page_sizes(std::span(some).first(room)));
    EXPECT_TRUE(std::equal(first.begin(), first.end(), sizes.begin(),
                           sizes.begin() + static_cast<std::ptrdiff_t>(room)));
  }
}

TEST_F(MemoryUsage, AddressSpaceIsNotMemory) {
  const auto before = take(memory_usage_now());
  EXPECT_GE(before.address_space, before.resident);
  EXPECT_GE(before.resident, before.own);
  EXPECT_GT(before.own, 0U);
  const auto reserved = take(map_handle::reserve(much));
  const auto after = take(memory_usage_now());
  EXPECT_GE(after.address_space, before.address_space + much);
  EXPECT_LT(after.resident, before.resident + little);
}

TEST_F(MemoryUsage, MemoryIsTheProcesssOwnUntilAnotherHasIt) {
  const auto before = take(memory_usage_now());
  const auto map = take(
      map_handle::map(much, {.flags = map_flags::read | map_flags::write | map_flags::prefault}));
  const auto after = take(memory_usage_now());
  EXPECT_GE(after.resident, before.resident + much - little);
  EXPECT_GE(after.own, before.own + much - little);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto here = memory_usage_now();
    ::_exit(here && here.assume_value().resident >= much &&
                    here.assume_value().own + much - little <= here.assume_value().resident
                ? 0
                : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

} // namespace
} // namespace afio::unit
