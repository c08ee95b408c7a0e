// What a copy keeps between any two kinds of file system, and at any depth.
#include "algorithms/copy_tree/copy_tree.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <map>
#include <string>

#include <fcntl.h>
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

TEST_P(Faithful, ATreeDeeperThanAnyPathIsCopied) {
  constexpr int levels = 600;
  constexpr const char* name = "twenty-bytes-of-name";
  make("d s");
  {
    testing::unique_fd here(::open(at("s").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; i < levels; ++i) {
      ASSERT_EQ(::mkdirat(here.get(), name, 0710), 0);
      here = testing::unique_fd(::openat(here.get(), name, O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
  }
  const auto report = take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", {}, told));
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(depth_of(at("t"), name), levels);
}

} // namespace
} // namespace afio::unit
