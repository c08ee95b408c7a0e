// Holes, zeros and data of a file against a model of its bytes, in memory.
#include "tests/afio/extent_model.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/pace.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include <unistd.h>

namespace afio::unit {
namespace {

class FileExtents : public scene {
protected:
  file_handle open(const char* name, mode m = mode::write) const {
    return take(file_handle::file(dir, leaf(name), {.mode = m, .creation = creation::if_needed}));
  }
};

constexpr std::uint64_t mebibyte = 1 << 20;

TEST_F(FileExtents, DataOfAThousandRandomLayoutsIsFoundAndAllOfIt) {
  auto file = open("a");
  const bool exact = take(file.statfs()).kind_name() == "tmpfs";
  for (unsigned seed = 0; seed < 1'000 / testing::quick_step(5); ++seed) {
    take(file.truncate(0));
    extent_model model(seed);
    for (int step = 0; step < 8; ++step) {
      model.change(file);
    }
    ASSERT_TRUE(model.agrees_with(file)) << "seed " << seed;
    if (exact) {
      ASSERT_EQ(extents_of(file), model.extents()) << "seed " << seed;
    }
  }
}

TEST_F(FileExtents, ZerosAreTheSameWhereTheyHaveToBeWritten) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    auto file = open("a");
    take(file.truncate(0));
    extent_model model(seed);
    for (int step = 0; step < 8; ++step) {
      const armed unsupported({.which = call::fallocate, .native = EOPNOTSUPP});
      model.zero(file);
      EXPECT_GE(detail::calls_seen(call::pwrite64), 1U);
      detail::disarm();
      model.change(file);
    }
    ASSERT_TRUE(model.agrees_with(file)) << "seed " << seed;
  }
}

TEST_F(FileExtents, DataIsFoundFromTheMiddleOfIt) {
  auto file = open("a");
  take(file.write(std::array<std::byte, 100>{}, 0));
  const auto whole = take(file.next_data(0));
  const auto rest = take(file.next_data(60));
  ASSERT_TRUE(whole && rest);
  EXPECT_EQ(rest->offset, 60U);
  EXPECT_EQ(rest->end(), whole->end());
}

TEST_F(FileExtents, NothingFollowsTheLastData) {
  auto file = open("a");
  EXPECT_EQ(take(file.next_data(0)), std::nullopt) << "an empty file";
  take(file.truncate(mebibyte));
  EXPECT_EQ(take(file.next_data(0)), std::nullopt) << "nothing but a hole";
  take(file.write(std::array<std::byte, 1>{}, 0));
  const auto data = take(file.next_data(0));
  ASSERT_TRUE(data);
  EXPECT_EQ(take(file.next_data(data->end())), std::nullopt);
  EXPECT_EQ(take(file.next_data(mebibyte)), std::nullopt);
  EXPECT_EQ(take(file.next_data(100 * mebibyte)), std::nullopt);
}

TEST_F(FileExtents, NothingFollowsWhereTheFileIsCutMeanwhile) {
  auto file = open("a");
  take(file.write(std::array<std::byte, 100>{}, 0));
  const just_before looking(call::lseek, 2,
                            [&] { EXPECT_EQ(::truncate((scratch / "a").c_str(), 0), 0); });
  const auto data = file.next_data(0);
  ASSERT_EQ(looking.times(), 1);
  ASSERT_TRUE(succeeded(data));
  EXPECT_EQ(data.assume_value(), std::nullopt);
}

TEST_F(FileExtents, AnErrorIsNotAHole) {
  auto file = open("a");
  take(file.write(std::array<std::byte, 100>{}, 0));
  for (const std::uint64_t nth : {1, 2}) {
    const armed fails({.which = call::lseek, .nth = nth, .native = EIO});
    EXPECT_TRUE(failed_with(file.next_data(0), EIO));
  }
}

TEST_F(FileExtents, PunchingGivesBlocksBackAndKeepsTheSize) {
  auto file = open("a");
  const std::vector<std::byte> data(mebibyte, std::byte{1});
  take(file.write(data, 0));
  const auto before = take(file.stat()).allocated;
  EXPECT_TRUE(succeeded(file.punch_hole({0, mebibyte / 2})));
  EXPECT_LE(take(file.stat()).allocated, before - mebibyte / 2);
  EXPECT_TRUE(succeeded(file.punch_hole({0, 100 * mebibyte})));
  EXPECT_EQ(take(file.size()), mebibyte);
  EXPECT_EQ(take(file.next_data(0)), std::nullopt);
}

TEST_F(FileExtents, ZeroGrowsTheFile) {
  auto file = open("a");
  EXPECT_TRUE(succeeded(file.zero({10, 90})));
  EXPECT_EQ(take(file.size()), 100U);
}

TEST_F(FileExtents, AnEmptyPartIsNoWork) {
  auto file = open("a");
  const armed counting;
  EXPECT_TRUE(succeeded(file.punch_hole({5, 0})));
  EXPECT_TRUE(succeeded(file.zero({5, 0})));
  EXPECT_EQ(take(file.clone_extents({0, 0}, file, 0)), 0U);
  EXPECT_EQ(detail::calls_seen(call::fallocate), 0U);
  EXPECT_EQ(take(file.size()), 0U);
}

TEST_F(FileExtents, PartsThatNoFileHasAreRefused) {
  constexpr std::uint64_t most = std::uint64_t{1} << 63;
  auto file = open("a");
  take(file.truncate(1));
  for (const extent part : {extent{most, 1}, extent{0, most}, extent{most - 1, 1},
                            extent{1, ~std::uint64_t{0}}, extent{~std::uint64_t{0}, 1}}) {
    EXPECT_TRUE(failed_with(file.punch_hole(part), EINVAL)) << part.offset;
    EXPECT_TRUE(failed_with(file.zero(part), EINVAL)) << part.offset;
  }
  EXPECT_TRUE(failed_with(file.next_data(most), EINVAL));
  EXPECT_TRUE(failed_with(file.clone_extents({0, 1}, file, most), EINVAL));
  EXPECT_EQ(take(file.size()), 1U);
}

TEST_F(FileExtents, ChangingAFileOpenForReadingIsRefused) {
  (void)open("a");
  auto file = open("a", mode::read);
  EXPECT_TRUE(failed_with(file.punch_hole({0, 1}), EBADF));
  EXPECT_TRUE(failed_with(file.zero({0, 1}), EBADF));
}

TEST_F(FileExtents, WhatOnlyAppendsIsNeverZeroedByWriting) {
  auto file = open("a");
  take(file.write(std::array<std::byte, 3>{std::byte{1}, std::byte{2}, std::byte{3}}, 0));
  auto appends = open("a", mode::append);
  const armed unsupported({.which = call::fallocate, .native = EOPNOTSUPP});
  EXPECT_TRUE(failed_with(appends.zero({0, 2}), EOPNOTSUPP));
  EXPECT_EQ(take(file.size()), 3U);
}

TEST_F(FileExtents, AnErrorWhileZeroingIsNotHiddenByWriting) {
  auto file = open("a");
  const armed full({.which = call::fallocate, .native = ENOSPC});
  EXPECT_TRUE(failed_with(file.zero({0, 10}), ENOSPC));
  EXPECT_EQ(detail::calls_seen(call::pwrite64), 0U);
}

// --------------------------------------------------------------------------------- clone_extents

TEST_F(FileExtents, CloneIsACopyWhereBlocksCannotBeShared) {
  auto from = open("from");
  auto to = open("to");
  extent_model model(1);
  while (take(from.size()) == 0) model.change(from);
  const armed unsupported({.which = call::ioctl, .native = EOPNOTSUPP});
  EXPECT_EQ(take(from.clone_extents({0, ~std::uint64_t{0} >> 1}, to, 0)), take(from.size()));
  EXPECT_GE(detail::calls_seen(call::copy_file_range), 1U);
  EXPECT_TRUE(model.agrees_with(to));
}

TEST_F(FileExtents, CloneIsRefusedWhereSharingIsRequired) {
  auto from = open("from");
  auto to = open("to");
  take(from.write(std::array<std::byte, 100>{}, 0));
  const auto refused = from.clone_extents({0, 100}, to, 0, sharing::require);
  ASSERT_FALSE(refused) << "tmpfs shares nothing";
  EXPECT_EQ(refused.assume_error().origin(), call::ioctl);
  EXPECT_EQ(take(to.size()), 0U);
}

TEST_F(FileExtents, CloneIsCutAtTheEndOfTheSource) {
  auto from = open("from");
  auto to = open("to");
  take(from.write(std::array<std::byte, 100>{}, 0));
  EXPECT_EQ(take(from.clone_extents({90, 1'000}, to, 5)), 10U);
  EXPECT_EQ(take(to.size()), 15U);
  EXPECT_EQ(take(from.clone_extents({100, 1}, to, 0)), 0U);
  EXPECT_EQ(take(from.clone_extents({~std::uint64_t{0}, 1}, to, 0)), 0U);
}

TEST_F(FileExtents, CloneEndsWhereTheSourceIsCutMeanwhile) {
  auto from = open("from");
  auto to = open("to");
  take(from.write(std::array<std::byte, 100>{}, 0));
  const just_before copying(call::copy_file_range, 1,
                            [&] { EXPECT_EQ(::truncate((scratch / "from").c_str(), 40), 0); });
  EXPECT_EQ(take(from.clone_extents({0, 100}, to, 0)), 40U);
}

TEST_F(FileExtents, CloneReportsAnErrorOfTheCopy) {
  auto from = open("from");
  auto to = open("to");
  take(from.write(std::array<std::byte, 100>{}, 0));
  for (const call which : {call::ioctl, call::copy_file_range}) {
    const armed fails({.which = which, .native = EIO});
    const auto failed = from.clone_extents({0, 100}, to, 0);
    ASSERT_TRUE(failed_with(failed, EIO));
    EXPECT_EQ(failed.assume_error().origin(), which);
  }
}

} // namespace
} // namespace afio::unit
