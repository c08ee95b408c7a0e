#include "afio/file_handle.hpp"
#include "afio/statfs.hpp"
#include "afio/symlink_handle.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include <sys/mount.h>
#include <sys/statvfs.h>

namespace afio::unit {
namespace {

class Statfs : public per_file_system {};

INSTANTIATE_TEST_SUITE_P(Kinds, Statfs, all_kinds(), kind_of);

TEST_P(Statfs, KnowsTheKind) {
  EXPECT_EQ(take(dir.statfs()).kind_name(), testing::name_of(GetParam()));
}

TEST_P(Statfs, SaysWhatTheCLibrarySays) {
  // xfs frees inodes in the background, so its counters may move between two looks.
  statfs_t fs;
  struct ::statvfs before, expected;
  do {
    ASSERT_EQ(::statvfs(scratch->path().c_str(), &before), 0);
    fs = take(dir.statfs());
    ASSERT_EQ(::statvfs(scratch->path().c_str(), &expected), 0);
  } while (before.f_ffree != expected.f_ffree || before.f_bfree != expected.f_bfree);
  EXPECT_EQ(fs.block_size, expected.f_bsize);
  EXPECT_EQ(fs.total, expected.f_blocks * expected.f_frsize);
  EXPECT_EQ(fs.free, expected.f_bfree * expected.f_frsize);
  EXPECT_EQ(fs.available, expected.f_bavail * expected.f_frsize);
  EXPECT_EQ(fs.files, expected.f_files);
  EXPECT_EQ(fs.files_free, expected.f_ffree);
  EXPECT_EQ(fs.name_max, expected.f_namemax);
  EXPECT_FALSE(fs.read_only);
  EXPECT_LE(fs.available, fs.free);
  EXPECT_LE(fs.free, fs.total);
}

TEST_P(Statfs, IsOfTheFileSystemThatAnyHandleIsOn) {
  make("f f 0\n l l -> /proc");
  const auto kind = take(dir.statfs()).kind;
  EXPECT_EQ(take(take(file_handle::file(dir, leaf("f"))).statfs()).kind, kind);
  EXPECT_EQ(take(take(symlink_handle::symlink(dir, leaf("l"))).statfs()).kind, kind);
}

TEST(StatfsOfTheSystem, KnowsProcAndNamesNoOther) {
  EXPECT_EQ(take(anchor("/proc").statfs()).kind_name(), "proc");
  EXPECT_EQ(take(anchor("/sys").statfs()).kind_name(), "unknown");
  EXPECT_EQ(statfs_t().kind_name(), "unknown");
}

TEST(StatfsOfTheSystem, KnowsAnOverlay) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  const testing::scratch_directory scratch;
  testing::make_tree(scratch.path(), "d lower\n d upper\n d work\n d at");
  const std::string options = "lowerdir=" + (scratch / "lower").string() +
                              ",upperdir=" + (scratch / "upper").string() +
                              ",workdir=" + (scratch / "work").string();
  const auto overlay = testing::mounted::device("overlay", scratch / "at", "overlay", options);
  EXPECT_EQ(take(anchor(scratch / "at").statfs()).kind_name(), "overlay");
}

TEST(StatfsOfTheSystem, KnowsThatItIsReadOnly) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  const testing::loop_fs fs(file_system::tmpfs, 1 << 20);
  ASSERT_EQ(::mount(nullptr, fs.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const auto root = anchor(fs.path());
  EXPECT_TRUE(take(root.statfs()).read_only);
  EXPECT_TRUE(failed_with(root.create_directory(leaf("d")), EROFS));
}

TEST(StatfsOfTheSystem, FailureLeavesTheValueAsItWas) {
  statfs_t fs;
  fs.total = 7;
  EXPECT_TRUE(failed_with(fs.stamp(file_handle()), EBADF));
  EXPECT_EQ(fs.total, 7U);
}

} // namespace
} // namespace afio::unit
