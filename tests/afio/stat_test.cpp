#include "afio/file_handle.hpp"
#include "afio/stat.hpp"
#include "afio/symlink_handle.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

constexpr auto most_seconds = std::numeric_limits<std::int64_t>::max();
static_assert(timestamp{-1, 999'999'999} < timestamp{0, 0});
static_assert(timestamp{1, 5} < timestamp{1, 6} && timestamp{1, 6} < timestamp{2, 0});
static_assert(timestamp{most_seconds, 0} > timestamp{});
static_assert(has(want::all, want::born | want::size) && !has(want::size, want::all));

class Stat : public scene {
protected:
  stat_t of(const char* name, want fields = want::all) const {
    stat_t s;
    take(s.stamp(dir, leaf(name), fields));
    return s;
  }

  /// What the C library says.
  struct ::stat plain(const char* name) const {
    struct ::stat found {};

    if (::lstat((scratch / name).c_str(), &found) != 0) throw std::runtime_error(name);
    return found;
  }

  void set_times(const char* name, timestamp accessed, timestamp modified) const {
    const ::timespec times[] = {{accessed.seconds, accessed.nanoseconds},
                                {modified.seconds, modified.nanoseconds}};
    if (::utimensat(AT_FDCWD, (scratch / name).c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
      throw std::runtime_error(name);
  }
};

timestamp of(const ::timespec& t) { return {t.tv_sec, static_cast<std::uint32_t>(t.tv_nsec)}; }

TEST_F(Stat, SaysWhatTheFileSystemSays) {
  make("f f 5000 04751\n d d 01770\n l l -> f\n p p\n s s\n h h = f");
  for (const char* name : {"f", "d", "l", "p", "s"}) {
    const stat_t s = of(name);
    const struct ::stat expected = plain(name);
    EXPECT_EQ(s.mode, expected.st_mode & 07777) << name;
    EXPECT_EQ(s.owner, expected.st_uid) << name;
    EXPECT_EQ(s.group, expected.st_gid) << name;
    EXPECT_EQ(s.id.inode, expected.st_ino) << name;
    EXPECT_EQ(s.id.device >> 32, major(expected.st_dev)) << name;
    EXPECT_EQ(s.id.device & 0xffffffff, minor(expected.st_dev)) << name;
    EXPECT_NE(s.id.mount, 0U) << name;
    EXPECT_EQ(s.links, expected.st_nlink) << name;
    EXPECT_EQ(s.size, static_cast<std::uint64_t>(expected.st_size)) << name;
    EXPECT_EQ(s.allocated, static_cast<std::uint64_t>(expected.st_blocks) * 512) << name;
    EXPECT_EQ(s.io_size, static_cast<std::uint32_t>(expected.st_blksize)) << name;
    EXPECT_EQ(s.accessed, unit::of(expected.st_atim)) << name;
    EXPECT_EQ(s.modified, unit::of(expected.st_mtim)) << name;
    EXPECT_EQ(s.changed, unit::of(expected.st_ctim)) << name;
  }
}

TEST_F(Stat, KnowsEveryType) {
  make("f f 0\n d d\n l l -> f\n p p\n s s");
  EXPECT_EQ(of("f").type, file_type::regular);
  EXPECT_EQ(of("d").type, file_type::directory);
  EXPECT_EQ(of("l").type, file_type::symlink);
  EXPECT_EQ(of("p").type, file_type::fifo);
  EXPECT_EQ(of("s").type, file_type::socket);
}

TEST_F(Stat, KnowsADeviceByItsNumber) {
  stat_t null;
  take(null.stamp(anchor("/dev"), leaf("null")));
  EXPECT_EQ(null.type, file_type::character_device);
  EXPECT_EQ(null.device_number, std::uint64_t{1} << 32 | 3);
}

TEST_F(Stat, OfAHandleIsOfTheSameFile) {
  make("f f 3\n l l -> f");
  const auto file = take(file_handle::file(dir, leaf("f")));
  const auto link = take(symlink_handle::symlink(dir, leaf("l")));
  EXPECT_EQ(take(file.identity()), of("f").id);
  EXPECT_EQ(take(link.identity()), of("l").id);
  EXPECT_EQ(take(dir.stat()).type, file_type::directory);
  fs::remove(scratch / "f");
  EXPECT_EQ(take(file.stat()).links, 0U);
}

TEST_F(Stat, NeverFollowsASymlink) {
  make("f target 5\n l l -> target\n l dangling -> nothing");
  EXPECT_EQ(of("l").type, file_type::symlink);
  EXPECT_EQ(of("l").size, 6U);
  EXPECT_EQ(of("dangling").type, file_type::symlink);
}

TEST_F(Stat, NeverOpensWhatItLooksAt) {
  make("p p 0\n s s 0");
  const armed counting;
  (void)of("p");
  (void)of("s");
  EXPECT_EQ(detail::calls_seen(call::openat) + detail::calls_seen(call::openat2), 0U);
  EXPECT_EQ(detail::calls_seen(call::statx), 2U);
}

TEST_F(Stat, OfNothingIsEnoentAndLeavesTheValueAsItWas) {
  make("f f 5");
  stat_t s = of("f");
  const auto missing = s.stamp(dir, leaf("none"));
  ASSERT_TRUE(failed_with(missing, ENOENT));
  EXPECT_EQ(missing.assume_error().name(), "none");
  EXPECT_EQ(s.size, 5U);
}

TEST_F(Stat, FillsAtLeastWhatIsWanted) {
  make("f f 5");
  for (unsigned bit = 0; bit < 8; ++bit) { // born, the ninth, may be left out
    const auto wanted = static_cast<want>(1U << bit);
    EXPECT_TRUE(has(of("f", wanted).filled, wanted)) << bit;
  }
  EXPECT_TRUE(has(of("f", want::identity | want::size).filled, want::identity | want::size));
}

TEST_F(Stat, IsZeroWhereItIsNotFilled) {
  make("f f 5");
  const stat_t s = of("f", want::type);
  if (!has(s.filled, want::born)) {
    EXPECT_EQ(s.born, timestamp());
  }
  const stat_t nothing;
  EXPECT_EQ(nothing.filled, want::none);
  EXPECT_EQ(nothing.type, file_type::unknown);
}

TEST_F(Stat, KnowsWhenAFileWasBorn) {
  make("f f 5");
  const stat_t s = of("f");
  if (!has(s.filled, want::born)) GTEST_SKIP() << "this file system does not keep it";
  EXPECT_LE(s.born, s.changed);
  EXPECT_GT(s.born.seconds, 1'500'000'000);
}

TEST_F(Stat, ReadsBackTimesOfAnyCentury) {
  make("f f 0");
  for (const timestamp t :
       {timestamp{0, 0}, timestamp{-1, 1}, timestamp{-2'208'988'800, 999'999'999},
        timestamp{1'700'000'000, 123'456'789}, timestamp{2'147'483'648, 0},
        timestamp{253'402'300'799, 999'999'999}, timestamp{9'223'372'037, 854'775'807}}) {
    set_times("f", t, {t.seconds + 1, t.nanoseconds});
    const stat_t s = of("f");
    const auto expected = plain("f");
    EXPECT_EQ(s.accessed, unit::of(expected.st_atim)) << t.seconds;
    EXPECT_EQ(s.accessed, t);
    EXPECT_EQ(s.modified, (timestamp{t.seconds + 1, t.nanoseconds}));
  }
}

TEST_F(Stat, SaysWhatHasCertainlyChanged) {
  make("f f 5\n f g 5");
  const stat_t before = of("f");
  EXPECT_TRUE(unchanged(before, of("f")));
  EXPECT_FALSE(unchanged(before, of("g")));

  set_times("f", {1, 0}, before.modified);
  EXPECT_FALSE(unchanged(before, of("f"))) << "its status has changed";

  stat_t same = before;
  same.accessed = {1, 1};
  same.links = 7;
  EXPECT_TRUE(unchanged(before, same));
  same.size = 6;
  EXPECT_FALSE(unchanged(before, same));
  same = before;
  same.type = file_type::fifo;
  EXPECT_FALSE(unchanged(before, same));
  same = before;
  same.modified.nanoseconds ^= 1;
  EXPECT_FALSE(unchanged(before, same));
  same = before;
  same.id.mount ^= 1;
  EXPECT_TRUE(unchanged(before, same)) << "the same file, over another mount";
}

TEST(Identity, TellsFilesFromMounts) {
  const identity a{1, 2, 3};
  const identity over_another_mount{9, 2, 3};
  const identity neighbour{1, 2, 4};
  const identity subvolume{1, 7, 3};
  EXPECT_TRUE(a.same_file(over_another_mount) && !a.same_mount(over_another_mount));
  EXPECT_TRUE(!a.same_file(neighbour) && a.same_mount(neighbour));
  EXPECT_TRUE(!a.same_file(subvolume) && !a.same_mount(subvolume));
  EXPECT_NE(a, over_another_mount);
}

TEST_F(Stat, RefusesAHandleThatIsNotOpen) {
  const file_handle closed;
  EXPECT_TRUE(failed_with(closed.stat(), EBADF));
}

} // namespace
} // namespace afio::unit
