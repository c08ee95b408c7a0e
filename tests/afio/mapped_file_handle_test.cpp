// A file in memory: one truth for reads, writes and maps, and no signal for who asks for none.
#include "afio/directory_handle.hpp"
#include "afio/mapped_file_handle.hpp"
#include "afio/memory_usage.hpp"
#include "tests/afio/in_child.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::unit {
namespace {

const std::uint64_t page = page_size();

const_buffer bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(const_buffer bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Bytes of the disk that a file has.
std::int64_t on_disk(const file_handle& file) {
  struct stat status {};

  if (::fstat(file.native().number(), &status) != 0) throw std::runtime_error("fstat");
  return status.st_blocks * 512;
}

class MappedFile : public per_file_system {
protected:
  mapped_file_handle open(mapping_options options = {}, mode m = mode::write) const {
    return take(mapped_file_handle::mapped_file(
        dir, leaf("f"),
        {.mode = m, .creation = m == mode::write ? creation::if_needed : creation::open_existing},
        options));
  }

  file_handle another(const char* name = "f") const {
    return take(
        file_handle::file(dir, leaf(name), {.mode = mode::write, .creation = creation::if_needed}));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, MappedFile, all_kinds(), kind_of);

// --------------------------------------------------------------------------------- read and write

TEST_P(MappedFile, WritesGrowTheFileAndReadsPointIntoIt) {
  auto file = open({.reservation = 1 << 20});
  EXPECT_EQ(file.length(), 0U);
  const std::byte* const there = file.address();
  EXPECT_EQ(take(file.write(bytes_of("hello"), 3)), 5U);
  EXPECT_EQ(file.length(), 8U);
  EXPECT_EQ(text_of(file.read(extent{3, 100})), "hello");
  EXPECT_EQ(file.read(extent{3, 5}).data(), there + 3);
  EXPECT_EQ(take(file.write(bytes_of("J"), 3)), 1U);
  char text[8] = {};
  EXPECT_EQ(::pread(file.native().number(), text, 8, 0), 8);
  EXPECT_EQ(std::string_view(text + 3, 5), "Jello");
  take(file.close());
  EXPECT_EQ(file.length(), 0U);
  EXPECT_FALSE(file.map().is_open());
}

TEST_P(MappedFile, ReadsNothingBehindTheEnd) {
  auto file = open();
  std::array<std::byte, 8> into;
  EXPECT_EQ(take(file.read(buffer(into), 0)), 0U);
  take(file.write(bytes_of("hello"), 0));
  EXPECT_EQ(take(file.read(buffer(into), 2)), 3U);
  EXPECT_EQ(take(file.read(buffer(into), 5)), 0U);
  EXPECT_EQ(take(file.read(buffer(into), ~std::uint64_t{0})), 0U);
  EXPECT_TRUE(file.read(extent{~std::uint64_t{0}, 5}).empty());
  EXPECT_EQ(file.read(extent{1, ~std::uint64_t{0}}).size(), 4U);
}

TEST_P(MappedFile, SeesAtOnceWhatOthersWriteAndStore) {
  auto file = open();
  take(file.truncate(2 * page));
  const auto again = open({}, mode::read);
  auto other = another();
  take(other.write(bytes_of("written"), page));
  EXPECT_EQ(text_of(file.read(extent{page, 7})), "written");
  std::memcpy(file.address(), "stored", 6);
  std::array<std::byte, 6> into;
  EXPECT_EQ(take(other.read(into, 0)), 6U);
  EXPECT_EQ(text_of(into), "stored");
  EXPECT_EQ(text_of(again.read(extent{0, 6})), "stored");
}

TEST_P(MappedFile, ScattersAndGathers) {
  auto file = open();
  const std::array<const_buffer, 3> from{bytes_of("one "), bytes_of(""), bytes_of("and two")};
  EXPECT_EQ(take(file.write(from, 1)), 11U);
  EXPECT_EQ(take(file.write(from, 1)), 11U); // In place, this time.
  std::array<std::byte, 5> a{};
  std::array<std::byte, 100> b{};
  const std::array<buffer, 3> into{buffer(a), buffer(b), buffer(a)};
  EXPECT_EQ(take(file.read(into, 1)), 11U);
  EXPECT_EQ(text_of(a) + text_of(const_buffer(b).first(6)), "one and two");
  const std::vector<buffer> too_many(file_handle::max_buffers + 1);
  EXPECT_TRUE(failed_with(file.read(too_many, 0), EINVAL));
  const std::vector<const_buffer> too_many_from(file_handle::max_buffers + 1);
  EXPECT_TRUE(failed_with(file.write(too_many_from, 0), EINVAL));
}

TEST_P(MappedFile, CopiesBetweenPartsOfItself) {
  auto file = open();
  take(file.write(bytes_of("0123456789"), 0));
  take(file.write(file.read(extent{0, 8}), 2));
  EXPECT_EQ(text_of(file.read(extent{0, 10})), "0101234567");
}

TEST_P(MappedFile, IsWrittenOnlyIfOpenForIt) {
  make("f f 100");
  auto file = open({}, mode::read);
  EXPECT_TRUE(failed_with(file.write(bytes_of("x"), 0), EACCES));
  EXPECT_TRUE(failed_with(file.write(bytes_of("x"), 1'000), EACCES));
  EXPECT_FALSE(file.truncate(10));
  EXPECT_FALSE(file.truncate(1'000));
  EXPECT_EQ(file.length(), 100U);
  EXPECT_EQ(storing(file.address()), -SIGSEGV);
  for (const mode m : {mode::none, mode::append}) {
    EXPECT_TRUE(failed_with(mapped_file_handle::mapped_file(dir, leaf("f"), {.mode = m}), EINVAL));
  }
  const auto absent = mapped_file_handle::mapped_file(dir, leaf("absent"));
  ASSERT_TRUE(failed_with(absent, ENOENT));
  EXPECT_EQ(absent.assume_error().name(), "absent");
}

TEST_P(MappedFile, IsNeverAppendOnly) {
  auto file = open();
  take(file.write(bytes_of("hello"), 0));
  EXPECT_TRUE(failed_with(file.set_append_only(handle::appends::only_at_end), ENOTSUP));
  EXPECT_FALSE(take(file.is_append_only()));
  EXPECT_TRUE(succeeded(file.set_append_only(handle::appends::anywhere)));
  take(file.write(bytes_of("J"), 0));
  EXPECT_EQ(text_of(file.read(extent{0, 9})), "Jello");
}

TEST_P(MappedFile, CopyOnWriteNeverReachesTheFile) {
  make("f f 100");
  for (const mode m : {mode::read, mode::write}) {
    auto file = open({.flags = map_flags::cow}, m);
    EXPECT_EQ(take(file.write(bytes_of("mine"), 0)), 4U);
    EXPECT_EQ(text_of(file.read(extent{0, 4})), "mine");
    EXPECT_TRUE(failed_with(file.write(bytes_of("mine"), 98), EINVAL));
    EXPECT_TRUE(failed_with(file.truncate(10), EINVAL));
    EXPECT_NE(text_of(open({}, mode::read).read(extent{0, 4})), "mine");
  }
  auto guarded_file = open({.flags = map_flags::cow, .access = mapped_access::guarded});
  take(another().truncate(0));
  EXPECT_TRUE(failed_with(guarded_file.write(bytes_of("x"), 0), EFAULT));
  EXPECT_EQ(take(guarded_file.size()), 0U);
}

TEST_P(MappedFile, HasATemporaryInode) {
  auto file = take(mapped_file_handle::mapped_temp_inode(dir));
  take(file.write(bytes_of("hello"), 0));
  EXPECT_EQ(text_of(file.read(extent{0, 5})), "hello");
  EXPECT_TRUE(names_in(scratch->path()).empty());
}

TEST_P(MappedFile, GoesOnWhenItsNameIsGone) {
  auto file = open();
  take(file.write(bytes_of("hello"), 0));
  take(file.unlink(dir, leaf("f")));
  take(file.write(bytes_of("again"), 2 * page));
  EXPECT_EQ(text_of(file.read(extent{0, 5})) + text_of(file.read(extent{2 * page, 9})),
            "helloagain");
}

TEST_P(MappedFile, GoesWithItsOwner) {
  auto one = open();
  take(one.write(bytes_of("hello"), 0));
  auto clone = take(one.clone(mode::read, caching::all));
  auto other = std::move(one);
  EXPECT_FALSE(one.is_open());
  EXPECT_EQ(one.length(), 0U);
  EXPECT_TRUE(one.read(extent{0, 5}).empty());
  EXPECT_EQ(text_of(other.read(extent{0, 5})), "hello");
  auto third = take(mapped_file_handle::mapped_temp_inode(dir));
  third = std::move(other);
  EXPECT_EQ(text_of(third.read(extent{0, 5})), "hello");
  take(third.close());
  auto mapped_clone = take(mapped_file_handle::mapped(std::move(clone)));
  EXPECT_EQ(text_of(mapped_clone.read(extent{0, 5})), "hello");
}

// ----------------------------------------------------------------------------- length and address

TEST_P(MappedFile, FollowsGrowthOnlyWhenAsked) {
  auto file = open();
  const std::string long_text(3 * page, 'x');
  EXPECT_EQ(in_child([&] { // Another process.
              return another().write(bytes_of(long_text), 0) ? 0 : 1;
            }),
            0);
  EXPECT_TRUE(file.read(extent{0, 100}).empty());
  EXPECT_EQ(take(file.update_map()), long_text.size());
  EXPECT_EQ(text_of(file.read(extent{0, long_text.size() + 1})), long_text);
  take(another().truncate(5));
  EXPECT_EQ(take(file.update_map()), 5U);
  EXPECT_EQ(file.length(), 5U);
}

TEST_P(MappedFile, WhatIsKnownAfterAWriteIsWhatTheFileHas) {
  auto file = open();
  take(another().write(bytes_of("theirs"), 100));
  take(file.write(bytes_of("ours"), 50));
  EXPECT_EQ(file.length(), 106U);
  EXPECT_EQ(text_of(file.read(extent{100, 6})), "theirs");
}

TEST_P(MappedFile, StaysWhereItIsWithinTheReservation) {
  auto file = open({.reservation = 100 * page});
  const std::byte* const there = file.address();
  EXPECT_GE(file.map().reservation(), 100 * page);
  take(file.truncate(100 * page));
  take(file.truncate(1));
  take(file.write(bytes_of("x"), 50 * page));
  take(another().truncate(70 * page));
  take(file.update_map());
  take(file.reserve(100 * page));
  EXPECT_EQ(file.address(), there);
  take(file.write(bytes_of("y"), 300 * page));
  EXPECT_EQ(text_of(file.read(extent{300 * page, 5})), "y");
  EXPECT_EQ(text_of(file.read(extent{50 * page, 1})), "x");
  take(file.reserve(1'000 * page));
  EXPECT_GE(file.map().reservation(), 1'000 * page);
  EXPECT_EQ(file.length(), 300 * page + 1);
}

TEST_P(MappedFile, TruncatedAndLongerAgainIsZeros) {
  auto file = open();
  take(file.write(bytes_of(std::string(3 * page, 'x')), 0));
  take(file.truncate(page + 10));
  take(file.truncate(3 * page));
  for (const std::byte b : file.read(extent{page + 10, 2 * page})) ASSERT_EQ(b, std::byte{});
  EXPECT_EQ(text_of(file.read(extent{0, page + 10})), std::string(page + 10, 'x'));
}

TEST_P(MappedFile, AFailureToTruncateChangesNoLength) {
  auto file = open();
  take(file.write(bytes_of("hello"), 0));
  for (const auto& [which, bytes] : {std::pair{call::ftruncate, std::uint64_t{1}},
                                     {call::ftruncate, 3'000},
                                     {call::mremap, 100 * page},
                                     {call::ftruncate, 100 * page}}) {
    const armed now({.which = which, .native = EIO});
    EXPECT_TRUE(failed_with(file.truncate(bytes), EIO));
    EXPECT_EQ(file.length(), 5U);
    EXPECT_EQ(take(file.size()), 5U);
    EXPECT_EQ(text_of(file.read(extent{0, 9})), "hello");
  }
}

TEST_P(MappedFile, KnowsNoMoreThanTheFileHasWhereACutIsNotDurable) {
  auto file = take(mapped_file_handle::mapped_file(
      dir, leaf("f"),
      {.mode = mode::write, .creation = creation::if_needed, .caching = caching::safety_barriers}));
  take(file.write(bytes_of(std::string(3 * page, 'x')), 0));
  const armed now({.which = call::fsync, .native = EIO});
  EXPECT_TRUE(failed_with(file.truncate(10), EIO));
  EXPECT_EQ(take(file.size()), 10U);
  EXPECT_EQ(file.length(), 10U);
  EXPECT_EQ(file.read(extent{page, 1}).size(), 0U);
}

TEST_P(MappedFile, WithoutRoomToFollowKnowsWhatItKnew) {
  auto file = open();
  take(file.write(bytes_of("hello"), 0));
  const auto without_room = [&](auto act) {
    const armed now({.which = call::mremap, .native = ENOMEM});
    return act();
  };
  EXPECT_TRUE(failed_with(without_room([&] { return file.write(bytes_of("far"), 10'000 * page); }),
                          ENOMEM));
  EXPECT_EQ(file.length(), 5U);
  EXPECT_EQ(take(file.size()), 10'000 * page + 3);
  EXPECT_TRUE(failed_with(without_room([&] { return file.update_map(); }), ENOMEM));
  EXPECT_EQ(file.length(), 5U);
  EXPECT_TRUE(failed_with(without_room([&] { return file.reserve(1 << 30); }), ENOMEM));
  take(file.update_map());
  EXPECT_EQ(text_of(file.read(extent{10'000 * page, 3})), "far");
}

TEST_P(MappedFile, ThreadsThatMakeItLongerLoseNothing) {
  auto file = open({.reservation = 1 << 24});
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < 300; ++i) {
          const std::uint64_t at = (i * 4 + t) * 100;
          if (!file.write(bytes_of("mine"), at)) ++wrong;
          if (text_of(file.read(extent{at, 4})) != "mine") ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST_P(MappedFile, WhoAsksForTheLengthTakesNothingFromWhoWrites) {
  auto file = open({.reservation = 1 << 24});
  std::atomic<bool> over = false;
  std::jthread asking([&] {
    while (!over) take(file.update_map());
  });
  int wrong = 0;
  for (std::uint64_t at = 0; at < 200'000; at += 4) {
    if (!file.write(bytes_of("mine"), at) || file.length() < at + 4) ++wrong;
  }
  over = true;
  EXPECT_EQ(wrong, 0);
}

TEST_P(MappedFile, PrefaultsWhatThereIsAndReservesMore) {
  take(another().truncate(3 * page));
  auto file = open({.reservation = 10 * page, .flags = map_flags::prefault});
  std::array<unsigned char, 3> in_memory{};
  ASSERT_EQ(::mincore(file.address(), 3 * page, in_memory.data()), 0);
  for (const unsigned char p : in_memory) EXPECT_EQ(p & 1, 1);
  EXPECT_TRUE(succeeded(file.reserve(100 * page)));
  EXPECT_TRUE(succeeded(file.truncate(200 * page)));
}

// ------------------------------------------------------------------------------- what is not there

TEST_P(MappedFile, WhatSomebodyCutsIsAnErrorWhereGuarded) {
  auto file = open({.access = mapped_access::guarded});
  take(file.truncate(4 * page));
  auto other = another();
  take(other.truncate(page));
  std::byte one[1];
  EXPECT_TRUE(failed_with(file.read(buffer(one), 3 * page), EFAULT));
  EXPECT_EQ(take(file.read(buffer(one), 0)), 1U);
  std::array<std::byte, 100> more;
  const std::array<buffer, 2> both{buffer(more).first(50), buffer(more).subspan(50)};
  EXPECT_EQ(take(file.read(both, page - 50)), 50U);
  EXPECT_EQ(take(file.write(bytes_of("again"), 2 * page)), 5U);
  EXPECT_EQ(take(other.size()), 2 * page + 5);
}

TEST_P(MappedFile, WhatSomebodyCutsIsTheEndWhereNot) {
  auto file = open();
  take(file.truncate(4 * page));
  take(another().truncate(page));
  EXPECT_EQ(in_child([&] {
              std::byte one[1];
              return file.read(buffer(one), 3 * page) ? 0 : 1;
            }),
            -SIGBUS);
}

/// Takes all room of the file system, but less than a file can be made longer by.
void fill_up(file_handle& with) {
  off_t at = 0;
  for (off_t bytes = 64 << 20; bytes >= 4096;) {
    if (::posix_fallocate(with.native().number(), at, bytes) == 0) {
      at += bytes;
    } else {
      bytes /= 2;
    }
  }
  const std::vector<std::byte> some(1 << 16);
  while (with.write(some, static_cast<std::uint64_t>(at))) at += 1 << 16;
  (void)with.barrier(barrier_kind::all);
}

TEST(MappedFileOnAFullDisk, SaysSoWhereGuardedAndIsTheEndWhereNot) {
  for (const auto kind :
       {file_system::tmpfs, file_system::ext4, file_system::xfs, file_system::btrfs}) {
    SCOPED_TRACE(testing::name_of(kind));
    const testing::loop_fs fs(kind);
    if (!fs) GTEST_SKIP() << fs.why_not();
    constexpr std::uint64_t sparse = 64 << 20;
    const auto dir = anchor(fs.path());
    const file_options how{.mode = mode::write, .creation = creation::if_needed};
    auto file = take(
        mapped_file_handle::mapped_file(dir, leaf("f"), how, {.access = mapped_access::guarded}));
    auto plain = take(mapped_file_handle::mapped_file(dir, leaf("f"), how));
    take(file.truncate(sparse));
    take(plain.update_map());
    auto other = take(file_handle::file(dir, leaf("other"), how));
    fill_up(other);
    const auto fill = [&](mapped_file_handle& by) {
      for (std::uint64_t at = 0; at < sparse; at += page) {
        const auto written = by.write(bytes_of("x"), at);
        if (!written) return written.assume_error().native();
      }
      return 0;
    };
    EXPECT_EQ(fill(file), ENOSPC);
    EXPECT_EQ(in_child([&] { return fill(plain); }), -SIGBUS);
    std::byte one[1];
    const auto hole = file.read(buffer(one), sparse - 1);
    EXPECT_TRUE(kind == file_system::tmpfs ? failed_with(hole, EFAULT) : succeeded(hole));
    EXPECT_EQ(file.length(), sparse);
  }
}

// ------------------------------------------------------------------------------ zeros and barriers

TEST_P(MappedFile, ZeroedMemoryIsAHoleOfTheFile) {
  auto file = open();
  const std::string text(256 * page, 'x');
  take(file.write(bytes_of(text), 0));
  take(file.barrier(barrier_kind::all));
  const auto before = on_disk(file);
  auto map = take(map_handle::map(take(section_handle::section(file))));
  const extent part{16 * page - 5, 128 * page + 10};
  take(map.zero_memory(part));
  take(file.barrier(barrier_kind::all));
  EXPECT_LE(on_disk(file), before - static_cast<std::int64_t>(120 * page));
  std::string expected = text;
  std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(part.offset), part.length, '\0');
  EXPECT_EQ(text_of(file.read(extent{0, text.size()})), expected);
  std::string read_back(text.size(), 'y');
  EXPECT_EQ(::pread(file.native().number(), read_back.data(), read_back.size(), 0),
            static_cast<ssize_t>(read_back.size()));
  EXPECT_EQ(read_back, expected);
}

TEST_P(MappedFile, ClosingReportsWhatFailsAndClosesBoth) {
  auto file = open({.reservation = 1 << 20, .flags = map_flags::barrier_on_close});
  take(file.write(bytes_of("hello"), 0));
  const int number = file.native().number();
  {
    const armed now({.which = call::msync, .native = EIO});
    EXPECT_TRUE(failed_with(file.close(), EIO));
  }
  EXPECT_FALSE(file.is_open());
  EXPECT_FALSE(file.map().is_open());
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  EXPECT_TRUE(succeeded(file.close()));
}

/// What was stored survives a power cut, if a barrier says so; and a control that something can be
/// lost.
class PowerCut : public ::testing::TestWithParam<file_system> {
protected:
  /// What the file has after the power was cut, when `act` had a file that was stored into.
  template <class F>
  std::string left_of(map_flags flags, F&& act) {
    testing::loop_fs fs(GetParam());
    if (!fs) return fs.why_not();
    {
      auto file = take(mapped_file_handle::mapped_file(
          anchor(fs.path()), leaf("f"), {.mode = mode::write, .creation = creation::if_needed},
          {.reservation = 1 << 20, .flags = flags}));
      take(file.truncate(100 * page));
      take(file.barrier(barrier_kind::all));
      take(take(directory_handle::directory(anchor(fs.path()))).sync_file_system());
      std::memcpy(file.address() + 90 * page, "stored", 6); // Behind the length when it was opened.
      act(file);
      fs.cut_power();
    }
    fs.start_again();
    const auto file = take(mapped_file_handle::mapped_file(anchor(fs.path()), leaf("f")));
    return text_of(file.read(extent{90 * page, 6}));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, PowerCut, ::testing::Values(file_system::ext4, file_system::xfs),
                         kind_of);

TEST_P(PowerCut, LosesNothingThatABarrierWaitedFor) {
  if (const testing::loop_fs fs(GetParam()); !fs) GTEST_SKIP() << fs.why_not();
  EXPECT_EQ(left_of(map_flags::none, [](auto&) {}), std::string(6, '\0'));
  EXPECT_EQ(
      left_of(map_flags::none, [](auto& file) { take(file.map().barrier(barrier_kind::data)); }),
      "stored");
  EXPECT_EQ(left_of(map_flags::none,
                    [](auto& file) {
                      take(file.map().barrier(barrier_kind::data, {90 * page + 3, 1}));
                    }),
            "stored");
  EXPECT_EQ(left_of(map_flags::none, [](auto& file) { take(file.barrier(barrier_kind::data)); }),
            "stored");
  EXPECT_EQ(left_of(map_flags::barrier_on_close, [](auto& file) { take(file.close()); }), "stored");
}

} // namespace
} // namespace afio::unit
