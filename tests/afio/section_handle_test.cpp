// What can be mapped, and how long it is.
#include "afio/map_handle.hpp"
#include "afio/memory_usage.hpp"
#include "afio/section_handle.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <limits>

#include <sys/stat.h>

namespace afio::unit {
namespace {

class Section : public scene {
protected:
  Section() { make("f f 5000"); }

  file_handle open(mode m) const { return take(file_handle::file(dir, leaf("f"), {.mode = m})); }
};

TEST_F(Section, OutlivesTheHandleAndTheNameOfItsFile) {
  auto file = open(mode::write);
  auto section = take(section_handle::section(file));
  take(file.unlink(dir, leaf("f")));
  take(file.close());
  EXPECT_EQ(take(section.length()), 5'000U);
  const auto map = take(map_handle::map(section));
  take(section.close());
  EXPECT_EQ(map.length(), 5'000U);
  map.bytes()[4'999] = std::byte{1};
}

TEST_F(Section, IsAsLongAsItsFileIsNow) {
  auto file = open(mode::write);
  auto section = take(section_handle::section(file));
  take(file.truncate(7));
  EXPECT_EQ(take(section.length()), 7U);
  take(section.truncate(70'000));
  EXPECT_EQ(take(file.size()), 70'000U);
}

TEST_F(Section, MapsWhatItsFileIsOpenFor) {
  const auto map = [&](mode m, map_flags flags) {
    return map_handle::map(take(section_handle::section(open(m))), {.flags = flags});
  };
  const auto both = map_flags::read | map_flags::write;
  EXPECT_TRUE(succeeded(map(mode::read, map_flags::read)));
  EXPECT_TRUE(succeeded(map(mode::read, map_flags::cow)));
  EXPECT_TRUE(failed_with(map(mode::read, both), EACCES));
  EXPECT_TRUE(succeeded(map(mode::write, both)));
  EXPECT_TRUE(failed_with(map(mode::append, map_flags::read), EACCES));
  EXPECT_TRUE(failed_with(map(mode::append, map_flags::write), EACCES));
  EXPECT_TRUE(failed_with(map(mode::none, map_flags::read), EBADF));
  EXPECT_TRUE(failed_with(take(section_handle::section(open(mode::read))).truncate(1), EINVAL));
}

TEST_F(Section, OfMemoryIsZerosThatItsMapsShare) {
  auto section = take(section_handle::section(10'000));
  EXPECT_EQ(take(section.length()), 10'000U);
  const auto one = take(map_handle::map(section));
  const auto another = take(map_handle::map(section, {.part = {4096, 0}}));
  EXPECT_EQ(another.length(), 10'000U - 4096);
  take(section.close());
  for (const std::byte b : one.bytes()) ASSERT_EQ(b, std::byte{});
  one.bytes()[5'000] = std::byte{7};
  EXPECT_EQ(another.bytes()[5'000 - 4096], std::byte{7});
}

TEST_F(Section, OfMemorySetsNothingAside) {
  const auto section = take(section_handle::section(std::uint64_t{1} << 40));
  const auto map =
      take(map_handle::map(section, {.part = {std::uint64_t{1} << 39, std::uint64_t{1} << 30}}));
  map.bytes()[map.length() - 1] = std::byte{1};

  struct stat status {};

  ASSERT_EQ(::fstat(section.native().number(), &status), 0);
  EXPECT_LE(status.st_blocks * 512, 1 << 21); // A page, which may be a large one.
}

TEST_F(Section, IsNoLongerThanAnyFile) {
  constexpr std::uint64_t too_long = std::uint64_t{1} << 63;
  EXPECT_TRUE(failed_with(section_handle::section(too_long), EINVAL));
  auto section = take(section_handle::section(1));
  EXPECT_TRUE(failed_with(section.truncate(too_long), EINVAL));
  EXPECT_TRUE(failed_with(section.truncate(~std::uint64_t{0}), EINVAL));
  EXPECT_EQ(take(section.length()), 1U);
}

TEST_F(Section, GoesWithItsOwner) {
  auto one = take(section_handle::section(1));
  auto other = std::move(one);
  EXPECT_FALSE(one.is_open());
  other = take(section_handle::section(2));
  EXPECT_EQ(take(other.length()), 2U);
}

TEST_F(Section, CannotBeMadeOfWhatIsClosed) {
  EXPECT_TRUE(failed_with(section_handle::section(file_handle()), EBADF));
  EXPECT_TRUE(failed_with(section_handle().length(), EBADF));
  EXPECT_TRUE(failed_with(map_handle::map(section_handle(), {.part = {0, 1}}), EBADF));
}

} // namespace
} // namespace afio::unit
