// What is a mount, and what is not crossed.
#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "tests/afio/listing.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/own_mounts.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::mounted;

class Mounts : public scene {
protected:
  void SetUp() override {
    if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  }

  mounted bind(const char* what, const char* at) const {
    return mounted::bind(scratch / what, scratch / at);
  }

  mounted tmpfs(const char* at) const { return mounted::device("tmpfs", scratch / at, "tmpfs"); }

  identity entry(const char* name) const {
    stat_t s;
    take(s.stamp(dir, leaf(name), want::identity));
    return s.id;
  }

  void expect_boundary(const char* name) const {
    EXPECT_TRUE(failed_with(path_handle::path(dir, leaf(name)), EXDEV));
    EXPECT_TRUE(failed_with(directory_handle::directory(dir, leaf(name)), EXDEV));
    EXPECT_TRUE(succeeded(path_handle::path(dir, leaf(name), crossing::any_mount)));
    EXPECT_TRUE(succeeded(directory_handle::directory(dir, leaf(name), crossing::any_mount)));
    EXPECT_FALSE(entry(name).same_mount(take(dir.identity())));
  }
};

TEST_F(Mounts, ABindMountOfTheSameFileSystemIsABoundary) {
  make("f elsewhere/f 1\n d m");
  const auto m = bind("elsewhere", "m");
  expect_boundary("m");
  EXPECT_EQ(entry("m").device, take(dir.identity()).device) << "the device alone does not tell";
  EXPECT_TRUE(entry("m").same_file(entry("elsewhere")));
}

TEST_F(Mounts, ADirectoryMountedOnItselfIsABoundary) {
  make("f m/f 1");
  const auto m = bind("m", "m");
  expect_boundary("m");
}

TEST_F(Mounts, AnotherFileSystemIsABoundary) {
  make("d m");
  const auto m = tmpfs("m");
  expect_boundary("m");
}

TEST_F(Mounts, AMountThatComesAtTheLastMomentIsABoundary) {
  make("d m");
  mounted late;
  const just_before opening(call::openat2, 1, [&] { late = tmpfs("m"); });
  EXPECT_TRUE(failed_with(directory_handle::directory(dir, leaf("m")), EXDEV));
  EXPECT_EQ(opening.times(), 1);
}

TEST_F(Mounts, WhatAPersonTypedIsFollowedIntoMounts) {
  make("d m");
  const auto m = tmpfs("m");
  EXPECT_TRUE(succeeded(path_handle::path(dir, path_view("m"))));
  EXPECT_TRUE(succeeded(directory_handle::directory(dir, path_view("m"))));
}

TEST_F(Mounts, AListingShowsTheInodeBelowTheMount) {
  make("d m\n f elsewhere/f 1");
  const auto below = entry("m");
  const auto m = bind("elsewhere", "m");
  for (const auto& listed : list_rest(take(directory_handle::directory(dir)))) {
    if (listed.name == "m") {
      EXPECT_EQ(listed.inode, below.inode);
    }
  }
  EXPECT_NE(entry("m").inode, below.inode);
}

TEST_F(Mounts, AFileBoundOverAnotherShowsInItsIdentity) {
  make("f f 1\n f other 2");
  const auto f = bind("other", "f");
  EXPECT_FALSE(entry("f").same_mount(entry("other")));
  EXPECT_TRUE(entry("f").same_file(entry("other")));
}

TEST_F(Mounts, AFileThatWasSeenIsNotWhatIsMountedOnItUnlessAsked) {
  make("f f 1\n f other 2");
  const auto f = bind("other", "f");
  const auto seen = [&](crossing how) { return file_handle::seen(dir, leaf("f"), how); };
  EXPECT_TRUE(failed_with(seen(crossing::same_mount), EXDEV));
  EXPECT_EQ(take(seen(crossing::any_mount)).status.id, entry("f"));
}

TEST_F(Mounts, AMountPointIsNeitherUnlinkedNorRenamed) {
  make("d m\n f f 1\n f other 2\n d free");
  const auto m = tmpfs("m");
  const auto f = bind("other", "f");
  EXPECT_TRUE(failed_with(dir.remove_directory(leaf("m")), EBUSY));
  EXPECT_TRUE(failed_with(dir.unlink(leaf("f")), EBUSY));
  EXPECT_TRUE(failed_with(dir.rename(leaf("m"), dir, leaf("n"), replace::no), EBUSY));
  const auto inside = take(path_handle::path(dir, leaf("m"), crossing::any_mount));
  const auto file = take(file_handle::file(dir, leaf("other"), {.mode = mode::none}));
  EXPECT_TRUE(failed_with(inside.unlink(dir, leaf("m")), EBUSY));
  EXPECT_TRUE(failed_with(file.unlink(dir, leaf("f")), EBUSY));
  EXPECT_EQ(names(), (std::set<std::string>{"m", "f", "other", "free"}));
}

TEST_F(Mounts, ANewNameIsOnTheSameMountOrItIsExdev) {
  make("f f 1\n d m\n d b");
  const auto m = tmpfs("m");
  const auto b = bind("b", "b");
  const auto f = take(file_handle::file(dir, leaf("f"), {.mode = mode::none}));
  for (const char* name : {"m", "b"}) {
    const auto to = take(path_handle::path(dir, leaf(name), crossing::any_mount));
    for (const replace how : {replace::no, replace::yes}) {
      EXPECT_TRUE(failed_with(f.relink(dir, leaf("f"), to, leaf("g"), how), EXDEV)) << name;
      EXPECT_TRUE(failed_with(dir.rename(leaf("f"), to, leaf("g"), how), EXDEV)) << name;
    }
    EXPECT_TRUE(failed_with(f.link(to, leaf("g")), EXDEV)) << name;
    EXPECT_EQ(names_in(scratch / name), std::set<std::string>{});
  }
  EXPECT_EQ(names(), (std::set<std::string>{"f", "m", "b"}));
}

TEST_F(Mounts, LocateComesToAnEndWhereAMountCoversTheFile) {
  make("f d/f 1\n f other/f 2\n d empty");
  const auto d = take(path_handle::path(dir, leaf("d")));
  const auto f = take(file_handle::file(d, leaf("f"), {.mode = mode::none}));
  {
    const auto cover = bind("other", "d");
    EXPECT_TRUE(failed_with(f.locate(), errc::raced)) << "another file has its path";
    EXPECT_TRUE(failed_with(f.unlink(), errc::raced));
  }
  {
    const auto cover = bind("empty", "d");
    EXPECT_TRUE(failed_with(f.locate(), errc::raced)) << "nothing has its path";
  }
  EXPECT_TRUE(succeeded(f.locate()));
}

TEST_F(Mounts, LocateComesToAnEndWhereTheMountIsGone) {
  make("d m");
  auto m = tmpfs("m");
  testing::make_tree(scratch / "m", "f a/b 1");
  const auto inside = take(path_handle::path(dir, path_view("m/a")));
  const auto file = take(file_handle::file(inside, leaf("b"), {.mode = mode::none}));
  m.unmount();
  EXPECT_FALSE(file.locate());
  EXPECT_FALSE(file.unlink());
}

TEST_F(Mounts, LocateFindsWhatIsBelowAMount) {
  make("d m");
  const auto m = tmpfs("m");
  testing::make_tree(scratch / "m", "f f 1");
  const auto root = take(path_handle::path(dir, path_view("m")));
  const auto file = take(file_handle::file(root, leaf("f"), {.mode = mode::none}));
  EXPECT_EQ(take(file.locate()).name.view(), "f");
  EXPECT_EQ(take(root.locate()).name.view(), "m");
}

TEST(Subvolume, HasTheSameMountAndAnotherDevice) {
  const testing::loop_fs btrfs(testing::file_system::btrfs);
  if (!btrfs) GTEST_SKIP() << btrfs.why_not();
  const auto root = anchor(btrfs.path());
  const auto listing = take(directory_handle::directory(root));
  btrfs_ioctl_vol_args request{};
  std::strcpy(request.name, "sub");
  ASSERT_EQ(::ioctl(listing.native().number(), BTRFS_IOC_SUBVOL_CREATE, &request), 0);

  const auto sub = path_handle::path(root, leaf("sub"));
  ASSERT_TRUE(succeeded(sub)) << "shows only in its identity";
  const identity inside = take(sub.assume_value().identity());
  const identity outside = take(root.identity());
  EXPECT_EQ(inside.mount, outside.mount);
  EXPECT_NE(inside.device, outside.device);
  EXPECT_FALSE(inside.same_mount(outside));
}

} // namespace
} // namespace afio::unit
