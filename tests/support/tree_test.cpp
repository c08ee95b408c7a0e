#include "tests/support/content.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/tree.hpp"
#include "tests/support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::testing {
namespace {

namespace fs = std::filesystem;

TEST(MakeTree, MakesWhatTheLiteralSays) {
  const scratch_directory scratch;
  make_tree(scratch / "t", R"(
    d a 0700
    f a/b 100 0640
    l a/link -> ../else where
    h again = a/b
    p fifo 0600
    s socket
    f odd\x20name\xff 1
  )");
  const manifest made(scratch / "t");
  const auto& entries = made.entries;
  EXPECT_EQ(entries.size(), 8U);
  EXPECT_EQ(entries.at("a").mode, 0700U);
  EXPECT_EQ(entries.at("a/b").size, 100U);
  EXPECT_EQ(entries.at("a/b").mode, 0640U);
  EXPECT_EQ(entries.at("a/b").links, 2U);
  EXPECT_EQ(entries.at("a/b"), entries.at("again"));
  EXPECT_EQ(entries.at("a/link").target, "../else");
  EXPECT_EQ(entries.at("fifo").type, 'p');
  EXPECT_EQ(entries.at("socket").type, 's');
  EXPECT_TRUE(entries.contains("odd name\xff"));
}

TEST(MakeTree, GivesEveryFileItsOwnContent) {
  const scratch_directory scratch;
  make_tree(scratch / "t", "f a 50\n f b 50");
  const manifest made(scratch / "t");
  EXPECT_NE(made.entries.at("a").content, made.entries.at("b").content);
}

TEST(MakeTree, MakesTheSecondHalfZeros) {
  const scratch_directory scratch;
  make_tree(scratch / "t", "f f 5\n z z 10 0600");
  const std::string bytes = content_of(scratch / "t/z");
  EXPECT_EQ(bytes.size(), 10U);
  EXPECT_EQ(bytes.find_last_not_of('\0'), 4U);
  EXPECT_EQ(manifest(scratch / "t").entries.at("z").mode, 0600U);
}

TEST(MakeTree, RefusesWhatItDoesNotKnow) {
  const scratch_directory scratch;
  EXPECT_THROW(make_tree(scratch / "t", "x a"), std::invalid_argument);
  EXPECT_THROW(make_tree(scratch / "t", "f a"), std::invalid_argument);
}

TEST(Manifest, TellsEachKindOfChange) {
  const scratch_directory scratch;
  const auto tree = scratch / "t";
  make_tree(tree, "d a\n f a/mode 1\n f a/content 1\n f a/gone 1");
  const manifest before(tree);
  EXPECT_EQ(difference(before, manifest(tree)), "");

  fs::permissions(tree / "a/mode", fs::perms::owner_read);
  ASSERT_EQ(::truncate((tree / "a/content").c_str(), 0), 0);
  fs::remove(tree / "a/gone");
  make_tree(tree, "f a/new 1");
  const auto text = difference(before, manifest(tree));
  EXPECT_NE(text.find("~ a/mode "), std::string::npos) << text;
  EXPECT_NE(text.find("~ a/content "), std::string::npos) << text;
  EXPECT_NE(text.find("- a/gone "), std::string::npos) << text;
  EXPECT_NE(text.find("+ a/new "), std::string::npos) << text;
}

TEST(Manifest, ReplacementByAnEqualFileIsAChange) {
  const scratch_directory scratch;
  make_tree(scratch / "t", "f a 9");
  const manifest before(scratch / "t");
  fs::rename(scratch / "t/a", scratch / "t/old");
  make_tree(scratch / "t", "f a 9");
  fs::remove(scratch / "t/old");
  EXPECT_NE(difference(before, manifest(scratch / "t")), "");
}

TEST(RemoveByForce, RemovesWhatHasNoMode) {
  const scratch_directory scratch;
  make_tree(scratch / "t", "d a 0000\n f a/b 1 0000\n d a/c 0000\n f a/c/d 1");
  remove_by_force(scratch / "t");
  EXPECT_FALSE(fs::exists(scratch / "t"));
}

TEST(RemoveByForce, FollowsNoSymlink) {
  const scratch_directory scratch;
  make_tree(scratch.path(), "f kept/a 1\n l t/link -> ../kept\n l alone -> kept");
  remove_by_force(scratch / "t");
  remove_by_force(scratch / "alone");
  EXPECT_TRUE(fs::exists(scratch / "kept/a"));
}

TEST(RemoveByForce, HasNoLimitOfDepth) {
  const scratch_directory scratch;
  fs::create_directory(scratch / "t");
  unique_fd at(::open((scratch / "t").c_str(), O_DIRECTORY | O_CLOEXEC));
  for (int depth = 0; depth < 5000; ++depth) {
    ASSERT_EQ(::mkdirat(at.get(), "deeper", 0700), 0);
    at = unique_fd(::openat(at.get(), "deeper", O_DIRECTORY | O_CLOEXEC));
  }
  remove_by_force(scratch / "t");
  EXPECT_FALSE(fs::exists(scratch / "t"));
}

TEST(RemoveByForce, UnmountsWithoutTouchingWhatWasMounted) {
  if (const auto reason = no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  const scratch_directory scratch;
  make_tree(scratch.path(), "f kept/a 1\n d t/in\\x20side\n f t/file 0");
  const auto left_behind = new mounted(mounted::bind(scratch / "kept", scratch / "t/in side"));
  ASSERT_TRUE(fs::exists(scratch / "t/in side/a"));
  remove_by_force(scratch / "t");
  EXPECT_FALSE(fs::exists(scratch / "t"));
  EXPECT_TRUE(fs::exists(scratch / "kept/a"));
  delete left_behind;
}

TEST(RemoveByForce, LiftsFlags) {
  const loop_fs ext4(file_system::ext4);
  if (!ext4) GTEST_SKIP() << ext4.why_not();
  make_tree(ext4 / "t", "d a\n f a/b 1");
  for (const char* name : {"t/a/b", "t/a"}) {
    const unique_fd fd(::open((ext4 / name).c_str(), O_RDONLY | O_CLOEXEC));
    int flags = FS_IMMUTABLE_FL;
    ASSERT_EQ(::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags), 0);
  }
  ASSERT_NE(::unlink((ext4 / "t/a/b").c_str()), 0);
  remove_by_force(ext4 / "t");
  EXPECT_FALSE(fs::exists(ext4 / "t"));
}

} // namespace
} // namespace afio::testing
