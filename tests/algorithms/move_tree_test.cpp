// Moving: by renames within a file system, by a copy that is proved between two.
#include "algorithms/move_tree/move_tree.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <sys/stat.h>
#include <sys/xattr.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using testing::difference;
using testing::manifest;

const move_options merging{.existing = move_options::existing::merge};

constexpr const char* tree = R"(
  f s/f 100 0640
  f s/a/b/g 300000
  h s/a/f2 = s/f
  h s/f3 = s/f
  l s/l -> a/b
  p s/p 0620
  d s/empty 0555
)";

void clear(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory))
    testing::remove_by_force(entry.path());
}

/// An observer that can do something at an event.
class acting final : public observer {
public:
  acting() noexcept : observer(verbosity::events) {}

  void happened(const event& e) noexcept override {
    if (act && act(e)) act = nullptr;
  }

  void failed(const failure& f) noexcept override {
    try {
      failures.emplace(f.path, f.why);
    } catch (const std::exception&) {
      std::terminate();
    }
  }

  std::function<bool(const event&)> act; ///< True: that was it.
  std::multimap<std::string, error> failures;
};

// ------------------------------------------------------------------------- within a file system

/// From `s` to `t` in one directory, with any number of workers.
class Renaming : public any_threads {
protected:
  result<move_report> try_move(const char* from, const char* to, move_options options = {}) {
    options.tree.threads = GetParam();
    return move_tree(dir, leaf(from), dir, leaf(to), {from, to}, options, told);
  }

  manifest of(const char* name) const { return manifest(scratch / name); }

  listener told;
};

AFIO_WITH_1_2_AND_3_THREADS(Renaming);

TEST_P(Renaming, IsOneRenameWhichKeepsEveryInode) {
  make(tree);
  const auto before = of("s");
  const armed counting;
  const move_report report = take(try_move("s", "t"));
  EXPECT_EQ(detail::calls_seen(call::renameat2), 1U);
  EXPECT_EQ(difference(before, of("t")), "");
  EXPECT_EQ(names(), std::set<std::string>{"t"});
  EXPECT_EQ(report.moved, 1U);
  EXPECT_EQ(told.paths_of(event_kind::moved), std::vector<std::string>{"s"});
}

TEST_P(Renaming, WhatIsPerhapsNotDurableHasMovedAndIsTold) {
  make("f s/x 1");
  move_options options;
  options.file.sync = sync::all;
  const armed broken({.which = call::fsync, .nth = 1, .native = EIO});
  const move_report report = take(try_move("s", "t", options));
  EXPECT_EQ(report.moved, 1U);
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(told.failure_alone().why.native(), EIO);
  EXPECT_EQ(names(), std::set<std::string>{"t"});
}

TEST_P(Renaming, NeverReplacesWithoutMerge) {
  make("f s/x 1\n d empty\n f file 2\n l dangling -> nowhere");
  for (const char* target : {"empty", "file", "dangling", "s"}) {
    EXPECT_TRUE(failed_with(try_move("s", target), EEXIST)) << target;
  }
  // Somebody makes it between the look and the rename.
  const just_before renaming(call::renameat2, 1, [&] { make("d late"); });
  EXPECT_TRUE(failed_with(try_move("s", "late"), EEXIST));
  EXPECT_EQ(renaming.times(), 1);
  EXPECT_EQ(names(), (std::set<std::string>{"s", "empty", "file", "dangling", "late"}));
}

TEST_P(Renaming, IntoItselfIsRefused) {
  make("f s/a/x 1");
  const auto inside = anchor(scratch / "s/a");
  const auto moved = move_tree(dir, leaf("s"), inside, leaf("new"), {"s", "s/a/new"}, {}, told);
  EXPECT_TRUE(failed_with(moved, errc::refused));
  const auto merged =
      move_tree(dir, leaf("s"), anchor(scratch / "s"), leaf("a"), {"s", "s/a"}, merging, told);
  EXPECT_TRUE(failed_with(merged, errc::refused));
  EXPECT_TRUE(failed_with(try_move("s", "s", merging), errc::refused));
  EXPECT_TRUE(fs::exists(scratch / "s/a/x"));
}

TEST_P(Renaming, ExchangeSwapsTwoTreesInOneCall) {
  make("f s/x 1\n f t 2");
  const auto s = of("s");
  const move_options exchanging{.existing = move_options::existing::exchange};
  EXPECT_EQ(take(try_move("s", "t", exchanging)).moved, 1U);
  EXPECT_EQ(difference(s, of("t")), "");
  EXPECT_TRUE(fs::is_regular_file(scratch / "s"));
  EXPECT_TRUE(failed_with(try_move("s", "none", exchanging), ENOENT));
}

TEST_P(Renaming, MergingMovesWhatIsMissingAndReplacesFilesAtOnce) {
  make(tree);
  make("f t/a/b/g 7 0600\n f t/mine 1\n d t/a 0700\n f t/a/only 3");
  const auto source = of("s");
  const move_report report = take(try_move("s", "t", merging));
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(report.replaced, 1U);
  EXPECT_EQ(names(), std::set<std::string>{"t"});
  auto expected = source.entries;
  const auto got = of("t").entries;
  for (const auto& [name, entry] : expected) {
    ASSERT_TRUE(got.contains(name)) << name;
    const testing::facts &a = entry, &b = got.at(name);
    EXPECT_EQ(a, b) << name;
    EXPECT_TRUE(entry.type == 'd' || entry.inode == got.at(name).inode) << name;
  }
  EXPECT_TRUE(got.contains("mine"));
  EXPECT_TRUE(got.contains("a/only"));
}

TEST_P(Renaming, ASourceInTheTreeThatItIsMergedIntoLosesNothing) {
  make("f d/sub/x 9\n f d/sub/sub/x 5\n f d/sub/sub/y 6");
  const auto in = anchor(scratch / "d");
  move_options options = merging;
  options.tree.threads = GetParam();
  const auto report =
      take(move_tree(in, leaf("sub"), dir, leaf("d"), {"d/sub", "d"}, options, told));
  EXPECT_EQ(report.failures, 1U);
  EXPECT_TRUE(told.failure_alone().why == errc::refused);
  const auto now = of("d").entries;
  EXPECT_EQ(now.at("x").size, 9U);
  EXPECT_EQ(now.at("sub/sub/x").size, 5U);
  EXPECT_EQ(now.at("sub/sub/y").size, 6U);
}

TEST_P(Renaming, WhatIsMergedIsNeverMoreOpenThanItWas) {
  make("f s/a/x 1 0644\n d s/a 0700\n f s/y 1\n d s 0750\n d t/a 0755\n d t 0777");
  std::vector<mode_t> modes; // Of the directory that is moved into, at each rename.
  const just_before moving(
      call::renameat2, 1,
      [&] { modes.push_back(of("t").entries.at(modes.empty() ? "." : "a").mode); },
      detail::fault::repeat::for_ever);
  EXPECT_EQ(take(try_move("s", "t", merging)).failures, 0U) << told;
  EXPECT_EQ(modes, (std::vector<mode_t>{0750, 0700})) << "y, then a/x";
}

TEST_P(Renaming, MergingLeavesWhatIsOfAnotherKindWhereItIs) {
  make("f s/a/x 1\n f s/b 2\n f s/c 3\n f t/a 4\n d t/b");
  const move_report report = take(try_move("s", "t", merging));
  EXPECT_EQ(told.failed_paths(), (std::vector<std::string>{"s/a", "s/b"}));
  EXPECT_EQ(report.failures, 2U);
  EXPECT_TRUE(fs::exists(scratch / "s/a/x"));
  EXPECT_TRUE(fs::is_regular_file(scratch / "s/b"));
  EXPECT_FALSE(fs::exists(scratch / "s/c"));
  EXPECT_TRUE(fs::is_regular_file(scratch / "t/a"));
}

TEST_P(Renaming, TwoNamesOfOneInodeBecomeOne) {
  make("f s/x 1\n d t\n h t/x = s/x\n f one 5\n h other = one");
  EXPECT_EQ(take(try_move("s", "t", merging)).failures, 0U) << told;
  EXPECT_EQ(take(try_move("one", "other", merging)).failures, 0U) << told;
  EXPECT_EQ(names(), (std::set<std::string>{"t", "other"}));
  EXPECT_TRUE(fs::exists(scratch / "t/x"));
  EXPECT_EQ(fs::hard_link_count(scratch / "other"), 1U);
}

TEST_P(Renaming, ANameIsNeverMovedOverItself) {
  make("f f 1\n f g 2\n h h = g");
  const auto before = manifest(scratch.path());
  const path_handle same = anchor(scratch.path());
  for (const char* name : {"f", "g"}) {
    EXPECT_TRUE(failed_with(
        move_tree(dir, leaf(name), same, leaf(name), {name, name}, merging, told), errc::refused));
  }
  EXPECT_EQ(difference(before, manifest(scratch.path())), "");
}

TEST_P(Renaming, ARehearsalSaysTheSameAndDoesNothing) {
  make(tree);
  make("f t/a/b/g 7\n f t/mine 1");
  const auto before = manifest(scratch.path());
  move_options rehearsal = merging;
  rehearsal.doing = move_options::doing::rehearse;
  (void)take(try_move("s", "t", rehearsal));
  EXPECT_EQ(difference(before, manifest(scratch.path())), "");
  const auto planned =
      std::pair(told.paths_of(event_kind::moved), told.paths_of(event_kind::replaced));
  told.events.clear();
  (void)take(try_move("s", "t", merging));
  EXPECT_EQ(planned,
            std::pair(told.paths_of(event_kind::moved), told.paths_of(event_kind::replaced)));
}

TEST_P(Renaming, WhereTheFileSystemKnowsNoFlagsNothingIsReplacedEither) {
  make("f s 1\n f t 2");
  EXPECT_TRUE(failed_with(try_move("s", "t"), EEXIST));
  const armed no_flags({.which = call::renameat2, .nth = 1, .native = EINVAL});
  EXPECT_EQ(take(try_move("s", "u")).moved, 1U);
  EXPECT_EQ(names(), (std::set<std::string>{"t", "u"}));
}

// ------------------------------------------------------------------------- between file systems

/// From `s` elsewhere to `t` on each kind of file system.
class Across : public per_file_system {
protected:
  result<move_report> try_move(const char* name, const char* to, const move_options& options = {}) {
    return move_tree(there, leaf(name), dir, leaf(to), {name, to}, options, told);
  }

  void make_source(std::string_view literal) { testing::make_tree(elsewhere.path(), literal); }

  fs::path source(const std::string& name) const { return elsewhere / name; }

  bool told_failed_once(const std::string& path, const auto& why) const {
    return told.failures.count(path) == 1 && told.failures.find(path)->second == why;
  }

  /// Runs `act` when the copy has been published, before anything is deleted.
  void when_published(std::function<void()> act) {
    told.act = [act = std::move(act)](const event& e) {
      if (e.kind != event_kind::created || e.path != "s") return false;
      act();
      return true;
    };
  }

  const testing::scratch_directory elsewhere;
  const path_handle there = anchor(elsewhere.path());
  acting told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, Across, all_kinds(), kind_of);

TEST_P(Across, IsEqualInEveryFieldAndNothingIsLeftBehind) {
  make_source(tree);
  ASSERT_EQ(::setxattr(source("s/f").c_str(), "user.note", "hello", 5, 0), 0);
  const auto before = picture_of(source("s"));
  const move_report report = take(try_move("s", "t"));
  EXPECT_EQ(report.failures, 0U);
  EXPECT_EQ(picture_of(at("t")), before);
  EXPECT_EQ(names_in(elsewhere.path()), std::set<std::string>{});
  EXPECT_EQ(names_in(scratch->path()), std::set<std::string>{"t"});
  EXPECT_EQ(report.deleted, before.size());
}

TEST_P(Across, AFileASymlinkAndAFifoMoveToo) {
  make_source("f f 9 0604\n l l -> nowhere\n p p");
  for (const char* name : {"f", "l", "p"}) {
    const auto before = metadata_of(source(name));
    EXPECT_EQ(take(try_move(name, name)).deleted, 1U) << name;
    EXPECT_EQ(metadata_of(at(name)), before);
  }
  EXPECT_EQ(names_in(elsewhere.path()), std::set<std::string>{});
}

TEST_P(Across, WhatWasChangedAfterItWasCopiedStaysAndIsTold) {
  make_source("f s/a/quiet 10\n f s/a/edited 10\n f s/a/again 10\n f s/mode 10\n d s/b");
  when_published([&] {
    struct stat old;
    ASSERT_EQ(::stat(source("s/a/edited").c_str(), &old), 0);
    std::fstream(source("s/a/edited"), std::ios::in | std::ios::out) << "X";
    const timespec back[] = {old.st_atim, old.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, source("s/a/edited").c_str(), back, 0), 0);
    std::ofstream(source("s/a/new")) << "new";
    // Another file of the same contents and times under the name.
    fs::copy_file(source("s/a/again"), source("s/other"));
    fs::rename(source("s/other"), source("s/a/again"));
    fs::permissions(source("s/mode"), fs::perms::owner_read);
  });
  const move_report report = take(try_move("s", "t"));
  for (const char* kept : {"s/a/edited", "s/a/new", "s/a/again", "s/mode"}) {
    EXPECT_TRUE(fs::exists(source(kept))) << kept;
    EXPECT_TRUE(told_failed_once(kept, errc::raced)) << kept;
  }
  EXPECT_EQ(report.failures, 4U);
  EXPECT_FALSE(fs::exists(source("s/a/quiet")));
  EXPECT_FALSE(fs::exists(source("s/b")));
}

TEST_P(Across, ADirectoryExchangedMeanwhileIsNotDeletedFrom) {
  make_source("f s/a/x 1\n f s/b/y 1\n f precious/x 2\n d precious/empty");
  const auto before = manifest(source("precious"));
  when_published([&] {
    fs::rename(source("s/a"), source("was_a"));
    fs::create_directory_symlink(source("precious"), source("s/a"));
    fs::rename(source("s/b"), source("was_b"));
    fs::rename(source("precious"), source("s/b"));
  });
  const move_report report = take(try_move("s", "t"));
  EXPECT_GT(report.failures, 0U);
  EXPECT_EQ(difference(before, manifest(source("s/b"))), "");
  EXPECT_TRUE(fs::is_symlink(source("s/a")));
}

// Its inode was copied by its other name, so its bytes are safe; but the copy lacks this name.
TEST_P(Across, ANameThatWasNotThereToBeCopiedStaysThoughItsInodeWas) {
  make_source("f s/1 10\n d s/d\n f s/d/own 10\n h s/d/again = s/1\n f s/2 1");
  told.act = [this](const event& e) {
    if (e.path == "s/d") fs::rename(source("s/d"), source("aside"));
    if (e.path != "s" || e.kind != event_kind::created) return false;
    fs::rename(source("aside"), source("s/d"));
    return true;
  };
  move_options one_at_a_time;
  one_at_a_time.tree.threads = 1;
  EXPECT_GT(take(try_move("s", "t", one_at_a_time)).failures, 0U);
  EXPECT_FALSE(fs::exists(at("t/d/again")));
  EXPECT_TRUE(fs::exists(source("s/d/again")));
  EXPECT_TRUE(fs::exists(source("s/d/own")));
  EXPECT_FALSE(fs::exists(source("s/1")));
}

TEST_P(Across, WhatCouldNotBeCopiedStaysAndIsToldOnce) {
  make_source("f s/a/1 40\n f s/a/2 40\n f s/3 40");
  move_options one_at_a_time;
  one_at_a_time.tree.threads = 1;
  move_report report;
  {
    const armed broken({.which = call::pread64, .nth = 1, .native = EIO});
    report = take(try_move("s", "t", one_at_a_time));
  }
  ASSERT_EQ(told.failures.size(), 1U);
  EXPECT_EQ(report.failures, 1U);
  const std::string kept = told.failures.begin()->first;
  EXPECT_TRUE(fs::exists(source(kept))) << kept;
  EXPECT_FALSE(fs::exists(at("t" + kept.substr(1))));
  std::size_t copied = 0;
  for (const char* name : {"a/1", "a/2", "3"}) {
    const bool is_copied = fs::exists(at("t") / name);
    const bool is_there = fs::exists(source("s") / name);
    EXPECT_TRUE(is_copied || is_there) << name;
    copied += is_copied && !is_there ? 1 : 0;
  }
  EXPECT_GT(copied, 0U);
}

TEST_P(Across, NothingIsDeletedWhereTheNameOfTheCopyIsPerhapsNotDurable) {
  make_source("f s/x 1");
  const armed broken(
      {.which = call::fsync, .repeats = detail::fault::repeat::for_ever, .native = EIO});
  const move_report report = take(try_move("s", "t"));
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(report.deleted, 0U);
  EXPECT_TRUE(fs::exists(source("s/x")));
  EXPECT_EQ(names_in(scratch->path()), std::set<std::string>{"t"});
}

TEST_P(Across, WorkersThatFailToDeleteAtOnceAreEachTold) {
  for (int i = 0; i < 200; ++i)
    make_source("f s/" + std::to_string(i % 10) + "/" + std::to_string(i) + " 1");
  const armed broken(
      {.which = call::unlinkat, .repeats = detail::fault::repeat::for_ever, .native = EIO});
  const move_report report = take(try_move("s", "t", {.tree = {.threads = 3}}));
  EXPECT_EQ(report.failures, 200U);
  EXPECT_EQ(told.failures.size(), 200U);
  EXPECT_TRUE(fs::exists(source("s/9/199")));
}

TEST_P(Across, AnyCallThatFailsLosesNothing) {
  const auto expected = [&] {
    make_source(tree);
    return picture_of(source("s"));
  }();
  std::size_t tried = 0;
  for (const call which :
       {call::getdents64, call::openat2, call::openat, call::statx, call::pread64, call::pwrite64,
        call::copy_file_range, call::linkat, call::mkdirat, call::mknodat, call::symlinkat,
        call::renameat2, call::unlinkat, call::utimensat, call::fsync, call::syncfs, call::close}) {
    for (std::uint64_t nth = 1;; ++nth) {
      clear(elsewhere.path());
      clear(scratch->path());
      make_source(tree);
      std::uint64_t made = 0;
      {
        const armed broken({.which = which, .nth = nth, .native = EIO});
        move_options sequential;
        sequential.tree.threads = 1;
        (void)try_move("s", "t", sequential);
        made = detail::calls_seen(which);
      }
      if (made < nth) break;
      ++tried;
      const auto here = fs::exists(source("s")) ? manifest(source("s")) : manifest();
      const auto moved = fs::exists(at("t")) ? manifest(at("t")) : manifest();
      for (const auto& [name, what] : expected) {
        const auto old_one = here.entries.find(name), new_one = moved.entries.find(name);
        EXPECT_TRUE(old_one != here.entries.end() || new_one != moved.entries.end())
            << name_of(which) << ' ' << nth << " lost " << name;
      }
    }
  }
  EXPECT_GT(tried, 60U);
}

TEST_P(Across, WhatCannotBeKeptKeepsTheWholeSource) {
  make_source(tree);
  ASSERT_EQ(::setxattr(source("s/f").c_str(), "user.note", "hello", 5, 0), 0);
  const auto before = manifest(source("s"));
  move_report report;
  {
    const armed without(
        {.which = call::fsetxattr, .repeats = detail::fault::repeat::for_ever, .native = ENOTSUP});
    report = take(try_move("s", "t"));
  }
  EXPECT_TRUE(report.source_kept);
  EXPECT_EQ(report.deleted, 0U);
  EXPECT_EQ(difference(before, manifest(source("s"))), "");
  EXPECT_TRUE(fs::exists(at("t/a/b/g")));
}

TEST_P(Across, NamesOutsideTheTreeKeepTheInode) {
  make_source("f s/1 10\n h s/2 = s/1\n h s/a/3 = s/1\n h outside = s/1");
  EXPECT_EQ(take(try_move("s", "t")).failures, 0U);
  EXPECT_EQ(names_in(elsewhere.path()), std::set<std::string>{"outside"});
  EXPECT_EQ(fs::hard_link_count(source("outside")), 1U);
  EXPECT_EQ(fs::hard_link_count(at("t/1")), 3U);
}

TEST_P(Across, MergingReplacesAndThenDeletes) {
  make_source("f s/a/x 10\n f s/new 20\n f s/kind 1");
  make("f t/a/x 99\n f t/mine 1\n d t/kind");
  const move_report report = take(try_move("s", "t", merging));
  EXPECT_TRUE(told_failed_once("s/kind", std::errc::is_a_directory));
  EXPECT_EQ(report.replaced, 1U);
  EXPECT_EQ(manifest(at("t")).entries.at("a/x").size, 10U);
  EXPECT_TRUE(fs::exists(at("t/mine")));
  EXPECT_EQ(names_in(source("s")), std::set<std::string>{"kind"});
}

TEST_P(Across, AStoppedMoveHasDeletedNothing) {
  make_source(tree);
  const auto before = manifest(source("s"));
  std::stop_source stop;
  move_options options;
  options.tree.stop = stop.get_token();
  told.act = [&](const event& e) {
    if (e.kind != event_kind::created) return false;
    stop.request_stop();
    return true;
  };
  const move_report report = take(try_move("s", "t", options));
  EXPECT_EQ(report.stopped, stopped::by_request);
  EXPECT_EQ(difference(before, manifest(source("s"))), "");
  EXPECT_EQ(report.deleted, 0U);
}

TEST_P(Across, TheCopyIsDurableBeforeAnythingGoes) {
  make_source("f s/f 10");
  std::uint64_t durable = 0;
  const just_before deleting(call::unlinkat, 1, [&] {
    durable = detail::calls_seen(call::syncfs) * 10 + detail::calls_seen(call::fsync);
  });
  (void)take(try_move("s", "t"));
  EXPECT_EQ(deleting.times(), 1);
  EXPECT_EQ(durable, 11U) << "one syncfs for the tree, one fsync for its name";
}

} // namespace
} // namespace afio::unit
