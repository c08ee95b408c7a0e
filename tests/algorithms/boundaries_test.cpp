// No mount and no subvolume is crossed unless asked.
#include "algorithms/summarize.hpp"
#include "tests/algorithms/removal_scene.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/subprocess.hpp"

#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using testing::loop_fs;
using testing::manifest;
using testing::mounted;

/// A tree `t` with a directory `t/in` and a file `t/single` to mount on, and `kept` outside of it.
class Boundaries : public removal_scene {
protected:
  void SetUp() override {
    if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
    make("f t/a/x 1\n d t/in\n f t/single 1\n f t/z 1\n f kept/secret 5\n f kept/d/other 6");
    before = manifest(scratch / "kept");
  }

  /// `kept` has been left alone, and of the tree only what is mounted on is there.
  void expect_kept_and(const list& survivors) {
    EXPECT_EQ(difference(before, manifest(scratch / "kept")), "");
    EXPECT_EQ(left({"kept", "kept/secret", "kept/d", "kept/d/other"}), survivors);
  }

  static remove_options crossing_all() { return {.tree = {.mounts = crossing::any_mount}}; }

  manifest before;
};

AFIO_WITH_1_2_AND_3_THREADS(Boundaries);

// ---------------------------------------------------------------------------------- not crossed

TEST_P(Boundaries, ABindMountOfTheSameFileSystemIsNotCrossed) {
  const auto mount = mounted::bind(scratch / "kept", scratch / "t/in");
  remove();
  EXPECT_EQ(told.failure_alone().path, "t/in");
  EXPECT_EQ(told.failure_alone().what, operation::open);
  EXPECT_EQ(told.failure_alone().why, errc::boundary);
  expect_kept_and({"t", "t/in", "t/in/secret", "t/in/d", "t/in/d/other"});
}

TEST_P(Boundaries, ABindMountOfTheTreeItselfIsNotCrossed) {
  const auto mount = mounted::bind(scratch / "t/a", scratch / "t/in");
  remove();
  EXPECT_EQ(told.failure_alone().path, "t/in");
  EXPECT_EQ(told.failure_alone().why, errc::boundary);
  expect_kept_and({"t", "t/in"});
}

TEST_P(Boundaries, AnotherFileSystemIsNotCrossed) {
  const auto mount = mounted::device("tmpfs", scratch / "t/in", "tmpfs");
  make("f t/in/x 1");
  remove();
  EXPECT_EQ(told.failure_alone().path, "t/in");
  EXPECT_EQ(told.failure_alone().why, errc::boundary);
  expect_kept_and({"t", "t/in", "t/in/x"});
}

TEST_P(Boundaries, AMountDeepInTheTreeIsNotCrossed) {
  make("d t/in/one/two");
  const auto mount = mounted::bind(scratch / "kept", scratch / "t/in/one/two");
  remove();
  EXPECT_EQ(told.failure_alone().path, "t/in/one/two");
  expect_kept_and({"t", "t/in", "t/in/one", "t/in/one/two", "t/in/one/two/secret", "t/in/one/two/d",
                   "t/in/one/two/d/other"});
}

TEST_P(Boundaries, AFileThatIsAMountPointIsLeftAlone) {
  const auto mount = mounted::bind(scratch / "kept/secret", scratch / "t/single");
  remove();
  EXPECT_EQ(told.failure_alone().path, "t/single");
  EXPECT_EQ(told.failure_alone().what, operation::remove);
  EXPECT_EQ(told.failure_alone().why.native(), EBUSY);
  expect_kept_and({"t", "t/single"});
}

TEST_P(Boundaries, AMountMadeBetweenListingAndOpeningIsNotCrossed) {
  mounted mount;
  // The second read of the root's listing finds its end: `in` has been listed, and no worker can
  // have opened it yet.
  const just_before made(call::getdents64, 2,
                         [&] { mount = mounted::bind(scratch / "kept", scratch / "t/in"); });
  remove();
  EXPECT_EQ(made.times(), 1);
  EXPECT_EQ(told.failure_alone().path, "t/in");
  EXPECT_EQ(told.failure_alone().why, errc::boundary);
  expect_kept_and({"t", "t/in", "t/in/secret", "t/in/d", "t/in/d/other"});
}

TEST_P(Boundaries, AMountMadeOverADirectoryThatIsOpenHidesNothingFromIt) {
  make("d t2/in\n f t2/in/x 1\n f t2/in/y 1");
  mounted mount;
  const just_before made(call::unlinkat, 1,
                         [&] { mount = mounted::bind(scratch / "kept", scratch / "t2/in"); });
  const auto done = take(try_remove("t2"));
  EXPECT_EQ(made.times(), 1);
  EXPECT_EQ(done.deleted, 2U) << "x and y, which the open directory holds";
  EXPECT_EQ(told.failure_alone().path, "t2/in");
  EXPECT_EQ(told.failure_alone().why.native(), EBUSY);
  mount.unmount();
  EXPECT_EQ(difference(before, manifest(scratch / "kept")), "");
}

TEST_P(Boundaries, AMountMadeOverADirectoryThatHadToBeClosedIsNotCrossed) {
  const std::string chain = "t2/a/b/c/d/e/f/g/h";
  make("f " + chain + "/x 1");
  // The same names are below the mount point.
  make("f kept/b/c/d/e/f/g/h/x 1");
  before = manifest(scratch / "kept");
  mounted mount;
  const just_before made(call::unlinkat, 1,
                         [&] { mount = mounted::bind(scratch / "kept", scratch / "t2/a"); });
  // So few that `a` has been closed when x is deleted.
  const auto done = take(try_remove("t2", {.tree = {.descriptors = 3}}));
  EXPECT_EQ(made.times(), 1);
  EXPECT_GT(done.failures, 0U);
  for (const auto& f : told.failures) {
    EXPECT_TRUE(f.why == errc::boundary || f.why == errc::raced || f.why.native() == EBUSY)
        << f.path << f.why.message();
  }
  EXPECT_EQ(difference(before, manifest(scratch / "t2/a")), "");
}

TEST_P(Boundaries, WithoutOpenat2MountsAreStillSeen) {
  // In a process of its own, because the library remembers that there is none.
  const auto mount = mounted::bind(scratch / "kept", scratch / "t/in");
  EXPECT_EQ(in_child([&] {
              const armed missing({.which = call::openat2,
                                   .repeats = detail::fault::repeat::for_ever,
                                   .native = ENOSYS});
              remove();
              EXPECT_EQ(told.failure_alone().path, "t/in");
              EXPECT_EQ(told.failure_alone().why, errc::boundary);
            }),
            0);
  expect_kept_and({"t", "t/in", "t/in/secret", "t/in/d", "t/in/d/other"});
}

TEST_P(Boundaries, ASubvolumeIsNotCrossed) {
  const loop_fs btrfs(testing::file_system::btrfs);
  if (!btrfs) GTEST_SKIP() << btrfs.why_not();
  testing::make_tree(btrfs.path(), "f t/a 1\n d t/d");
  const auto made = testing::run({{"/bin/btrfs", "subvolume", "create", btrfs / "t/d/sub"}});
  ASSERT_TRUE(made.exited_with(0)) << describe(made);
  testing::make_tree(btrfs.path(), "f t/d/sub/secret 1");
  const manifest inside(btrfs / "t/d/sub");
  const auto done = take(
      remove_tree(anchor(btrfs.path()), leaf("t"), "t", {.tree = {.threads = GetParam()}}, told));
  EXPECT_EQ(done.deleted, 1U);
  EXPECT_EQ(told.failure_alone().path, "t/d/sub");
  EXPECT_EQ(told.failure_alone().why, errc::boundary);
  EXPECT_EQ(difference(inside, manifest(btrfs / "t/d/sub")), "");
}

TEST_P(Boundaries, ASubvolumeIsCrossedWhereAskedTo) {
  const loop_fs btrfs(testing::file_system::btrfs);
  if (!btrfs) GTEST_SKIP() << btrfs.why_not();
  testing::make_tree(btrfs.path(), "f t/a 1");
  const auto made = testing::run({{"/bin/btrfs", "subvolume", "create", btrfs / "t/sub"}});
  ASSERT_TRUE(made.exited_with(0)) << describe(made);
  testing::make_tree(btrfs.path(), "f t/sub/x 1\n f t/sub/d/y 1");
  auto options = crossing_all();
  options.tree.threads = GetParam();
  // An empty subvolume goes like a directory.
  EXPECT_EQ(take(remove_tree(anchor(btrfs.path()), leaf("t"), "t", options, told)).failures, 0U)
      << told;
  EXPECT_FALSE(fs::exists(btrfs / "t"));
}

// -------------------------------------------------------------------------------------- crossed

TEST_P(Boundaries, WhereAskedToAMountIsEnteredAndItsMountPointIsBusy) {
  const auto mount = mounted::device("tmpfs", scratch / "t/in", "tmpfs");
  make("f t/in/x 1\n f t/in/d/y 1");
  const auto done = remove(crossing_all());
  EXPECT_EQ(told.failure_alone().path, "t/in");
  EXPECT_EQ(told.failure_alone().what, operation::remove);
  EXPECT_EQ(told.failure_alone().why.native(), EBUSY);
  EXPECT_EQ(done.deleted, 3U + 4U);
  expect_kept_and({"t", "t/in"});
}

TEST_P(Boundaries, ARootThatIsAMountPointIsEmptiedAndStays) {
  const auto mount = mounted::device("tmpfs", scratch / "t/in", "tmpfs");
  make("f t/in/x 1");
  const auto done = take(remove_tree(anchor(scratch / "t"), leaf("in"), "t/in",
                                     {.tree = {.threads = GetParam()}}, told));
  EXPECT_EQ(done.deleted, 1U);
  EXPECT_EQ(told.failure_alone().path, "t/in");
  EXPECT_EQ(told.failure_alone().why.native(), EBUSY);
  EXPECT_TRUE(fs::is_empty(scratch / "t/in"));
}

TEST_P(Boundaries, AWalkEntersMountsWhereAskedTo) {
  const auto mount = mounted::bind(scratch / "kept", scratch / "t/in");
  const tree_root root(scratch / "t", "t");
  for (const auto how : {crossing::same_mount, crossing::any_mount}) {
    journal seen;
    const script<1> writing = {.rows = [&](const place<1>& here, std::span<row<1>> rows) {
      for (const row<1>& r : rows) seen.add(here.path(r.name));
    }};
    take(perform<1>({root.get()}, writing, threaded(walk_options{.mounts = how}), told));
    EXPECT_EQ(seen.count("t/in"), 1U);
    EXPECT_EQ(seen.count("t/in/secret"), how == crossing::any_mount ? 1U : 0U);
  }
}

// -------------------------------------------------------------------------------- all or nothing

TEST_P(Boundaries, AllGoesBackIfAMountIsInTheWay) {
  for (const char* place : {"t/in", "t/single"}) {
    told.failures.clear();
    const auto what =
        place == std::string_view("t/in") ? scratch / "kept" : scratch / "kept/secret";
    const auto mount = mounted::bind(what, scratch / place);
    const manifest whole(scratch.path());
    const auto done = remove({.extent = extent::all_or_nothing});
    EXPECT_EQ(done.deleted, 0U);
    EXPECT_EQ(done.left_as, std::nullopt) << told;
    EXPECT_EQ(told.failure_alone().path, place);
    EXPECT_EQ(difference(whole, manifest(scratch.path())), "");
  }
}

// -------------------------------------------------------------------------------------- refusals

TEST_P(Boundaries, TheWorkingDirectoryIsKnownThroughABindMount) {
  make("d other");
  const auto mount = mounted::bind(scratch / "t", scratch / "other");
  EXPECT_EQ(in_child([&] {
              fs::current_path(scratch / "t/a");
              EXPECT_TRUE(failed_with(try_remove("other"), errc::refused));
              const auto seen_there = anchor(scratch / "other");
              EXPECT_TRUE(failed_with(
                  remove_contents(seen_there, "other", {.tree = {.threads = GetParam()}}, told),
                  errc::refused));
            }),
            0);
  EXPECT_TRUE(fs::exists(scratch / "t/a/x"));
}

/// Only rehearsed, because it is the real one.
TEST_P(Boundaries, TheRootDirectoryIsKnownThroughABindMount) {
  make("d other");
  const auto mount = mounted::bind("/", scratch / "other");
  EXPECT_TRUE(failed_with(try_remove("other", {.doing = doing::rehearse}), errc::refused));
  const auto seen_there = anchor(scratch / "other");
  EXPECT_TRUE(failed_with(remove_contents(seen_there, "other", {.doing = doing::rehearse}, told),
                          errc::refused));
  EXPECT_TRUE(told.events.empty());
}

// ------------------------------------------------------------------------------------- summarize

TEST_P(Boundaries, SummarizeLeavesOutWhatIsMountedInTheTree) {
  const tree_root root(scratch / "t", "t");
  const auto count = [&](crossing how) {
    return take(
        summarize(root.get(), counting::names, {.threads = GetParam(), .mounts = how}, told));
  };
  const auto without = count(crossing::same_mount);
  const auto mount = mounted::bind(scratch / "kept", scratch / "t/in");
  EXPECT_EQ(count(crossing::same_mount).entries, without.entries);
  EXPECT_EQ(count(crossing::any_mount).total(), without.total() + 3);
  EXPECT_TRUE(told.failures.empty()) << told;
}

} // namespace
} // namespace afio::unit
