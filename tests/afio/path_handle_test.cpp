#include "afio/path_handle.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

mode_t mode_of(const fs::path& path) {
  struct ::stat found;
  if (::lstat(path.c_str(), &found) != 0) return 0;
  return found.st_mode & 07777;
}

class umask_of {
public:
  explicit umask_of(mode_t mask) : before_(::umask(mask)) {}

  umask_of(const umask_of&) = delete;
  umask_of& operator=(const umask_of&) = delete;

  ~umask_of() { ::umask(before_); }

private:
  mode_t before_;
};

using PathHandle = scene;

TEST_F(PathHandle, OpensWhatAPersonTyped) {
  make("d a/b\n l to_a -> a");
  const auto b = take(take(path_handle::path(dir, path_view("a/b"))).identity());
  EXPECT_EQ(take(take(path_handle::path(dir, path_view("./a//b/"))).identity()), b);
  EXPECT_EQ(take(take(path_handle::path(dir, path_view("a/../to_a/b"))).identity()), b);
  EXPECT_EQ(take(anchor(scratch / "a/b").identity()), b);
}

TEST_F(PathHandle, OfAnEmptyPathIsTheBase) {
  EXPECT_EQ(take(take(path_handle::path(dir, path_view())).identity()), take(dir.identity()));
}

TEST_F(PathHandle, RefusesWhatIsNotADirectory) {
  make("f f 0\n p p\n s s\n l dangling -> nothing\n l loop -> loop");
  EXPECT_TRUE(failed_with(path_handle::path(dir, path_view("f")), ENOTDIR));
  EXPECT_TRUE(failed_with(path_handle::path(dir, path_view("p")), ENOTDIR));
  EXPECT_TRUE(failed_with(path_handle::path(dir, path_view("s")), ENOTDIR));
  EXPECT_TRUE(failed_with(path_handle::path(dir, path_view("dangling")), ENOENT));
  EXPECT_TRUE(failed_with(path_handle::path(dir, path_view("loop")), ELOOP));
  EXPECT_TRUE(failed_with(path_handle::path(dir, path_view("none")), ENOENT));
}

TEST_F(PathHandle, RefusesPathsThatNoCallTakes) {
  EXPECT_TRUE(failed_with(path_handle::path(dir, path_view("a\0b"sv)), EINVAL));
  EXPECT_TRUE(failed_with(path_handle::path(dir, path_view(std::string(4096, 'x'))), ENAMETOOLONG));
}

TEST_F(PathHandle, ByLeafOpensADirectoryAlone) {
  make("d d\n f f 0\n p p\n s s\n l to_d -> d\n l dangling -> nothing");
  EXPECT_TRUE(succeeded(path_handle::path(dir, leaf("d"))));
  for (const char* name : {"f", "p", "s"}) {
    EXPECT_TRUE(failed_with(path_handle::path(dir, leaf(name)), ENOTDIR)) << name;
  }
  for (const char* name : {"to_d", "dangling"}) {
    const auto opened = path_handle::path(dir, leaf(name));
    EXPECT_TRUE(failed_with(opened, ELOOP) || failed_with(opened, ENOTDIR)) << name;
  }
  const auto missing = path_handle::path(dir, leaf("none"));
  ASSERT_TRUE(failed_with(missing, ENOENT));
  EXPECT_EQ(missing.assume_error().name(), "none");
  EXPECT_EQ(missing.assume_error().origin(), call::openat2);
}

TEST_F(PathHandle, NeedsNoPermissionToHoldADirectory) {
  make("d d 0");
  EXPECT_TRUE(succeeded(path_handle::path(dir, leaf("d"))));
}

TEST_F(PathHandle, StaysTheSameDirectoryWhateverBecomesOfItsName) {
  make("f a/inside 0\n d b\n f outside/inside 0");
  const auto a = take(path_handle::path(dir, leaf("a")));
  fs::rename(scratch / "a", scratch / "moved");
  fs::create_directory_symlink(scratch / "outside", scratch / "a");
  EXPECT_TRUE(succeeded(a.unlink(leaf("inside"))));
  EXPECT_TRUE(fs::exists(scratch / "outside/inside"));
  EXPECT_FALSE(fs::exists(scratch / "moved/inside"));
}

TEST_F(PathHandle, OfTheWorkingDirectoryFollowsIt) {
  make("d d");
  const auto before = fs::current_path();
  const auto& here = path_handle::working_directory();
  fs::current_path(scratch.path());
  EXPECT_EQ(take(here.identity()), take(dir.identity()));
  EXPECT_TRUE(succeeded(path_handle::path(here, leaf("d"))));
  fs::current_path(before);
  EXPECT_NE(take(here.identity()), take(dir.identity()));
}

TEST_F(PathHandle, CloneIsTheSameDirectoryWithADescriptorOfItsOwn) {
  auto copy = take(dir.clone());
  EXPECT_EQ(take(copy.identity()), take(dir.identity()));
  take(copy.close());
  EXPECT_TRUE(succeeded(dir.identity()));
}

TEST_F(PathHandle, CloneOfTheWorkingDirectoryStaysWhereItIs) {
  const auto before = fs::current_path();
  fs::current_path(scratch.path());
  const auto copy = path_handle::working_directory().clone();
  fs::current_path(before);
  ASSERT_TRUE(succeeded(copy));
  EXPECT_EQ(take(copy.assume_value().identity()), take(dir.identity()));
}

TEST_F(PathHandle, UnlinksAnyEntryThatIsNotADirectory) {
  make("f f 0\n p p\n s s\n l l -> target\n f target 0\n d d");
  for (const char* name : {"f", "p", "s", "l"}) {
    EXPECT_TRUE(succeeded(dir.unlink(leaf(name)))) << name;
  }
  EXPECT_TRUE(failed_with(dir.unlink(leaf("d")), EISDIR));
  EXPECT_TRUE(failed_with(dir.unlink(leaf("none")), ENOENT));
  EXPECT_EQ(names(), (std::set<std::string>{"d", "target"}));
}

TEST_F(PathHandle, RemovesAnEmptyDirectoryAlone) {
  make("d empty\n f full/f 0\n f f 0\n l l -> empty");
  EXPECT_TRUE(succeeded(dir.remove_directory(leaf("empty"))));
  EXPECT_TRUE(failed_with(dir.remove_directory(leaf("full")), ENOTEMPTY));
  EXPECT_TRUE(failed_with(dir.remove_directory(leaf("f")), ENOTDIR));
  EXPECT_TRUE(failed_with(dir.remove_directory(leaf("l")), ENOTDIR));
  EXPECT_EQ(names(), (std::set<std::string>{"full", "f", "l"}));
}

TEST_F(PathHandle, RenamesWithoutReplacing) {
  make("f a 1\n f b 2\n d d");
  const auto to = take(path_handle::path(dir, leaf("d")));
  EXPECT_TRUE(failed_with(dir.rename(leaf("a"), dir, leaf("b"), replace::no), EEXIST));
  EXPECT_TRUE(succeeded(dir.rename(leaf("a"), to, leaf("c"), replace::no)));
  EXPECT_EQ(fs::file_size(scratch / "d/c"), 1U);
  EXPECT_EQ(fs::file_size(scratch / "b"), 2U);
  EXPECT_EQ(names(), (std::set<std::string>{"b", "d"}));
}

TEST_F(PathHandle, RenamesAndReplaces) {
  make("f a 1\n f b 2");
  EXPECT_TRUE(succeeded(dir.rename(leaf("a"), dir, leaf("b"), replace::yes)));
  EXPECT_EQ(fs::file_size(scratch / "b"), 1U);
  EXPECT_EQ(names(), std::set<std::string>{"b"});
}

TEST_F(PathHandle, RenamesAndExchanges) {
  make("f a 1\n f d/b 2");
  const auto to = take(path_handle::path(dir, leaf("d")));
  EXPECT_TRUE(succeeded(dir.rename(leaf("a"), to, leaf("b"), replace::exchange)));
  EXPECT_EQ(fs::file_size(scratch / "a"), 2U);
  EXPECT_EQ(fs::file_size(scratch / "d/b"), 1U);
  EXPECT_TRUE(failed_with(dir.rename(leaf("a"), to, leaf("c"), replace::exchange), ENOENT));
}

TEST_F(PathHandle, RenamesASymlinkItself) {
  make("f target 3\n l l -> target");
  EXPECT_TRUE(succeeded(dir.rename(leaf("l"), dir, leaf("m"), replace::no)));
  EXPECT_EQ(fs::read_symlink(scratch / "m"), "target");
}

TEST_F(PathHandle, RenamingOneHardLinkOverAnotherDoesNothing) {
  make("f a 0\n h b = a");
  EXPECT_TRUE(succeeded(dir.rename(leaf("a"), dir, leaf("b"), replace::yes)));
  EXPECT_EQ(names(), (std::set<std::string>{"a", "b"}));
}

TEST_F(PathHandle, MakesADirectoryWithAModeLessTheUmask) {
  const umask_of mask(027);
  EXPECT_TRUE(succeeded(dir.create_directory(leaf("usual"))));
  EXPECT_TRUE(succeeded(dir.create_directory(leaf("own"), 0700)));
  EXPECT_EQ(mode_of(scratch / "usual"), 0750U);
  EXPECT_EQ(mode_of(scratch / "own"), 0700U);
  EXPECT_TRUE(failed_with(dir.create_directory(leaf("own")), EEXIST));
}

TEST_F(PathHandle, ChangesTheModeOfAnEntryOfAnyType) {
  make("f f 0\n d d\n p p\n s s");
  for (const char* name : {"f", "d", "p", "s"}) {
    EXPECT_TRUE(succeeded(dir.set_mode(leaf(name), 01720))) << name;
    EXPECT_EQ(mode_of(scratch / name), 01720U) << name;
  }
  EXPECT_TRUE(failed_with(dir.set_mode(leaf("none"), 0700), ENOENT));
}

TEST_F(PathHandle, NeverChangesAModeThroughASymlink) {
  make("f target 0 0600\n l l -> target");
  EXPECT_TRUE(failed_with(dir.set_mode(leaf("l"), 0777), ENOTSUP));
  EXPECT_EQ(mode_of(scratch / "target"), 0600U);
}

TEST_F(PathHandle, ChangesAModeWhereTheKernelHasNoFchmodat2) {
  make("f target 0 0600\n l l -> target\n p p");
  for (const char* name : {"target", "p"}) {
    const armed missing({.which = call::fchmodat2, .native = ENOSYS});
    EXPECT_TRUE(succeeded(dir.set_mode(leaf(name), 0640))) << name;
    EXPECT_EQ(mode_of(scratch / name), 0640U) << name;
  }
  const armed missing({.which = call::fchmodat2, .native = ENOSYS});
  EXPECT_TRUE(failed_with(dir.set_mode(leaf("l"), 0777), ENOTSUP));
  EXPECT_EQ(mode_of(scratch / "target"), 0640U);
}

} // namespace
} // namespace afio::unit
