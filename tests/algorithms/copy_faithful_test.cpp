// What a copy keeps between any two kinds of file system, and at any depth.
#include "algorithms/copy_tree/copy_tree.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <map>
#include <string>

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

class Faithful : public per_file_system {
protected:
  void make_scene() const {
    make("d s/d 02755\n f s/f 100\n f s/zero 0\n f s/odd 1048577\n h s/d/f = s/f\n"
         "l s/l -> f\n h s/d/l = s/l\n p s/p\n h s/d/p = s/p\n c s/c 1 3\n f s/suid 10\n"
         "f s/able 10\n o s/suid 12 34\n f s/hole 0");
    ASSERT_EQ(::chmod(at("s/suid").c_str(), 06755), 0);
    ASSERT_EQ(::truncate(at("s/hole").c_str(), 1 << 20), 0);
    ASSERT_EQ(::setxattr(at("s/f").c_str(), "trusted.note", "t", 1, 0), 0);
    // Version 2, effective; CAP_NET_BIND_SERVICE.
    constexpr unsigned char able[20] = {1, 0, 0, 2, 0, 4};
    ASSERT_EQ(::setxattr(at("s/able").c_str(), "security.capability", able, sizeof(able), 0), 0);
    constexpr timespec far[] = {{1, 1}, {7'258'118'400, 999'999'999}};
    constexpr timespec early[] = {{1, 1}, {-1'000'000, 1}};
    ASSERT_EQ(::utimensat(AT_FDCWD, at("s/zero").c_str(), far, 0), 0);
    ASSERT_EQ(::utimensat(AT_FDCWD, at("s/odd").c_str(), early, 0), 0);
  }

  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, Faithful, all_kinds(), kind_of);

std::string attribute(const fs::path& at, const char* name) {
  std::array<char, 256> value;
  const ssize_t size = ::lgetxattr(at.c_str(), name, value.data(), value.size());
  return size < 0 ? "none" : std::string(value.data(), static_cast<std::size_t>(size));
}

void expect_equal(const fs::path& a, const fs::path& b) {
  const testing::manifest left(a), right(b);
  ASSERT_EQ(left.entries.size(), right.entries.size());
  for (const auto& [name, entry] : left.entries) {
    const testing::facts& facts = entry;
    EXPECT_TRUE(facts == right.entries.at(name)) << name;

    struct stat one {
    }, other{};

    ASSERT_EQ(::lstat((a / name).c_str(), &one), 0);
    ASSERT_EQ(::lstat((b / name).c_str(), &other), 0);
    EXPECT_EQ(one.st_mtim.tv_sec, other.st_mtim.tv_sec) << name;
    EXPECT_EQ(one.st_mtim.tv_nsec, other.st_mtim.tv_nsec) << name;
    for (const char* which : {"trusted.note", "security.capability"}) {
      EXPECT_EQ(attribute(a / name, which), attribute(b / name, which)) << name;
    }
  }
  for (const char* name : {"f", "l", "p"}) {
    EXPECT_EQ(right.entries.at(name).inode, right.entries.at(std::string("d/") + name).inode);
  }
}

TEST_P(Faithful, ToEachKindOfFileSystemTheTreeIsEqual) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  make_scene();
  for (const auto kind :
       {file_system::tmpfs, file_system::ext4, file_system::xfs, file_system::btrfs}) {
    const testing::loop_fs other(kind);
    if (!other) GTEST_SKIP() << other.why_not();
    const auto there = anchor(other.path());
    (void)take(copy_tree(dir, leaf("s"), there, leaf("t"), "s", {}, told));
    EXPECT_TRUE(told.failures.empty()) << told;
    expect_equal(at("s"), other / "t");

    struct stat hole {};

    ASSERT_EQ(::lstat((other / "t/hole").c_str(), &hole), 0);
    EXPECT_EQ(hole.st_blocks, 0);
  }
}

TEST_P(Faithful, AnAclIsAnAclElsewhereAndNothingMore) {
  if (::geteuid() != 0) GTEST_SKIP() << "xfs shows to root alone what it makes of ACLs";
  make("f s/f 3 0640");
  set_acl(at("s/f"), access_acl, {6, 6, 0, 6, 0});
  const testing::loop_fs other(file_system::tmpfs);
  (void)take(copy_tree(dir, leaf("s"), anchor(other.path()), leaf("t"), "s", {}, told));
  EXPECT_TRUE(told.failures.empty()) << told;
  EXPECT_EQ(attribute(other / "t/f", access_acl), attribute(at("s/f"), access_acl));
  EXPECT_EQ(attribute(other / "t/f", "trusted.SGI_ACL_FILE"), "none");
}

/// Levels below `root`, each with the mode that it was made with.
int depth_of(const fs::path& root, const char* name) {
  testing::unique_fd here(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int depth = 0;; ++depth) {
    struct stat s {};

    if (::fstatat(here.get(), name, &s, AT_SYMLINK_NOFOLLOW) != 0) return depth;
    EXPECT_EQ(s.st_mode & 07777, 0710U) << depth;
    here = testing::unique_fd(::openat(here.get(), name, O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
}

void make_levels(const fs::path& root, const char* name, int levels) {
  testing::unique_fd here(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < levels; ++i) {
    ASSERT_EQ(::mkdirat(here.get(), name, 0710), 0);
    here = testing::unique_fd(::openat(here.get(), name, O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
}

TEST_P(Faithful, ATreeDeeperThanAnyPathIsCopied) {
  constexpr int levels = 600;
  constexpr const char* name = "twenty-bytes-of-name";
  make("d s");
  make_levels(at("s"), name, levels);
  const auto report = take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", {}, told));
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(depth_of(at("t"), name), levels);
}

/// With room for many inodes, and with the blocks that large file systems have.
class FaithfulMany : public ::testing::TestWithParam<file_system> {
protected:
  void SetUp() override {
    if (!large) GTEST_SKIP() << large.why_not();
    dir = anchor(large.path());
  }

  fs::path at(const fs::path& name) const { return large / name; }

  void make(std::string_view literal) const { testing::make_tree(large.path(), literal); }

  const testing::loop_fs large{GetParam(), 512 << 20};
  path_handle dir;
  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, FaithfulMany, all_kinds(), kind_of);

TEST_P(FaithfulMany, TenThousandLevelsAreCopiedWith32Descriptors) {
  constexpr int levels = 10'000;
  make("d s");
  make_levels(at("s"), "d", levels);
  copy_options options;
  options.tree.threads = 2;
  options.tree.descriptors = 32;
  const auto report = take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", options, told));
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(report.created, levels + 1U);
  EXPECT_EQ(depth_of(at("t"), "d"), levels);
}

TEST_P(FaithfulMany, EachModeIsKeptAlsoOfAForeignOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  make("d s/own\n d s/foreign");
  for (mode_t mode = 0; mode <= 07777; ++mode) {
    for (const char* owner : {"own", "foreign"}) {
      const auto file = at("s") / owner / std::to_string(mode);
      ASSERT_EQ(::mknod(file.c_str(), S_IFREG | 0600, 0), 0);
      if (owner[0] == 'f') {
        ASSERT_EQ(::chown(file.c_str(), 12, 34), 0);
      }
      ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    }
  }
  (void)take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", {}, told));
  EXPECT_TRUE(told.failures.empty()) << told;
  const testing::manifest copy(at("t"));
  ASSERT_EQ(copy.entries.size(), 3U + 2 * 010000);
  for (mode_t mode = 0; mode <= 07777; ++mode) {
    const auto& own = copy.entries.at("own/" + std::to_string(mode));
    const auto& foreign = copy.entries.at("foreign/" + std::to_string(mode));
    ASSERT_EQ(own.mode, mode);
    ASSERT_EQ(foreign.mode, mode);
    ASSERT_EQ(foreign.uid, 12U);
    ASSERT_EQ(foreign.gid, 34U);
  }
}

/// The longest value that the file system keeps, at most what Linux allows.
std::size_t longest_value(const fs::path& at) {
  for (std::size_t size = XATTR_SIZE_MAX; size > 0; size -= 16) {
    const std::string value(size, 'v');
    if (::setxattr(at.c_str(), "trusted.long", value.data(), size, 0) == 0) return size;
  }
  return 0;
}

/// Attributes until no more are kept, or until their names are as many as Linux can list.
std::size_t fill_with_attributes(const fs::path& at) {
  constexpr std::size_t name_size = 100, most = XATTR_LIST_MAX / (name_size + 1) - 1;
  for (std::size_t count = 0; count < most; ++count) {
    std::string name = "trusted." + std::to_string(count);
    name.resize(name_size, 'n');
    if (::setxattr(at.c_str(), name.c_str(), "v", 1, 0) != 0) return count;
  }
  return most;
}

TEST_P(FaithfulMany, AttributesAreKeptUpToTheLimits) {
  if (::geteuid() != 0) GTEST_SKIP() << "trusted attributes are root's";
  make("d s\n f s/long 1\n f s/many 1");
  EXPECT_GE(longest_value(at("s/long")), 1024U);
  EXPECT_GE(fill_with_attributes(at("s/many")), 30U);
  (void)take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", {}, told));
  EXPECT_TRUE(told.failures.empty()) << told;
  EXPECT_EQ(picture_of(at("t")), picture_of(at("s")));
}

} // namespace
} // namespace afio::unit
