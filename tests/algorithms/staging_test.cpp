// All or nothing: the tree goes as a whole or stays as a whole, whatever fails and whenever it is
// killed.
#include "tests/algorithms/removal_scene.hpp"

#include <chrono>

#include <sys/stat.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using detail::fault;
using testing::manifest;

constexpr std::string_view small_tree = R"(
  d t 0750
  f t/a 1 0640
  d t/b 0700
  f t/b/c 1
  d t/b/d 0711
  f t/b/d/e 1
  h t/b/d/e2 = t/a
  d t/empty 0555
  l t/link -> b
  p t/fifo
)";
constexpr std::size_t small_tree_entries = 10;
constexpr std::size_t small_tree_directories = 4;
/// Each entry into the mirror, and before that the root into the area.
constexpr std::size_t staging_renames = small_tree_entries + 1;
/// The area, the two in it, and for each directory its mirror.
constexpr std::size_t staging_directories = 3 + small_tree_directories;

const remove_options all_or_nothing = {.extent = extent::all_or_nothing};

class Staging : public removal_scene {};

AFIO_WITH_1_2_AND_3_THREADS(Staging);

// -------------------------------------------------------------------------------- the whole goes

TEST_P(Staging, DeletesTheWholeTree) {
  make(small_tree);
  make("f beside 1");
  progress counted;
  auto options = all_or_nothing;
  options.tree.counters = &counted;
  const auto done = remove(options);
  EXPECT_EQ(done.deleted, small_tree_entries);
  EXPECT_EQ(done.failures, 0U) << told;
  EXPECT_EQ(done.left_as, std::nullopt);
  EXPECT_EQ(names(), list{"beside"});
}

TEST_P(Staging, TellsEachEntryOnceUnderTheNameItHad) {
  make(small_tree);
  remove(all_or_nothing);
  EXPECT_EQ(told.paths_of(event_kind::deleted),
            (lines{"t", "t/a", "t/b", "t/b/c", "t/b/d", "t/b/d/e", "t/b/d/e2", "t/empty", "t/fifo",
                   "t/link"}));
}

TEST_P(Staging, DeletesAnEmptyDirectoryOrAFile) {
  make("d t");
  EXPECT_EQ(remove(all_or_nothing).deleted, 1U);
  make("f t 1");
  EXPECT_EQ(remove(all_or_nothing).deleted, 1U);
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(Staging, DeletesNothingBeforeAllHasBeenSetAside) {
  make(small_tree);
  std::uint64_t renames = 0;
  const just_before first(call::unlinkat, 1, [&] {
    renames = detail::calls_seen(call::renameat2);
    EXPECT_FALSE(fs::exists(scratch / "t"));
  });
  remove(all_or_nothing);
  EXPECT_EQ(first.times(), 1);
  EXPECT_EQ(renames, staging_renames + 1) << "and the mirror out of the area";
}

TEST_P(Staging, DeletesALargeTree) {
  for (int i = 0; i < 50; ++i) {
    const auto at = scratch / "t" / std::to_string(i % 7) / std::to_string(i);
    fs::create_directories(at);
    make_files(at, 100);
  }
  EXPECT_EQ(remove(all_or_nothing).deleted, 1U + 7 + 50 + 5000);
  EXPECT_EQ(names(), nothing_left);
}

// ------------------------------------------------------------------------------ the whole stays

/// Every rename that could fail, one after the other.
TEST_P(Staging, AllGoesBackIfOneEntryCannotBeSetAside) {
  make(small_tree);
  const manifest before(scratch.path());
  for (std::uint64_t nth = 1; nth <= staging_renames; ++nth) {
    told.failures.clear();
    const armed failing({.which = call::renameat2, .nth = nth, .native = EPERM});
    const auto done = try_remove("t", all_or_nothing);
    EXPECT_EQ(difference(before, manifest(scratch.path())), "") << "rename " << nth;
    if (nth == 1) {
      EXPECT_TRUE(failed_with(done, EPERM)) << "nothing was begun";
      continue;
    }
    ASSERT_TRUE(succeeded(done));
    EXPECT_EQ(done.assume_value().deleted, 0U);
    EXPECT_EQ(done.assume_value().failures, 1U);
    EXPECT_EQ(done.assume_value().left_as, std::nullopt);
    EXPECT_EQ(told.failure_alone().why.native(), EPERM);
    EXPECT_EQ(told.failure_alone().what, operation::rename);
    EXPECT_TRUE(before.entries.contains(told.failure_alone().path)) << told;
  }
  EXPECT_TRUE(told.events.empty());
}

TEST_P(Staging, AllGoesBackIfADirectoryCannotBeMade) {
  make(small_tree);
  const manifest before(scratch.path());
  for (std::uint64_t nth = 1; nth <= staging_directories; ++nth) {
    const armed failing({.which = call::mkdirat, .nth = nth, .native = ENOSPC});
    const auto done = try_remove("t", all_or_nothing);
    EXPECT_EQ(difference(before, manifest(scratch.path())), "") << "mkdir " << nth;
    EXPECT_TRUE(!done || done.assume_value().failures == 1) << "mkdir " << nth;
  }
}

/// Whatever fails once: the tree is whole or gone, and if it is whole, that was said.
TEST_P(Staging, WhateverFailsItIsAllOrNothing) {
  for (const auto which : {call::statx, call::openat2, call::openat, call::getdents64, call::lseek,
                           call::unlinkat, call::renameat2, call::mkdirat, call::getrandom}) {
    bool failed = true;
    for (std::uint64_t nth = 1; failed; ++nth) {
      make(small_tree);
      const manifest before(scratch.path());
      const auto done = [&] {
        const armed failing({.which = which, .nth = nth, .native = EIO});
        auto ended = try_remove("t", all_or_nothing);
        failed = detail::calls_seen(which) >= nth;
        return ended;
      }();
      const std::string what = std::string(name_of(which)) + " " + std::to_string(nth);
      const bool quiet = done && done.assume_value().failures == 0;
      if (quiet) {
        EXPECT_EQ(names(), nothing_left) << what;
      } else if (fs::exists(scratch / "t")) {
        EXPECT_EQ(difference(before, manifest(scratch.path())), "") << what;
      } else {
        // It was to be deleted, or could not be put back; the rest is under private names alone.
        EXPECT_EQ(private_names(), names().size()) << what;
      }
      if (!quiet) {
        reap_all();
        const bool whole = fs::exists(scratch / "t");
        EXPECT_EQ(names(), whole ? list{"t"} : nothing_left) << what;
        EXPECT_EQ(whole ? difference(before, manifest(scratch.path())) : "", "") << what;
      }
      ASSERT_LT(nth, 500U);
      testing::remove_by_force(scratch / "t");
    }
  }
}

TEST_P(Staging, AllGoesBackAfterAStop) {
  for (int i = 0; i < 30; ++i) {
    fs::create_directories(scratch / "t" / std::to_string(i));
    make_files(scratch / "t" / std::to_string(i), 10);
  }
  const manifest before(scratch.path());
  std::stop_source stop;
  const just_before half(call::renameat2, 150, [&] { stop.request_stop(); });
  auto options = all_or_nothing;
  options.tree.stop = stop.get_token();
  const auto done = remove(options);
  EXPECT_EQ(half.times(), 1);
  EXPECT_EQ(done.stopped, stopped::by_request);
  EXPECT_EQ(done.deleted, 0U);
  EXPECT_EQ(done.failures, 0U) << told;
  EXPECT_EQ(difference(before, manifest(scratch.path())), "");
}

TEST_P(Staging, AllGoesBackAfterTheDeadline) {
  make(small_tree);
  const manifest before(scratch.path());
  auto options = all_or_nothing;
  options.tree.deadline = deadline::in(0ms);
  const auto done = remove(options);
  EXPECT_EQ(done.stopped, stopped::by_deadline);
  EXPECT_EQ(difference(before, manifest(scratch.path())), "");
}

TEST_P(Staging, TheRestGoesBackWhereADirectoryIsGoneMeanwhile) {
  make("f t/a 1\n d t/sub\n f t/z 1");
  std::stop_source stop;
  // The area, the two in it, the mirror of t, and then that of sub.
  const just_before mirrored(call::mkdirat, 5, [&] {
    fs::path place;
    for (const auto& entry : fs::recursive_directory_iterator(scratch.path())) {
      if (entry.path().filename() == "sub") place = entry.path();
    }
    EXPECT_TRUE(fs::remove(place));
    stop.request_stop();
  });
  auto options = all_or_nothing;
  options.tree.stop = stop.get_token();
  const auto done = remove(options);
  EXPECT_EQ(mirrored.times(), 1);
  EXPECT_EQ(done.stopped, stopped::by_request);
  EXPECT_EQ(done.failures, 0U) << told;
  EXPECT_EQ(done.left_as, std::nullopt);
  EXPECT_EQ(names(), list{"t"});
  EXPECT_EQ(names_in(scratch / "t"), (list{"a", "z"}));
}

TEST_P(Staging, AnotherDirectoryUnderTheNameIsNotTaken) {
  make(small_tree);
  make("f other/secret 1");
  const manifest before(scratch / "other");
  // The first rename is that of the root, which has been looked at by then.
  const just_before exchanged(call::renameat2, 1,
                              [&] { testing::exchange(scratch / "t", scratch / "other"); });
  EXPECT_TRUE(failed_with(try_remove("t", all_or_nothing), errc::raced));
  EXPECT_EQ(difference(before, manifest(scratch / "t")), "");
  EXPECT_EQ(names(), (list{"other", "t"}));
}

TEST_P(Staging, ADirectoryExchangedInOnTheWayIsNotTaken) {
  make("f t/b/c 1\n f other/secret 1");
  const manifest before(scratch / "other");
  fs::path place;
  // t into the area, c, and then b itself.
  const just_before exchanged(call::renameat2, 3, [&] {
    for (const auto& entry : fs::recursive_directory_iterator(scratch.path())) {
      // The one that is still to be moved: its mirror holds c by now.
      if (entry.path().filename() == "b" && fs::is_empty(entry.path())) place = entry.path();
    }
    testing::exchange(place, scratch / "other");
  });
  const auto done = remove(all_or_nothing);
  EXPECT_EQ(exchanged.times(), 1);
  EXPECT_EQ(done.deleted, 0U);
  ASSERT_FALSE(told.failures.empty());
  EXPECT_EQ(told.failures.front().why, errc::raced);
  EXPECT_EQ(manifest(scratch / "t/b").entries.at("secret"), before.entries.at("secret"));
}

fs::path taken_in;

TEST_P(Staging, PutsNothingOverWhatHasTakenTheNameMeanwhile) {
  make(small_tree);
  const manifest before(scratch / "t");
  taken_in = scratch.path();
  {
    // The last rename fails, and somebody has made another `t` by then.
    const armed failing({.which = call::renameat2,
                         .nth = staging_renames,
                         .native = EPERM,
                         .stop = [](call) noexcept { testing::make_tree(taken_in, "f t/new 1"); }});
    const auto done = remove(all_or_nothing);
    EXPECT_EQ(done.failures, 2U) << told;
    ASSERT_TRUE(done.left_as.has_value());
    EXPECT_EQ(names(), (list{"t", std::string(done.left_as->view())}));
    EXPECT_EQ(names_in(scratch / "t"), list{"new"});
  }
  fs::remove_all(scratch / "t");
  EXPECT_EQ(reap_all().failures, 0U) << told;
  EXPECT_EQ(difference(before, manifest(scratch / "t")), "");
}

TEST_P(Staging, RefusesPrivateNames) {
  const char* name = ".afio-0123456789abcdef0123456789abcdef";
  make("f .afio-0123456789abcdef0123456789abcdef/x 1");
  EXPECT_TRUE(failed_with(try_remove(name, all_or_nothing), errc::refused));
  EXPECT_EQ(left().size(), 2U);
}

// ----------------------------------------------------------------------------------------- kills

constexpr int killed = 137;

/// Ends the process right before the `nth` call of a kind.
void die_before(call which, std::uint64_t nth) {
  detail::arm({.which = which, .nth = nth, .stop = [](call) noexcept { ::_exit(killed); }});
}

class Kill : public removal_scene {
protected:
  /// Removes `t` in a process that dies at that call. False: it was over before.
  bool removal_dies(const remove_options& options, call which, std::uint64_t nth) {
    const int ended = in_child([&] {
      die_before(which, nth);
      EXPECT_EQ(remove(options).failures, 0U) << told;
    });
    EXPECT_TRUE(ended == killed || ended == 0);
    return ended == killed;
  }

  bool reap_dies(call which, std::uint64_t nth) {
    const int ended = in_child([&] {
      die_before(which, nth);
      EXPECT_EQ(reap_all().failures, 0U) << told;
    });
    EXPECT_TRUE(ended == killed || ended == 0);
    return ended == killed;
  }

  /// The whole tree is there, or nothing is; and nothing of anybody else's has been touched.
  void expect_all_or_nothing(const std::string& what) {
    const manifest now(scratch.path());
    EXPECT_EQ(private_names(), 0U) << what;
    if (fs::exists(scratch / "t")) {
      ++whole;
      EXPECT_EQ(difference(before, now), "") << what;
    } else {
      ++gone;
      EXPECT_EQ(names(), list{"beside"}) << what;
    }
  }

  void set_scene() {
    testing::remove_by_force(scratch / "t");
    testing::remove_by_force(scratch / "beside");
    make(small_tree);
    make("f beside/x 1");
    before = manifest(scratch.path());
  }

  static constexpr std::array changing = {call::mkdirat, call::renameat2, call::unlinkat};
  manifest before;
  int whole = 0, gone = 0;
};

AFIO_WITH_1_2_AND_3_THREADS(Kill);

TEST_P(Kill, AtAnyChangeAndAReapPutAllBackOrDeleteAll) {
  for (const call which : changing) {
    for (std::uint64_t nth = 1;; ++nth) {
      set_scene();
      if (!removal_dies(all_or_nothing, which, nth)) break;
      EXPECT_EQ(reap_all().failures, 0U) << told;
      expect_all_or_nothing(std::string(name_of(which)) + " " + std::to_string(nth));
    }
  }
  EXPECT_EQ(whole, static_cast<int>(staging_directories + staging_renames));
  // The rename out of the area; its two directories; two for each directory of the tree, one for
  // all else, and the mirror.
  EXPECT_EQ(gone, 1 + 2 + static_cast<int>(small_tree_entries + small_tree_directories) + 1);
}

/// Every kill of a removal, and every kill of the reaper after it: with one thread only, as they
/// are many.
class KillTwice : public Kill {};

INSTANTIATE_TEST_SUITE_P(With, KillTwice, ::testing::Values(1U), threads_of);

TEST_P(KillTwice, LeavesItToTheNextReaper) {
  for (const call which : changing) {
    for (std::uint64_t nth = 1;; ++nth) {
      bool died = true;
      for (const call again : changing) {
        for (std::uint64_t later = 1;; ++later) {
          set_scene();
          died = removal_dies(all_or_nothing, which, nth);
          if (!died || !reap_dies(again, later)) break;
          EXPECT_EQ(reap_all().failures, 0U) << told;
          expect_all_or_nothing(std::string(name_of(which)) + " " + std::to_string(nth) + ", " +
                                std::string(name_of(again)) + " " + std::to_string(later));
        }
        if (!died) break;
      }
      if (!died) break;
    }
  }
  EXPECT_GT(whole, 100);
  EXPECT_GT(gone, 100);
}

TEST_P(Kill, WhileTheRootIsHiddenLeavesItForTheReaper) {
  const remove_options hiding = {.hide = remove_options::hide::first};
  for (const call which : {call::renameat2, call::unlinkat}) {
    for (std::uint64_t nth = 1;; ++nth) {
      set_scene();
      if (!removal_dies(hiding, which, nth)) break;
      const bool begun = !fs::exists(scratch / "t");
      EXPECT_EQ(private_names(), begun ? 1U : 0U);
      EXPECT_EQ(reap_all().failures, 0U) << told;
      expect_all_or_nothing(std::string(name_of(which)) + " " + std::to_string(nth));
    }
  }
  EXPECT_EQ(whole, 1) << "before the very first rename";
}

/// Whatever of a plain deletion survives is as it was, under its own name.
TEST_P(Kill, OfAPlainDeletionLeavesSurvivorsAsTheyWere) {
  for (std::uint64_t nth = 1;; ++nth) {
    set_scene();
    if (!removal_dies({}, call::unlinkat, nth)) break;
    for (const auto& [path, entry] : manifest(scratch.path()).entries) {
      ASSERT_TRUE(before.entries.contains(path)) << path;
      auto was = before.entries.at(path);
      was.links = entry.links; // Another name of it may be gone.
      EXPECT_EQ(entry, was) << path;
    }
    ++whole;
  }
  EXPECT_EQ(whole, static_cast<int>(small_tree_entries));
}

} // namespace
} // namespace afio::unit
