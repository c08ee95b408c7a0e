// What the owner of nothing may do, and what a handle does not let him do.
#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include <sys/prctl.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
constexpr uid_t nobody = 65'534;

/// This process is nobody while it lives.
class as_nobody {
public:
  as_nobody() {
    if (::setegid(nobody) != 0 || ::seteuid(nobody) != 0) throw std::runtime_error("seteuid");
    // Else the kernel takes us for a setuid program and closes /proc/self.
    ::prctl(PR_SET_DUMPABLE, 1);
  }

  as_nobody(const as_nobody&) = delete;
  as_nobody& operator=(const as_nobody&) = delete;

  ~as_nobody() {
    const bool back = ::seteuid(0) == 0 && ::setegid(0) == 0;
    if (!back) std::abort();
    ::prctl(PR_SET_DUMPABLE, 1);
  }
};

class AsNobody : public scene {
protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    if (::seteuid(nobody) != 0) GTEST_SKIP() << "there is no other user here";
    if (::seteuid(0) != 0) std::abort();
    fs::permissions(scratch.path(), fs::perms(0755));
  }
};

TEST_F(AsNobody, AHandleThatOnlyNamesNeedsNoPermissionOnTheFile) {
  make("f f 3 0000\n d d 0000");
  const as_nobody unprivileged;
  const auto f = file_handle::file(dir, leaf("f"), {.mode = mode::none});
  ASSERT_TRUE(succeeded(f));
  EXPECT_EQ(take(f.assume_value().size()), 3U);
  EXPECT_TRUE(succeeded(path_handle::path(dir, leaf("d"))));
}

TEST_F(AsNobody, OpeningAndCloningAreRefusedAlike) {
  make("f f 3 0600\n f readable 3 0644");
  const as_nobody unprivileged;
  const auto refused = file_handle::file(dir, leaf("f"));
  ASSERT_TRUE(failed_with(refused, EACCES));
  EXPECT_EQ(refused.assume_error().name(), "f");

  const auto f = take(file_handle::file(dir, leaf("f"), {.mode = mode::none}));
  EXPECT_TRUE(failed_with(f.clone(mode::read, caching::all), EACCES));
  const auto readable = take(file_handle::file(dir, leaf("readable")));
  EXPECT_TRUE(succeeded(readable.clone(mode::read, caching::reads)));
  EXPECT_TRUE(failed_with(readable.clone(mode::write, caching::all), EACCES));
}

TEST_F(AsNobody, ListingNeedsReadPermission) {
  make("d d 0311\n f d/inside 0");
  const as_nobody unprivileged;
  EXPECT_TRUE(failed_with(directory_handle::directory(dir, leaf("d")), EACCES));
  const auto d = take(path_handle::path(dir, leaf("d")));
  EXPECT_TRUE(failed_with(directory_handle::directory(d), EACCES));
  EXPECT_TRUE(succeeded(file_handle::file(d, leaf("inside")))) << "but names can be looked up";
}

TEST_F(AsNobody, UnlinkAndRelinkThatAreRefusedChangeNothing) {
  make("f f 3 0666\n d d 0777");
  const as_nobody unprivileged;
  const auto f = take(file_handle::file(dir, leaf("f")));
  const auto d = take(path_handle::path(dir, leaf("d")));
  EXPECT_TRUE(failed_with(f.unlink(dir, leaf("f")), EACCES));
  EXPECT_TRUE(failed_with(f.relink(dir, leaf("f"), d, leaf("g")), EACCES));
  EXPECT_TRUE(failed_with(d.unlink(dir, leaf("d")), EACCES));
  EXPECT_EQ(names(), (std::set<std::string>{"f", "d"}));
}

TEST_F(AsNobody, InAStickyDirectoryOthersFilesStay) {
  make("d sticky 01777\n f sticky/f 3 0666");
  const as_nobody unprivileged;
  const auto sticky = take(path_handle::path(dir, leaf("sticky")));
  const auto f = take(file_handle::file(sticky, leaf("f")));
  EXPECT_TRUE(failed_with(f.unlink(sticky, leaf("f")), EPERM));
  EXPECT_EQ(names_in(scratch / "sticky"), std::set<std::string>{"f"});
}

TEST_F(AsNobody, OwnFilesCanBeLinkedFromADescriptor) {
  make("d own 0777");
  const as_nobody unprivileged;
  const auto own = take(path_handle::path(dir, leaf("own")));
  const auto file = take(file_handle::unnamed(own));
  EXPECT_TRUE(succeeded(file.link(own, leaf("a"))));
  EXPECT_TRUE(succeeded(file.link(own, leaf("b"))));
  EXPECT_EQ(take(file.stat()).links, 2U);
}

TEST_F(AsNobody, OthersModesStay) {
  make("f f 3 0644");
  const as_nobody unprivileged;
  EXPECT_TRUE(failed_with(dir.set_mode(leaf("f"), 0777), EPERM));
  const auto f = take(file_handle::file(dir, leaf("f")));
  EXPECT_TRUE(failed_with(f.set_mode(0777), EPERM));
  EXPECT_EQ(take(f.stat()).mode, 0644);
}

} // namespace
} // namespace afio::unit
