// Pieces of files: what is data, what is a hole, and where each is stored.
#include "algorithms/holes/file_layout.hpp"
#include "algorithms/holes/list_layouts.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/scene.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <fcntl.h>

namespace afio::unit {
namespace {

using kind = file_piece::kind;
constexpr extent_flags none = extent_flags::none;

// ---------------------------------------------------------------------------------- what is said

TEST(LayOut, WithoutPlacesIsDataAndHoles) {
  const std::vector<extent> data{{10, 20}, {50, 50}};
  EXPECT_EQ(lay_out(100, data, {}).pieces,
            (std::vector<file_piece>{{{0, 10}, kind::hole, none, {}},
                                     {{10, 20}, kind::data, none, {}},
                                     {{30, 20}, kind::hole, none, {}},
                                     {{50, 50}, kind::data, none, {}}}));
  EXPECT_TRUE(lay_out(0, {}, {}).pieces.empty());
  EXPECT_EQ(lay_out(7, {}, {}).pieces, (std::vector<file_piece>{{{0, 7}, kind::hole, none, {}}}));
}

TEST(LayOut, CutsDataWhereItIsStoredDifferently) {
  const std::vector<extent> data{{0, 100}};
  const std::vector<physical_extent> stored{{{0, 40}, 1000, none},
                                            {{40, 20}, 1040, none}, // It goes on.
                                            {{60, 20}, 5000, extent_flags::shared},
                                            {{90, 50}, 7000, extent_flags::last}};
  const file_layout layout = lay_out(100, data, stored);
  EXPECT_EQ(layout.pieces,
            (std::vector<file_piece>{{{0, 60}, kind::data, none, 1000},
                                     {{60, 20}, kind::data, extent_flags::shared, 5000},
                                     {{80, 10}, kind::data, none, {}},
                                     {{90, 10}, kind::data, none, 7000}}));
  EXPECT_EQ(layout.data(), 100U);
  EXPECT_EQ(layout.flagged(extent_flags::shared), 20U);
}

TEST(LayOut, WhatWasOnlyAllocatedIsAHoleExceptWhereItWasWrittenSince) {
  const std::vector<extent> data{{30, 10}};
  const std::vector<physical_extent> stored{{{0, 100}, 1000, extent_flags::unwritten}};
  EXPECT_EQ(lay_out(100, data, stored).pieces,
            (std::vector<file_piece>{{{0, 30}, kind::hole, extent_flags::unwritten, 1000},
                                     {{30, 10}, kind::data, extent_flags::unwritten, 1030},
                                     {{40, 60}, kind::hole, extent_flags::unwritten, 1040}}));
}

TEST(LayOut, WhatHasNoPlaceHasNone) {
  const std::vector<extent> data{{0, 10}};
  const std::vector<physical_extent> stored{{{0, 10}, 99, extent_flags::unplaced}};
  EXPECT_EQ(lay_out(10, data, stored).pieces,
            (std::vector<file_piece>{{{0, 10}, kind::data, extent_flags::unplaced, {}}}));
}

// ------------------------------------------------------------------------------------------ bars

TEST(BarOf, HasEachByteInOneColumn) {
  const std::vector<extent> data{{4096, 4096}, {12288, 4096}};
  const file_layout layout = lay_out(20'000, data, {});
  for (const std::size_t columns : {1U, 2U, 3U, 4U, 5U, 80U}) {
    const auto bar = bar_of(layout, columns);
    EXPECT_EQ(bar.size(), std::min<std::size_t>(columns, 5));
    bar_cell sum;
    for (const bar_cell& c : bar) {
      sum.data += c.data;
      sum.hole += c.hole;
      EXPECT_LE(c.bytes(), 20'000 / bar.size() + 1);
      EXPECT_GE(c.bytes(), 20'000 / bar.size());
    }
    EXPECT_EQ(sum.data, 8192U);
    EXPECT_EQ(sum.hole, 20'000 - 8192U);
  }
}

TEST(BarOf, OfAnEmptyFileIsEmptyAndOfTheLargestNoOverflow) {
  EXPECT_TRUE(bar_of(lay_out(0, {}, {}), 80).empty());
  constexpr std::uint64_t most = (std::uint64_t{1} << 63) - 1;
  const auto bar = bar_of(lay_out(most, {}, {}), 80);
  ASSERT_EQ(bar.size(), 80U);
  EXPECT_NEAR(static_cast<double>(bar[79].hole), static_cast<double>(most) / 80, 2048.0);
}

// ----------------------------------------------------------------------------------------- files

class Layouts : public per_file_system {
protected:
  file_handle open(const char* name) const {
    return take(
        file_handle::file(dir, leaf(name), {.mode = mode::write, .creation = creation::if_needed}));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, Layouts, all_kinds(), kind_of);

constexpr std::uint64_t mebibyte = 1 << 20;

TEST_P(Layouts, OfAFileHaveNoGap) {
  auto file = open("f");
  take(file.write(std::vector<std::byte>(mebibyte, std::byte{1}), mebibyte));
  take(file.truncate(4 * mebibyte));
  const file_layout layout = take(layout_of(file));
  EXPECT_EQ(layout.size, 4 * mebibyte);
  EXPECT_EQ(layout.data(), mebibyte);
  std::uint64_t at = 0;
  for (const file_piece& p : layout.pieces) {
    EXPECT_EQ(p.where.offset, at);
    at = p.where.end();
  }
  EXPECT_EQ(at, 4 * mebibyte);
}

TEST_P(Layouts, OfDirtyPreallocatedBytesAreData) {
  auto file = open("f");
  ASSERT_EQ(::fallocate(file.native().number(), 0, 0, mebibyte), 0);
  take(file.write(std::vector<std::byte>(mebibyte / 2, std::byte{1}), 0));
  const file_layout layout = take(layout_of(file));
  EXPECT_EQ(layout.data(), mebibyte / 2);
  if (GetParam() != file_system::tmpfs) {
    EXPECT_TRUE(has(layout.pieces.back().flags, extent_flags::unwritten));
  }
}

TEST_P(Layouts, OfSharedBlocksSaySo) {
  if (!shares()) GTEST_SKIP() << "shares nothing";
  auto file = open("f");
  take(file.write(std::vector<std::byte>(mebibyte, std::byte{1}), 0));
  auto copy = open("g");
  take(file.clone_all(copy));
  take(copy.barrier(barrier_kind::all));
  EXPECT_EQ(take(layout_of(copy)).flagged(extent_flags::shared), mebibyte);
}

TEST_P(Layouts, OfATreeAreThoseOfItsRegularFiles) {
  make("f a 5000\n d d\n f d/b 1\n h d/c = a\n l l -> a\n p p\n s s");

  struct all final : layout_listener {
    void found(std::string_view path, const file_layout& layout) noexcept override {
      sizes[std::string(path)] = layout.size;
    }

    std::map<std::string, std::uint64_t> sizes;
  } heard;

  listener told;
  const auto report = take(list_layouts(walk_root{&dir, "t"}, {.threads = 2}, heard, told));
  EXPECT_EQ(report.files, 3U);
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(heard.sizes,
            (std::map<std::string, std::uint64_t>{{"t/a", 5000}, {"t/d/b", 1}, {"t/d/c", 5000}}));
}

TEST_P(Layouts, ThatCannotBeSeenAreFailures) {
  make("f a 5000");

  struct silent final : layout_listener {
    void found(std::string_view, const file_layout&) noexcept override {}
  } nobody;

  listener told;
  const armed fails({.which = call::ioctl, .native = EIO});
  const auto report = take(list_layouts(walk_root{&dir, "t"}, {.threads = 1}, nobody, told));
  EXPECT_EQ(report.files, 0U);
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(told.failure_alone().path, "t/a");
}

} // namespace
} // namespace afio::unit
