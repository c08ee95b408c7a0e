// What hardlinks.hpp and names_of.hpp promise.
#include "algorithms/hardlinks/hardlinks.hpp"
#include "algorithms/hardlinks/names_of.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/mounts.hpp"

#include <cerrno>
#include <list>
#include <string>
#include <vector>

#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using testing::mounted;

using lines = std::vector<std::string>;

class Hardlinks : public any_threads {
protected:
  /// A line for each inode: its names, and behind a + how many are elsewhere.
  lines groups_in(const lines& trees, hardlinks_options options = {}) {
    options.tree = threaded(options.tree);
    std::list<tree_root> open;
    std::vector<walk_root> roots;
    for (const auto& name : trees) roots.push_back(open.emplace_back(scratch / name, name).get());
    const auto report = take(find_hardlinks(roots, options, told));
    failures = report.failures;
    stop = report.stopped;
    lines found;
    for (const auto& group : report.groups) {
      std::string line;
      for (const auto& name : group.names) line += (line.empty() ? "" : " ") + name.path();
      if (group.elsewhere() != 0) line += " +" + std::to_string(group.elsewhere());
      found.push_back(line);
    }
    return found;
  }

  listener told;
  std::uint64_t failures = 0;
  stopped stop = stopped::no;
};

AFIO_WITH_1_2_AND_3_THREADS(Hardlinks);

TEST_P(Hardlinks, AreTheNamesOfEachInodeOfWhateverType) {
  make("f t/f 5\n h t/d/f = t/f\n h t/d/e/f = t/f\n l t/l -> x\n h t/d/l = t/l\n p t/p\n"
       "h t/p2 = t/p\n s t/s\n h t/d/s = t/s\n f t/alone 1\n d t/empty");
  EXPECT_EQ(groups_in({"t"}), (lines{"t/d/e/f t/d/f t/f", "t/d/l t/l", "t/d/s t/s", "t/p t/p2"}));
  EXPECT_EQ(failures, 0U);
}

TEST_P(Hardlinks, SayHowManyAreElsewhere) {
  make("f t/a 1\n h u/a = t/a\n h v/a = t/a\n f t/b 1\n h u/b = t/b");
  EXPECT_EQ(groups_in({"t"}), (lines{"t/a +2", "t/b +1"}));
  EXPECT_EQ(groups_in({"t", "u"}), (lines{"t/a u/a +1", "t/b u/b"}));
}

TEST_P(Hardlinks, AreSortedByTheBytesOfTheirPaths) {
  make("f t/a/x 1\n h t/a-b = t/a/x\n h t/a.x/y/z = t/a/x\n h t/b = t/a/x\n f t/a! 1\n"
       "h t/a/a = t/a!\n h t/a0 = t/a!");
  EXPECT_EQ(groups_in({"t"}), (lines{"t/a! t/a/a t/a0", "t/a-b t/a.x/y/z t/a/x t/b"}));
  // A directory with a lower inode than the one that it is in.
  make("f c/a 1\n h u/b = c/a");
  fs::rename(scratch / "c", scratch / "u/c");
  EXPECT_EQ(groups_in({"u"}), (lines{"u/b u/c/a"}));
}

TEST_P(Hardlinks, OfTreesThatOverlapAreToldOnce) {
  make("f t/d/a 1\n h t/d/b = t/d/a\n h u = t/d/a");
  EXPECT_EQ(groups_in({"t/d", "t", "t/d"}), (lines{"t/d/a t/d/b +1"}));
}

TEST_P(Hardlinks, InALargeDirectoryAreAllFound) {
  make("d t/other");
  make_files(scratch / "t", 1000);
  lines expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = std::to_string(i);
    fs::create_hard_link(scratch / "t" / name, scratch / "t/other" / name);
    expected.push_back("t/" + name + " t/other/" + name);
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(groups_in({"t"}), expected);
}

TEST_P(Hardlinks, ThatAreSmallOrNotMeantAreLeftOut) {
  make("f t/big 4096\n h t/x/big = t/big\n f t/small 4095\n h t/small2 = t/small\n p t/p\n"
       "h t/p2 = t/p");
  EXPECT_EQ(groups_in({"t"}, {.min_size = 4096}), (lines{"t/big t/x/big"}));
  path_filter filter;
  ASSERT_TRUE(succeeded(filter.add(path_filter::action::exclude, "/x")));
  ASSERT_TRUE(succeeded(filter.add(path_filter::action::exclude, "p*")));
  EXPECT_EQ(groups_in({"t"}, {.filter = &filter}), (lines{"t/big +1", "t/small t/small2"}));
}

TEST_P(Hardlinks, ThatVanishMeanwhileAreNoFailure) {
  make("f t/a 1\n h t/b = t/a\n h t/c = t/a");
  const just_before gone(call::statx, 3, [this] {
    for (const char* name : {"t/a", "t/b", "t/c"}) fs::remove(scratch / name);
  });
  (void)groups_in({"t"});
  EXPECT_EQ(gone.times(), 1);
  EXPECT_EQ(failures, 0U) << told;
}

TEST_P(Hardlinks, OfATreeThatCannotBeListedAreToldToBeMissing) {
  make("f t/a 1\n h t/b = t/a\n f u/a 1\n h u/b = u/a");
  const armed fails({.which = call::getdents64, .nth = 1, .native = EIO});
  EXPECT_EQ(groups_in({"t", "u"}), (lines{"u/a u/b"}));
  EXPECT_EQ(failures, 1U);
  EXPECT_EQ(told.failure_alone().path, "t");
  EXPECT_EQ(told.failure_alone().why.native(), EIO);
}

TEST_P(Hardlinks, OfATreeThatCannotBeOpenedAreToldToBeMissing) {
  make("f t/a 1\n h t/b = t/a\n f u/a 1\n h u/b = u/a");
  const tree_root t(scratch / "t", "t"), u(scratch / "u", "u");
  const walk_root roots[] = {t.get(), u.get()};
  for (const auto how : {on_failure::proceed, on_failure::stop}) {
    const armed fails({.which = call::openat, .nth = 1, .native = EACCES});
    listener heard;
    const auto report =
        take(find_hardlinks(roots, {.tree = {.threads = GetParam(), .on_failure = how}}, heard));
    EXPECT_EQ(heard.failed_paths(), lines{"t"});
    EXPECT_EQ(report.failures, 1U);
    EXPECT_EQ(report.groups.size(), how == on_failure::proceed ? 1U : 0U);
    EXPECT_EQ(report.stopped, how == on_failure::proceed ? stopped::no : stopped::by_failure);
  }
}

TEST_P(Hardlinks, AreLookedForUntilTheDeadline) {
  make("f t/a 1\n h t/b = t/a");
  EXPECT_EQ(groups_in({"t", "t"}, {.tree = {.deadline = deadline::in(std::chrono::seconds(0))}}),
            lines{});
  EXPECT_EQ(stop, stopped::by_deadline);
}

/// Everything of `outside` has several names, and would be told.
TEST_P(Hardlinks, OutsideAreNeverToldWhateverIsExchanged) {
  constexpr int directories = 20;
  testing::swapper::pairs names;
  for (int i = 0; i < directories; ++i) {
    const std::string d = std::to_string(i);
    make("f t/" + d + "/in/a 1\n h t/" + d + "/in/b = t/" + d + "/in/a\nf outside/" + d +
         "/secret 1\n h outside/" + d + "/in/secret = outside/" + d + "/secret");
    fs::create_directory_symlink(scratch / "outside" / d, scratch / ("link" + d));
    names.emplace_back(scratch / "t" / d, scratch / ("link" + d));
  }
  testing::swapper swapping(names);
  std::uint64_t found = 0;
  do {
    for (const auto& group : groups_in({"t"})) {
      ++found;
      EXPECT_EQ(group.find("secret"), group.npos) << group;
    }
  } while (swapping.count() < 20000);
  EXPECT_GT(found, 0U);
}

// ------------------------------------------------------------------------------------- mounts

class HardlinksAndMounts : public Hardlinks {
protected:
  void SetUp() override {
    if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  }

  static hardlinks_options crossing_all() { return {.tree = {.mounts = crossing::any_mount}}; }
};

AFIO_WITH_1_2_AND_3_THREADS(HardlinksAndMounts);

TEST_P(HardlinksAndMounts, AreNotFoundOnOtherMountsUnlessAsked) {
  make("d t/in\n f t/a 1\n h kept/a = t/a\n f kept/b 1\n h kept/c = kept/b");
  const auto mount = mounted::bind(scratch / "kept", scratch / "t/in");
  EXPECT_EQ(groups_in({"t"}), (lines{"t/a +1"}));
  EXPECT_EQ(groups_in({"t"}, crossing_all()), (lines{"t/a t/in/a", "t/in/b t/in/c"}));
  EXPECT_EQ(failures, 0U);
}

TEST_P(HardlinksAndMounts, AreOneNameOverHoweverManyMounts) {
  make("d t/in\n f t/d/a 1\n h t/d/b = t/d/a\n h kept = t/d/a");
  const auto mount = mounted::bind(scratch / "t/d", scratch / "t/in");
  EXPECT_EQ(groups_in({"t"}, crossing_all()), (lines{"t/d/a t/d/b +1"}));
}

TEST_P(HardlinksAndMounts, AreNoNamesThatAnotherFileIsMountedOn) {
  make("f t/a 1\n h t/b = t/a\n f t/c 1");
  const auto mount = mounted::bind(scratch / "t/a", scratch / "t/c");
  EXPECT_EQ(groups_in({"t"}), (lines{"t/a t/b"}));
  EXPECT_EQ(groups_in({"t"}, crossing_all()), (lines{"t/a t/b"}));
}

// ---------------------------------------------------------------------------------- names of one

class NamesOf : public HardlinksAndMounts {
protected:
  location at(const std::string& name) const {
    const fs::path whole = scratch / name;
    return {anchor(whole.parent_path()), take(leaf_buffer::from(whole.filename().native()))};
  }

  names_report names_in(const std::string& file, const lines& trees,
                        hardlinks_options options = {}) {
    options.tree = threaded(options.tree);
    std::list<tree_root> open;
    std::vector<walk_root> roots;
    for (const auto& name : trees) roots.push_back(open.emplace_back(scratch / name, name).get());
    return take(names_of(at(file), roots, options, told));
  }

  /// Anywhere; without the scratch directory's path.
  lines names_around(const std::string& file, hardlinks_options options = {}) {
    options.tree = threaded(options.tree);
    around = take(names_of(at(file), options, told));
    lines names;
    for (const auto& path : around.paths)
      names.push_back(fs::path(path).lexically_relative(scratch.path()));
    return names;
  }

  /// A file system of the test's own at `m`.
  mounted own_file_system() {
    fs::create_directory(scratch / "m");
    return mounted::device("tmpfs", scratch / "m", "tmpfs");
  }

  names_report around;
};

AFIO_WITH_1_2_AND_3_THREADS(NamesOf);

TEST_P(NamesOf, AnInodeAreFoundInTrees) {
  make("f t/a 7\n h t/d/b = t/a\n h u/c = t/a\n f t/other 7\n h t/other2 = t/other");
  auto found = names_in("t/a", {"t", "u"});
  EXPECT_EQ(found.paths, (lines{"t/a", "t/d/b", "u/c"}));
  EXPECT_EQ(found.missing(), 0U);
  EXPECT_EQ(found.file.size, 7U);
  EXPECT_EQ(found.stopped, stopped::no);
  found = names_in("u/c", {"t"});
  EXPECT_EQ(found.paths, (lines{"t/a", "t/d/b"}));
  EXPECT_EQ(found.missing(), 1U);
  EXPECT_EQ(names_in("u/c", {}).missing(), 3U);
}

TEST_P(NamesOf, AnInodeAreOnesOverOverlappingTrees) {
  make("f t/d/a 1\n h t/b = t/d/a\n h u = t/b");
  const auto found = names_in("t/b", {"t/d", "t"});
  EXPECT_EQ(found.paths, (lines{"t/b", "t/d/a"}));
  EXPECT_EQ(found.missing(), 1U);
}

TEST_P(NamesOf, SymlinksAndSpecialFilesAreFound) {
  make("l t/l -> a\n h t/d/l = t/l\n p t/p\n h t/d/p = t/p");
  EXPECT_EQ(names_in("t/l", {"t"}).paths, (lines{"t/d/l", "t/l"}));
  EXPECT_EQ(names_in("t/p", {"t"}).paths, (lines{"t/d/p", "t/p"}));
}

TEST_P(NamesOf, ADirectoryAreRefused) {
  make("d t/d");
  EXPECT_TRUE(failed_with(names_of(at("t/d"), {}, told), EISDIR));
  EXPECT_TRUE(failed_with(names_of(at("t/none"), {}, told), ENOENT));
}

TEST_P(NamesOf, AnInodeAreFoundWhereverTheyAre) {
  const auto mount = own_file_system();
  make("f m/a/b/c/f 1\n h m/x/y = m/a/b/c/f\n h m/top = m/a/b/c/f\n f m/a/other 1");
  EXPECT_EQ(names_around("m/a/b/c/f"), (lines{"m/a/b/c/f", "m/top", "m/x/y"}));
  EXPECT_EQ(around.missing(), 0U);
  EXPECT_EQ(names_around("m/a/other"), lines{"m/a/other"});
}

TEST_P(NamesOf, AnInodeThatHasOneElsewhereAreSaidToBeMissing) {
  const auto whole = own_file_system();
  make("f m/in/a 1\n h m/in/b = m/in/a\n h m/out = m/in/a\n d part");
  const auto part = mounted::bind(scratch / "m/in", scratch / "part");
  EXPECT_EQ(names_around("part/a"), (lines{"part/a", "part/b"}));
  EXPECT_EQ(around.missing(), 1U);
  EXPECT_EQ(around.stopped, stopped::no);
}

TEST_P(NamesOf, AnInodeAreLookedForInNoDirectoryTwice) {
  const auto whole = own_file_system();
  make("f m/in/d/a 1\n h m/out = m/in/d/a\n d part");
  const auto part = mounted::bind(scratch / "m/in", scratch / "part");
  const armed counting;
  EXPECT_EQ(names_around("part/d/a"), lines{"part/d/a"});
  // Two calls for each of two directories, and for the look at what listings tell.
  EXPECT_LE(detail::calls_seen(call::getdents64), 6U);
}

/// Inode numbers of the two file systems are the same.
TEST_P(NamesOf, AnInodeAreNotThoseOfItsNamesakeOnAnotherDevice) {
  const auto one = own_file_system();
  make("d m/in");
  const auto other = mounted::device("tmpfs", scratch / "m/in", "tmpfs");
  make("f m/a 1\n h m/b = m/a\n h m/gone = m/a");
  for (int i = 0; i < 20; ++i) make("f m/in/" + std::to_string(i) + " 1");
  fs::remove(scratch / "m/gone");
  EXPECT_EQ(names_in("m/a", {"m"}, crossing_all()).paths, (lines{"m/a", "m/b"}));
  EXPECT_EQ(names_in("m/a", {"m/in"}, crossing_all()).paths, lines{});
}

TEST_P(NamesOf, AnInodeAreLookedForNearItFirstAndNoFurtherThanNeeded) {
  make("f near/a 1\n h near/b = near/a\n d far");
  make_files(scratch / "far", 500);
  const armed counting;
  EXPECT_EQ(names_around("near/a"), (lines{"near/a", "near/b"}));
  // One listing to see what inodes it tells, another to find the names; each may take two calls.
  EXPECT_LE(detail::calls_seen(call::getdents64), 4U);
}

TEST_P(NamesOf, AnInodeEndTheSearchOnceAllAreFound) {
  make("f t/a 1\n h t/z = t/a");
  for (int i = 0; i < 100; ++i) make("d t/" + std::to_string(i) + "d");
  const armed counting;
  EXPECT_EQ(names_in("t/a", {"t"}).missing(), 0U);
  EXPECT_LE(detail::calls_seen(call::getdents64), 4U) << "directories below the tree were listed";
}

TEST_P(NamesOf, AnInodeAreFoundWithoutTheStatusOfOthers) {
  make("f t/a 1\n h t/z = t/a");
  make_files(scratch / "t", 500);
  const armed counting;
  EXPECT_EQ(names_in("t/a", {"t"}).missing(), 0U);
  EXPECT_LE(detail::calls_seen(call::statx), 20U);
}

TEST_P(NamesOf, AnInodeAreFoundWhereListingsCannotTell) {
  make("f t/a 1\n h t/z = t/a\n f t/other 1");
  // Where the directory cannot be listed for a look, its word is not relied on.
  const armed fails({.which = call::getdents64, .nth = 1, .native = EIO});
  const auto found = names_in("t/a", {"t"});
  EXPECT_EQ(found.paths, (lines{"t/a", "t/z"}));
  EXPECT_EQ(found.failures, 0U);
  EXPECT_GE(detail::calls_seen(call::statx), 5U) << "each was asked";
}

TEST_P(NamesOf, AnInodeThatVanishBeforeTheyAreVerifiedAreNone) {
  make("f t/a 1\n h t/b = t/a\n h t/c = t/a");
  // After the file's own status and the tree's: the first candidate's.
  const just_before gone(call::statx, 3, [this] {
    for (const char* name : {"t/a", "t/b", "t/c"}) fs::remove(scratch / name);
  });
  const auto found = names_in("t/a", {"t"});
  EXPECT_EQ(gone.times(), 1);
  EXPECT_EQ(found.paths, lines{});
  EXPECT_EQ(found.failures, 0U) << told;
}

TEST_P(NamesOf, AnInodeThatAreExchangedBeforeTheyAreVerifiedAreNone) {
  make("f t/a 1\n h t/b = t/a\n f other 1");
  const just_before swap(call::statx, 3, [this] {
    for (const char* name : {"t/a", "t/b"}) {
      fs::remove(scratch / name);
      fs::copy_file(scratch / "other", scratch / name);
    }
  });
  EXPECT_EQ(names_in("t/a", {"t"}).paths, lines{});
  EXPECT_EQ(swap.times(), 1);
}

TEST_P(NamesOf, AnInodeAreLookedForUntilAskedToStop) {
  make("f t/a 1\n h t/b = t/a");
  std::stop_source source;
  source.request_stop();
  const auto found = names_in("t/a", {"t"}, {.tree = {.stop = source.get_token()}});
  EXPECT_EQ(found.paths, lines{});
  EXPECT_EQ(found.stopped, stopped::by_request);
  EXPECT_EQ(found.missing(), 2U);
}

TEST_P(NamesOf, AnInodeAreFoundThoughADirectoryCannotBeRead) {
  make("f t/d/a 1\n h t/b = t/d/a");
  // The look at the directory of the file takes two; then comes the tree.
  const armed fails({.which = call::getdents64, .nth = 4, .native = EIO, .stop = nullptr});
  const auto found = names_in("t/b", {"t"});
  EXPECT_EQ(found.failures, 1U);
  EXPECT_EQ(found.missing(), 1U);
  EXPECT_EQ(told.failure_alone().path, "t/d");
}

} // namespace
} // namespace afio::unit
