#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/fs_handle.hpp"
#include "afio/random_name.hpp"
#include "afio/symlink_handle.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/swapper.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>

#include <sys/stat.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using list = std::set<std::string>;
using testing::exchange;
using testing::manifest;

/// `opened` pins a file by O_PATH, whatever its type.
symlink_handle link_at(const path_handle& dir, const char* name) {
  return take(symlink_handle::symlink(dir, leaf(name)));
}

file_handle file_at(const path_handle& dir, const char* name) {
  return take(file_handle::file(dir, leaf(name), {.mode = mode::none}));
}

path_handle directory_at(const path_handle& dir, const char* name) {
  return take(path_handle::path(dir, leaf(name)));
}

// ---------------------------------------------------------------------------------------- unlink

using Unlink = scene;

TEST_F(Unlink, RemovesThisFile) {
  make("f f 1\n l l -> f\n d d\n f other 1");
  EXPECT_TRUE(succeeded(link_at(dir, "l").unlink(dir, leaf("l"))));
  EXPECT_TRUE(succeeded(file_at(dir, "f").unlink(dir, leaf("f"))));
  EXPECT_TRUE(succeeded(directory_at(dir, "d").unlink(dir, leaf("d"))));
  EXPECT_EQ(names(), list{"other"});
}

TEST_F(Unlink, RemovesOneHardLinkAndLeavesTheOther) {
  make("f a 1\n h b = a");
  EXPECT_TRUE(succeeded(file_at(dir, "a").unlink(dir, leaf("b"))));
  EXPECT_EQ(names(), list{"a"});
}

TEST_F(Unlink, LeavesANameThatMeansAnotherFile) {
  make("f mine 1\n f other 2\n d d");
  const manifest before(scratch.path());
  const auto mine = file_at(dir, "mine");
  const armed counting;
  for (const char* name : {"other", "d"}) {
    EXPECT_TRUE(failed_with(mine.unlink(dir, leaf(name)), errc::raced)) << name;
  }
  EXPECT_EQ(detail::calls_seen(call::renameat2), 0U) << "it was never even moved";
  EXPECT_EQ(difference(before, manifest(scratch.path())), "");
}

TEST_F(Unlink, OfANameThatIsGoneIsEnoent) {
  make("f a 1");
  const auto a = file_at(dir, "a");
  fs::remove(scratch / "a");
  EXPECT_TRUE(failed_with(a.unlink(dir, leaf("a")), ENOENT));
}

TEST_F(Unlink, PutsBackWhatWasExchangedAtTheLastMoment) {
  make("f mine 1\n f other 2");
  const auto mine = file_at(dir, "mine");
  const just_before moving(call::renameat2, 1,
                           [&] { exchange(scratch / "mine", scratch / "other"); });
  const auto removed = mine.unlink(dir, leaf("mine"));
  ASSERT_EQ(moving.times(), 1);
  EXPECT_TRUE(failed_with(removed, errc::raced));
  EXPECT_EQ(names(), (list{"mine", "other"}));
  EXPECT_EQ(fs::file_size(scratch / "mine"), 2U);
  EXPECT_EQ(fs::file_size(scratch / "other"), 1U);
}

TEST_F(Unlink, PutsBackADirectoryThatCameInForTheFile) {
  make("f mine 1\n f other/inside 2");
  const auto mine = file_at(dir, "mine");
  const just_before moving(call::renameat2, 1,
                           [&] { exchange(scratch / "mine", scratch / "other"); });
  EXPECT_TRUE(failed_with(mine.unlink(dir, leaf("mine")), errc::raced));
  EXPECT_EQ(names(), (list{"mine", "other"}));
  EXPECT_TRUE(fs::exists(scratch / "mine/inside"));
}

TEST_F(Unlink, NeverRemovesWhatTakesTheNameMeanwhile) {
  make("f mine 1");
  const auto mine = file_at(dir, "mine");
  const just_before removing(call::unlinkat, 1, [&] { make("f mine 5"); });
  EXPECT_TRUE(succeeded(mine.unlink(dir, leaf("mine"))));
  EXPECT_EQ(fs::file_size(scratch / "mine"), 5U);
  EXPECT_EQ(names(), list{"mine"});
}

TEST_F(Unlink, LosesNothingWhenTheNameCannotBeGivenBack) {
  make("f mine 1\n f other 2");
  const auto mine = file_at(dir, "mine");
  // Exchanged before it moves, and its name taken before it can go back.
  int moves = 0;
  const just_before moving(
      call::renameat2, 1,
      [&] {
        if (++moves == 1) exchange(scratch / "mine", scratch / "other");
        if (moves == 2) make("f mine 3");
      },
      detail::fault::repeat::for_ever);
  const auto removed = mine.unlink(dir, leaf("mine"));
  ASSERT_TRUE(failed_with(removed, errc::raced));
  const std::string kept(removed.assume_error().name());
  EXPECT_TRUE(kept.starts_with("afio-kept-")) << "a name that nothing cleans up";
  EXPECT_EQ(fs::file_size(scratch / kept), 2U);
  EXPECT_EQ(names(), (list{"mine", "other", kept}));
  EXPECT_EQ(fs::file_size(scratch / "mine"), 3U);
  EXPECT_EQ(fs::file_size(scratch / "other"), 1U);
}

TEST_F(Unlink, OfADirectoryThatIsNotEmptyLeavesItThere) {
  make("f d/inside 1");
  const auto d = directory_at(dir, "d");
  const armed counting;
  EXPECT_TRUE(failed_with(d.unlink(dir, leaf("d")), ENOTEMPTY));
  EXPECT_EQ(detail::calls_seen(call::renameat2), 0U) << "its name was never missing";
  EXPECT_EQ(names(), list{"d"});
  EXPECT_TRUE(fs::exists(scratch / "d/inside"));
}

TEST_F(Unlink, OfADirectoryHarmsNoFileAndNoFullDirectoryThatComesIn) {
  make("d d\n f full/inside 1\n f file 1");
  const auto d = directory_at(dir, "d");
  for (const auto& [name, native] : {std::pair("full", ENOTEMPTY), std::pair("file", ENOTDIR)}) {
    const just_before removing(call::unlinkat, 1,
                               [&, other = name] { exchange(scratch / "d", scratch / other); });
    EXPECT_TRUE(failed_with(d.unlink(dir, leaf("d")), native));
    ASSERT_EQ(removing.times(), 1);
    exchange(scratch / "d", scratch / name);
  }
  EXPECT_EQ(names(), (list{"d", "full", "file"}));
  EXPECT_TRUE(fs::exists(scratch / "full/inside"));
}

TEST_F(Unlink, GivesTheNameBackWhenItFails) {
  make("f a 1");
  const auto a = file_at(dir, "a");
  const armed fails({.which = call::unlinkat, .native = EPERM});
  const auto removed = a.unlink(dir, leaf("a"));
  ASSERT_TRUE(failed_with(removed, EPERM));
  EXPECT_EQ(removed.assume_error().origin(), call::unlinkat);
  EXPECT_EQ(names(), list{"a"});
}

TEST_F(Unlink, GivesTheNameBackAndSaysWhyWhenItCannotLookWhatMoved) {
  make("f a 1");
  const auto a = file_at(dir, "a");
  // 1: is it a directory? 2: its identity. 3: what has the name. 4: what moved.
  const armed fails({.which = call::statx, .nth = 4, .native = EIO});
  const auto removed = a.unlink(dir, leaf("a"));
  ASSERT_TRUE(failed_with(removed, EIO));
  EXPECT_EQ(removed.assume_error().origin(), call::statx);
  EXPECT_EQ(names(), list{"a"});
}

TEST_F(Unlink, FindsTheNameByItself) {
  make("f d/a 1\n d e");
  const auto a = file_at(directory_at(dir, "d"), "a");
  const auto e = directory_at(dir, "e");
  fs::rename(scratch / "d/a", scratch / "d/b");
  EXPECT_TRUE(succeeded(a.unlink()));
  EXPECT_TRUE(succeeded(e.unlink()));
  EXPECT_EQ(names_in(scratch / "d"), list{});
  EXPECT_TRUE(failed_with(a.unlink(), ENOENT));
}

// ---------------------------------------------------------------------------------------- relink

class Relink : public scene {
protected:
  std::uint64_t size(const char* name) const { return fs::file_size(scratch / name); }
};

TEST_F(Relink, GivesThisFileANewName) {
  make("f a 1\n d d\n d e\n l l -> a");
  const auto to = directory_at(dir, "d");
  EXPECT_TRUE(succeeded(file_at(dir, "a").relink(dir, leaf("a"), dir, leaf("b"))));
  EXPECT_TRUE(succeeded(file_at(dir, "b").relink(dir, leaf("b"), to, leaf("c"))));
  EXPECT_TRUE(succeeded(directory_at(dir, "e").relink(dir, leaf("e"), to, leaf("e"))));
  EXPECT_TRUE(succeeded(link_at(dir, "l").relink(dir, leaf("l"), to, leaf("l"))));
  EXPECT_EQ(names(), list{"d"});
  EXPECT_EQ(names_in(scratch / "d"), (list{"c", "e", "l"}));
  EXPECT_EQ(size("d/c"), 1U);
}

TEST_F(Relink, DoesNotReplaceUnlessTold) {
  make("f a 1\n f b 2");
  EXPECT_TRUE(failed_with(file_at(dir, "a").relink(dir, leaf("a"), dir, leaf("b")), EEXIST));
  EXPECT_EQ(names(), (list{"a", "b"}));
  EXPECT_EQ(size("a"), 1U);
  EXPECT_EQ(size("b"), 2U);
}

TEST_F(Relink, ReplacesWhenTold) {
  make("f a 1\n f b 2");
  EXPECT_TRUE(succeeded(file_at(dir, "a").relink(dir, leaf("a"), dir, leaf("b"), replace::yes)));
  EXPECT_EQ(names(), list{"b"});
  EXPECT_EQ(size("b"), 1U);
}

TEST_F(Relink, OverAnotherHardLinkOfItselfLeavesThatOneName) {
  make("f a 1\n h b = a");
  EXPECT_TRUE(succeeded(file_at(dir, "a").relink(dir, leaf("a"), dir, leaf("b"), replace::yes)));
  EXPECT_EQ(names(), list{"b"});
}

TEST_F(Relink, OverItsOwnNameChangesNothing) {
  make("f a 1");
  const auto a = file_at(dir, "a");
  EXPECT_TRUE(succeeded(a.relink(dir, leaf("a"), dir, leaf("a"), replace::yes)));
  EXPECT_EQ(names(), list{"a"});
}

TEST_F(Relink, ThatTheKernelRefusesChangesNothing) {
  make("f a/b/inside 1\n f f 1\n d d");
  const manifest before(scratch.path());
  const auto a = directory_at(dir, "a");
  const auto f = file_at(dir, "f");
  EXPECT_TRUE(failed_with(a.relink(dir, leaf("a"), directory_at(a, "b"), leaf("c")), EINVAL));
  EXPECT_TRUE(failed_with(a.relink(dir, leaf("a"), dir, leaf("f"), replace::yes), ENOTDIR));
  EXPECT_TRUE(failed_with(f.relink(dir, leaf("f"), dir, leaf("d"), replace::yes), EISDIR));
  EXPECT_TRUE(failed_with(
      directory_at(dir, "d").relink(dir, leaf("d"), dir, leaf("a"), replace::yes), ENOTEMPTY));
  EXPECT_EQ(difference(before, manifest(scratch.path())), "");
}

TEST_F(Relink, LeavesANameThatMeansAnotherFile) {
  make("f mine 1\n f other 2\n f third 3");
  const manifest before(scratch.path());
  const auto mine = file_at(dir, "mine");
  for (const replace how : {replace::no, replace::yes, replace::exchange}) {
    const armed counting;
    EXPECT_TRUE(failed_with(mine.relink(dir, leaf("other"), dir, leaf("third"), how), errc::raced));
    EXPECT_EQ(detail::calls_seen(call::renameat2), 0U) << "it was never even moved";
  }
  EXPECT_EQ(difference(before, manifest(scratch.path())), "");
}

TEST_F(Relink, PutsBackWhatWasExchangedAtTheLastMoment) {
  for (const replace how : {replace::no, replace::yes}) {
    make("f mine 1\n f other 2\n d d");
    const auto mine = file_at(dir, "mine");
    const auto to = directory_at(dir, "d");
    const just_before moving(call::renameat2, 1,
                             [&] { exchange(scratch / "mine", scratch / "other"); });
    EXPECT_TRUE(failed_with(mine.relink(dir, leaf("mine"), to, leaf("new"), how), errc::raced));
    ASSERT_EQ(moving.times(), 1);
    EXPECT_EQ(names(), (list{"mine", "other", "d"}));
    EXPECT_EQ(names_in(scratch / "d"), list{});
    EXPECT_EQ(size("mine"), 2U);
    EXPECT_EQ(size("other"), 1U);
    for (const char* name : {"mine", "other", "d"}) {
      fs::remove(scratch / name);
    }
  }
}

TEST_F(Relink, DoesNotReplaceWhatTakesTheNewNameMeanwhile) {
  make("f a 1");
  const auto a = file_at(dir, "a");
  const just_before publishing(call::renameat2, 2, [&] { make("f b 2"); });
  EXPECT_TRUE(failed_with(a.relink(dir, leaf("a"), dir, leaf("b")), EEXIST));
  ASSERT_EQ(publishing.times(), 1);
  EXPECT_EQ(names(), (list{"a", "b"}));
  EXPECT_EQ(size("b"), 2U);
}

TEST_F(Relink, IsWholeUnderANameThatNobodyCleansUpWhenItsOldOneIsTaken) {
  make("f a 1\n f b 2");
  const auto a = file_at(dir, "a");
  const just_before giving_back(call::renameat2, 3, [&] { make("f a 3"); });
  const auto refused = a.relink(dir, leaf("a"), dir, leaf("b"));
  ASSERT_TRUE(failed_with(refused, EEXIST));
  ASSERT_EQ(giving_back.times(), 1);
  const std::string kept(refused.assume_error().name());
  EXPECT_TRUE(kept.starts_with("afio-kept-"));
  EXPECT_EQ(names(), (list{"a", kept, "b"}));
  EXPECT_EQ(fs::file_size(scratch / kept), 1U);
  EXPECT_EQ(size("a"), 3U);
  EXPECT_EQ(size("b"), 2U);
}

TEST_F(Relink, GivesTheNameBackAndSaysWhyWhenItCannotLookWhatMoved) {
  make("f a 1\n f b 2");
  for (const replace how : {replace::no, replace::exchange}) {
    const auto a = file_at(dir, "a");
    // 1: its identity. 2: what has the name. 3: what moved.
    const armed fails({.which = call::statx, .nth = 3, .native = EIO});
    const auto moved = a.relink(dir, leaf("a"), dir, leaf(how == replace::no ? "c" : "b"), how);
    EXPECT_TRUE(failed_with(moved, EIO));
    EXPECT_EQ(names(), (list{"a", "b"}));
    EXPECT_EQ(size("a"), 1U);
  }
}

TEST_F(Relink, Exchanges) {
  make("f a 1\n f d/b 2");
  const auto a = file_at(dir, "a");
  const auto to = directory_at(dir, "d");
  EXPECT_TRUE(succeeded(a.relink(dir, leaf("a"), to, leaf("b"), replace::exchange)));
  EXPECT_EQ(size("a"), 2U);
  EXPECT_EQ(size("d/b"), 1U);
  EXPECT_TRUE(failed_with(a.relink(to, leaf("b"), dir, leaf("none"), replace::exchange), ENOENT));
  EXPECT_EQ(size("d/b"), 1U);
}

TEST_F(Relink, ExchangesAFileWithADirectory) {
  make("f a 1\n f d/inside 2");
  const auto a = file_at(dir, "a");
  EXPECT_TRUE(succeeded(a.relink(dir, leaf("a"), dir, leaf("d"), replace::exchange)));
  EXPECT_EQ(size("d"), 1U);
  EXPECT_EQ(size("a/inside"), 2U);
}

TEST_F(Relink, ExchangeOfTheWrongFileIsExchangedBack) {
  make("f mine 1\n f other 2\n f target 3");
  const auto mine = file_at(dir, "mine");
  const just_before exchanging(call::renameat2, 1,
                               [&] { exchange(scratch / "mine", scratch / "other"); });
  EXPECT_TRUE(failed_with(mine.relink(dir, leaf("mine"), dir, leaf("target"), replace::exchange),
                          errc::raced));
  ASSERT_EQ(exchanging.times(), 1);
  EXPECT_EQ(names(), (list{"mine", "other", "target"}));
  EXPECT_EQ(size("mine"), 2U);
  EXPECT_EQ(size("other"), 1U);
  EXPECT_EQ(size("target"), 3U);
}

TEST_F(Relink, FindsTheNameByItself) {
  make("f d/a 1");
  const auto a = file_at(directory_at(dir, "d"), "a");
  EXPECT_TRUE(succeeded(a.relink(dir, leaf("b"))));
  EXPECT_EQ(size("b"), 1U);
  EXPECT_EQ(names_in(scratch / "d"), list{});
}

// ------------------------------------------------------------------------------------------ link

using Link = scene;

TEST_F(Link, GivesThisInodeOneMoreName) {
  make("f a 1\n d d\n l l -> a\n p p");
  const auto to = directory_at(dir, "d");
  const auto a = file_at(dir, "a");
  fs::rename(scratch / "a", scratch / "renamed"); // No name of it is looked up.
  EXPECT_TRUE(succeeded(a.link(to, leaf("b"))));
  EXPECT_EQ(take(file_at(to, "b").identity()), take(a.identity()));

  const auto l = link_at(dir, "l");
  EXPECT_TRUE(succeeded(l.link(to, leaf("m"))));
  EXPECT_EQ(fs::read_symlink(scratch / "d/m"), "a");
  EXPECT_EQ(take(l.stat()).links, 2U);
}

TEST_F(Link, DoesNotReplace) {
  make("f a 1\n f b 2");
  EXPECT_TRUE(failed_with(file_at(dir, "a").link(dir, leaf("b")), EEXIST));
  EXPECT_EQ(fs::file_size(scratch / "b"), 2U);
}

TEST_F(Link, OfADirectoryIsRefused) {
  EXPECT_TRUE(failed_with(dir.link(dir, leaf("self")), EPERM));
}

TEST_F(Link, OfAFileWithoutANameLeftIsRefused) {
  make("f a 1");
  const auto a = file_at(dir, "a");
  fs::remove(scratch / "a");
  EXPECT_TRUE(failed_with(a.link(dir, leaf("again")), ENOENT));
}

TEST_F(Link, GoesThroughProcWhereAnEmptyPathIsNotAllowed) {
  make("f a 1\n l l -> a");
  const auto a = file_at(dir, "a");
  const auto l = link_at(dir, "l");
  {
    const armed refused({.which = call::linkat, .native = ENOENT});
    EXPECT_TRUE(succeeded(a.link(dir, leaf("b"))));
    EXPECT_EQ(detail::calls_seen(call::linkat), 2U);
  }
  const armed refused({.which = call::linkat, .native = ENOENT});
  EXPECT_TRUE(succeeded(l.link(dir, leaf("m"))));
  EXPECT_EQ(fs::read_symlink(scratch / "m"), "a");
  EXPECT_EQ(take(a.stat()).links, 2U);
}

// ---------------------------------------------------------------------------------------- locate

class Locate : public scene {
protected:
  /// The path of a location.
  static std::string path_of(const location& at) {
    std::array<char, 4096> buffer;
    return std::string(take(at.directory.current_path(buffer))) + '/' + std::string(at.name.view());
  }
};

TEST_F(Locate, FindsADirectoryAndALeafThatLeadHere) {
  make("f d/a 1\n l d/l -> a");
  const auto d = directory_at(dir, "d");
  EXPECT_EQ(path_of(take(file_at(d, "a").locate())), scratch / "d/a");
  EXPECT_EQ(path_of(take(link_at(d, "l").locate())), scratch / "d/l");
  EXPECT_EQ(path_of(take(d.locate())), scratch / "d");
}

TEST_F(Locate, FollowsRenames) {
  make("f d/a 1");
  const auto a = file_at(directory_at(dir, "d"), "a");
  fs::rename(scratch / "d", scratch / "e");
  fs::rename(scratch / "e/a", scratch / "e/b");
  EXPECT_EQ(path_of(take(a.locate())), scratch / "e/b");
}

TEST_F(Locate, LooksAgainWhenRenamedMeanwhile) {
  make("f a 1");
  const auto a = file_at(dir, "a");
  const just_before opening(call::openat, 1, [&] { fs::rename(scratch / "a", scratch / "b"); });
  const auto found = a.locate();
  ASSERT_EQ(opening.times(), 1);
  ASSERT_TRUE(succeeded(found));
  EXPECT_EQ(path_of(found.assume_value()), scratch / "b");
}

TEST_F(Locate, LooksAgainWhenAnotherFileTakesItsName) {
  make("f a 1\n f other 2");
  const auto a = file_at(dir, "a");
  const just_before opening(call::openat, 1, [&] { exchange(scratch / "a", scratch / "other"); });
  EXPECT_EQ(path_of(take(a.locate())), scratch / "other");
}

TEST_F(Locate, SaysThatTheNameIsGone) {
  make("f a 1\n d d");
  const auto a = file_at(dir, "a");
  const auto d = directory_at(dir, "d");
  fs::remove(scratch / "a");
  fs::remove(scratch / "d");
  EXPECT_TRUE(failed_with(a.locate(), ENOENT));
  EXPECT_TRUE(failed_with(d.locate(), ENOENT));
}

TEST_F(Locate, BelievesANameThatLooksDeleted) {
  make("f a 1");
  const auto a = file_at(dir, "a");
  fs::rename(scratch / "a", scratch / "b (deleted)");
  EXPECT_EQ(path_of(take(a.locate())), (scratch / "b (deleted)").string());
}

TEST_F(Locate, ComesToAnEndWhenItsDirectoryIsDeletedToo) {
  make("f d/a 1");
  const auto a = file_at(directory_at(dir, "d"), "a");
  fs::remove_all(scratch / "d");
  EXPECT_TRUE(failed_with(a.locate(), ENOENT));
}

TEST_F(Locate, GivesUpAtTheDeadline) {
  make("f a 1\n f b 2");
  const auto a = file_at(dir, "a");
  // Each time that it has read the path, the file is no longer there.
  const just_before opening(
      call::openat, 1, [&] { exchange(scratch / "a", scratch / "b"); },
      detail::fault::repeat::for_ever);
  EXPECT_TRUE(failed_with(a.locate(deadline::in(0ns)), ETIMEDOUT));
  EXPECT_EQ(opening.times(), 1) << "looked at once even so";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(failed_with(a.locate(deadline::in(20ms)), ETIMEDOUT));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
  EXPECT_TRUE(
      failed_with(a.locate(deadline::at(std::chrono::system_clock::now() + 20ms)), ETIMEDOUT));
  EXPECT_GT(opening.times(), 3);
}

TEST_F(Locate, BeyondPathMaxIsAnError) {
  const std::string name(250, 'x');
  auto deepest = take(dir.clone());
  for (int i = 0; i < 17; ++i) {
    take(deepest.create_directory(leaf(name.c_str())));
    deepest = directory_at(deepest, name.c_str());
  }
  EXPECT_TRUE(failed_with(deepest.locate(), ENAMETOOLONG));
}

// -------------------------------------------------------------------------------------- set_mode

using SetMode = scene;

TEST_F(SetMode, ChangesThePermissionBitsOfThisFile) {
  make("f a 1\n d d");
  const auto a = file_at(dir, "a");
  const auto d = directory_at(dir, "d");
  fs::rename(scratch / "a", scratch / "renamed");
  EXPECT_TRUE(succeeded(a.set_mode(04711)));
  EXPECT_TRUE(succeeded(d.set_mode(01777)));
  EXPECT_EQ(take(a.stat()).mode, 04711);
  EXPECT_EQ(take(d.stat()).mode, 01777);
}

TEST_F(SetMode, OfASymlinkIsRefused) {
  make("f a 1 0600\n l l -> a");
  EXPECT_TRUE(failed_with(link_at(dir, "l").set_mode(0777), ENOTSUP));
  EXPECT_EQ(take(file_at(dir, "a").stat()).mode, 0600);
}

TEST_F(SetMode, WorksWhereTheKernelHasNoFchmodat2) {
  make("f a 1 0600\n l l -> a");
  const auto a = file_at(dir, "a");
  const auto l = link_at(dir, "l");
  {
    const armed missing({.which = call::fchmodat2, .native = ENOSYS});
    EXPECT_TRUE(succeeded(a.set_mode(0640)));
  }
  const armed missing({.which = call::fchmodat2, .native = ENOSYS});
  EXPECT_TRUE(failed_with(l.set_mode(0777), ENOTSUP));
  EXPECT_EQ(take(a.stat()).mode, 0640);
}

} // namespace
} // namespace afio::unit
