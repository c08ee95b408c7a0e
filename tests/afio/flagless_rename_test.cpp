// File systems that know no flags of renameat2, such as nfs.
#include "afio/file_handle.hpp"
#include "afio/random_name.hpp"
#include "tests/afio/rename_flags.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using list = std::set<std::string>;

class FlaglessRename : public scene {
protected:
  static void SetUpTestSuite() { filtered = forget_rename_flags(); }

  void SetUp() override {
    if (!filtered) GTEST_SKIP() << "no filters of system calls here: " << std::strerror(errno);
  }

  file_handle file(const char* name) const {
    return take(file_handle::file(dir, leaf(name), {.mode = mode::none}));
  }

private:
  static inline bool filtered = false;
};

TEST_F(FlaglessRename, RenamesToRandomNamesAloneWithoutReplacing) {
  make("f a 1\n f b 2");
  EXPECT_TRUE(failed_with(dir.rename(leaf("a"), dir, leaf("c"), replace::no), EINVAL));
  EXPECT_EQ(names(), (list{"a", "b"}));
  const auto random = take(random_name());
  EXPECT_TRUE(succeeded(dir.rename(leaf("a"), dir, random, replace::no)));
  EXPECT_EQ(names(), (list{"b", std::string(random.view())}));
  EXPECT_TRUE(failed_with(dir.rename(leaf("b"), dir, random, replace::exchange), EINVAL));
}

TEST_F(FlaglessRename, UnlinkRemovesThisFile) {
  make("f a 1\n d d");
  EXPECT_TRUE(succeeded(file("a").unlink(dir, leaf("a"))));
  EXPECT_TRUE(succeeded(take(path_handle::path(dir, leaf("d"))).unlink(dir, leaf("d"))));
  EXPECT_EQ(names(), list{});
}

TEST_F(FlaglessRename, UnlinkThatFailsGivesTheNameBack) {
  make("f a 1\n f full/inside 1");
  const auto full = take(path_handle::path(dir, leaf("full")));
  EXPECT_TRUE(failed_with(full.unlink(dir, leaf("full")), ENOTEMPTY));
  const auto a = file("a");
  {
    const armed fails({.which = call::unlinkat, .native = EIO});
    EXPECT_TRUE(failed_with(a.unlink(dir, leaf("a")), EIO));
  }
  EXPECT_EQ(names(), (list{"a", "full"}));
}

TEST_F(FlaglessRename, WhatWasExchangedGoesBack) {
  make("f mine 1\n f other/inside 2");
  const auto mine = file("mine");
  const just_before moving(call::renameat2, 1,
                           [&] { exchange(scratch / "mine", scratch / "other"); });
  EXPECT_TRUE(failed_with(mine.unlink(dir, leaf("mine")), errc::raced));
  EXPECT_EQ(names(), (list{"mine", "other"}));
  EXPECT_TRUE(fs::exists(scratch / "mine/inside"));
}

TEST_F(FlaglessRename, NothingIsReplacedByWhatGoesBack) {
  make("f mine 1");
  const auto mine = file("mine");
  // Its name is taken just before it gets it back.
  const just_before giving_back(call::linkat, 1, [&] { make("f mine 3"); });
  const auto refused = mine.relink(dir, leaf("mine"), dir, leaf("mine"));
  ASSERT_EQ(giving_back.times(), 1);
  ASSERT_TRUE(failed_with(refused, EEXIST));
  const std::string kept(refused.assume_error().name());
  EXPECT_TRUE(kept.starts_with("afio-kept-")) << "under a private name a reaper would delete it";
  EXPECT_EQ(names(), (list{"mine", kept}));
  EXPECT_EQ(fs::file_size(scratch / "mine"), 3U);
}

TEST_F(FlaglessRename, WhatCannotGoBackIsKept) {
  make("f mine 1\n f other 2");
  const auto mine = file("mine");
  int moves = 0;
  const just_before moving(
      call::renameat2, 1,
      [&] {
        if (++moves == 1) exchange(scratch / "mine", scratch / "other");
        // Third, after the one with a flag and the one without.
        if (moves == 3) make("f mine 3");
      },
      detail::fault::repeat::for_ever);
  const auto refused = mine.unlink(dir, leaf("mine"));
  ASSERT_TRUE(failed_with(refused, errc::raced));
  const std::string kept(refused.assume_error().name());
  EXPECT_TRUE(kept.starts_with("afio-kept-"));
  EXPECT_EQ(names(), (list{"mine", "other", kept}));
  EXPECT_EQ(fs::file_size(scratch / kept), 2U);
}

TEST_F(FlaglessRename, WhereThereAreNoLinksEitherWhatCannotGoBackIsKept) {
  make("f a 1");
  const auto a = file("a");
  const armed no_links(
      {.which = call::linkat, .repeats = detail::fault::repeat::for_ever, .native = EPERM});
  const auto refused = a.relink(dir, leaf("a"), dir, leaf("b"));
  ASSERT_TRUE(failed_with(refused, EINVAL));
  const std::string kept(refused.assume_error().name());
  EXPECT_TRUE(kept.starts_with("afio-kept-"));
  EXPECT_EQ(names(), list{kept});
}

TEST_F(FlaglessRename, RelinkDoesNotReplace) {
  make("f a 1\n f b 2\n d d");
  const auto a = file("a");
  const auto d = take(path_handle::path(dir, leaf("d")));
  EXPECT_TRUE(failed_with(a.relink(dir, leaf("a"), dir, leaf("b")), EEXIST));
  EXPECT_EQ(names(), (list{"a", "b", "d"}));
  EXPECT_TRUE(succeeded(a.relink(dir, leaf("a"), d, leaf("c"))));
  EXPECT_TRUE(succeeded(a.relink(d, leaf("c"), dir, leaf("b"), replace::yes)));
  EXPECT_TRUE(succeeded(d.relink(dir, leaf("d"), dir, leaf("e"))));
  EXPECT_EQ(names(), (list{"b", "e"}));
  EXPECT_EQ(fs::file_size(scratch / "b"), 1U);
}

} // namespace
} // namespace afio::unit
