// What walk.hpp promises of one tree.
#include "tests/algorithms/scene.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <sys/stat.h>

namespace afio::unit {
namespace {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

constexpr std::string_view small_tree = R"(
  f t/a 1
  d t/b
  f t/b/c 1
  d t/b/d
  f t/b/d/e 1
  d t/empty
  l t/link -> b
  p t/fifo
)";

class Walk : public any_threads {
protected:
  walk_report go(const script<1>& does, const walk_options& options = {}) {
    return take(perform<1>({root().get()}, does, threaded(options), told));
  }

  const tree_root& root() {
    if (!root_) root_.emplace(scratch / "t", "t");
    return *root_;
  }

  /// Writes down "see PATH" for a row and "leave PATH", with "!" where it is incomplete.
  script<1> writing() {
    return {.rows =
                [this](const place<1>& here, std::span<row<1>> rows) {
                  for (const row<1>& r : rows) seen.add("see " + here.path(r.name));
                },
            .leave =
                [this](const place<1>& here) {
                  seen.add("leave " + here.path() + (here.incomplete() ? " !" : ""));
                  return after::done;
                }};
  }

  journal seen;
  listener told;

private:
  std::optional<tree_root> root_;
};

AFIO_WITH_1_2_AND_3_THREADS(Walk);

// ----------------------------------------------------------------------------------------- order

TEST_P(Walk, VisitsEveryEntryOnceAndLeavesEveryDirectoryOnce) {
  make(small_tree);
  go(writing());
  EXPECT_EQ(seen.sorted(), (lines{"leave t", "leave t/b", "leave t/b/d", "leave t/empty", "see t/a",
                                  "see t/b", "see t/b/c", "see t/b/d", "see t/b/d/e", "see t/empty",
                                  "see t/fifo", "see t/link"}));
  EXPECT_TRUE(told.failures.empty()) << told;
}

TEST_P(Walk, LeavesADirectoryAfterAllBelowIt) {
  make(small_tree);
  go(writing());
  EXPECT_LT(seen.place_of("see t/b/d/e"), seen.place_of("leave t/b/d"));
  EXPECT_LT(seen.place_of("leave t/b/d"), seen.place_of("leave t/b"));
  EXPECT_LT(seen.place_of("leave t/empty"), seen.place_of("leave t"));
  EXPECT_EQ(seen.place_of("leave t"), seen.lines().size() - 1);
}

TEST_P(Walk, ActsOnADirectorysRowsBeforeItEntersThem) {
  make(small_tree);
  go(writing());
  EXPECT_LT(seen.place_of("see t/b"), seen.place_of("see t/b/c"));
  EXPECT_LT(seen.place_of("see t/b/d"), seen.place_of("see t/b/d/e"));
  EXPECT_LT(seen.place_of("see t/empty"), seen.place_of("leave t/empty"));
}

TEST_P(Walk, OfAnEmptyDirectoryHasNoRows) {
  make("d t");
  EXPECT_EQ(go(writing()).rows, 0U);
  EXPECT_EQ(seen.lines(), lines{"leave t"});
}

TEST_P(Walk, CountsWhatItDid) {
  make(small_tree);
  progress counted;
  const auto done = go({}, {.counters = &counted});
  EXPECT_EQ(done.rows, 8U);
  EXPECT_EQ(done.directories, 4U) << "the root is one";
  EXPECT_EQ(done.failures, 0U);
  EXPECT_EQ(done.stopped, stopped::no);
  EXPECT_EQ(counted.entries, 8U);
  EXPECT_EQ(counted.directories, 4U);
  EXPECT_EQ(counted.failures, 0U);
}

TEST_P(Walk, HandsOutAtMost128RowsAtOnce) {
  make("d t");
  for (int i = 0; i < 1000; ++i) touch(scratch / "t" / std::to_string(i));
  std::atomic<std::size_t> most = 0, all = 0;
  go({.rows = [&](const place<1>&, std::span<row<1>> rows) {
    all += rows.size();
    std::size_t before = most;
    while (before < rows.size() && !most.compare_exchange_weak(before, rows.size())) {
    }
  }});
  EXPECT_EQ(most, 128U);
  EXPECT_EQ(all, 1000U);
}

TEST_P(Walk, SortsByInodeWhereAskedTo) {
  make("d t");
  // In some other order than that of the names, so that neither can be mistaken for it.
  for (int i = 0; i < 100; ++i) touch(scratch / "t" / std::to_string(i * 37 % 100));
  std::vector<std::uint64_t> inodes;
  go({.rows =
          [&](const place<1>&, std::span<row<1>> rows) {
            for (const row<1>& r : rows) inodes.push_back(r.in[0].inode);
          }},
     {.order = row_order::by_inode});
  EXPECT_EQ(inodes.size(), 100U);
  EXPECT_TRUE(std::is_sorted(inodes.begin(), inodes.end()));
}

// ---------------------------------------------------------------------------------------- places

TEST_P(Walk, TellsWhereItIs) {
  make("f t/b/d/e 1");
  const auto inode = [&](const char* name) {
    struct ::stat s {};
    EXPECT_EQ(::stat((scratch / name).c_str(), &s), 0);
    return s.st_ino;
  };
  go({.rows = [&](const place<1>& here, std::span<row<1>>) {
    seen.add(std::to_string(here.depth()) + (here.is_root() ? "" : here.name().c_str()));
    EXPECT_TRUE(here.present(0));
    EXPECT_EQ(here.id().inode, take(here.handle().identity()).inode);
    EXPECT_EQ(here.listed_inode(), here.depth() == 2   ? inode("t/b/d")
                                   : here.depth() == 1 ? inode("t/b")
                                                       : 0);
  }});
  EXPECT_EQ(seen.lines(), (lines{"0", "1b", "2d"}));
}

TEST_P(Walk, GivesTheParentToWhoLeavesADirectory) {
  make("f t/b/c 1");
  go({.leave = [&](const place<1>& here) {
    if (!here.is_root()) {
      EXPECT_EQ(here.parent().identity().value().inode,
                root().directory().identity().value().inode);
    }
    return after::done;
  }});
}

TEST_P(Walk, KeepsHandlesForWhoLeavesWhereAskedTo) {
  make(small_tree);
  std::atomic<int> left = 0;
  go({.leave =
          [&](const place<1>& here) {
            EXPECT_EQ(take(here.handle().identity()), here.id());
            ++left;
            return after::done;
          }},
     {.descriptors = 8, .leaving = leaving::with_handles});
  EXPECT_EQ(left, 4);
}

TEST_P(Walk, KeepsAWordOfTheVisitorsForEachDirectory) {
  make(small_tree);
  go({.rows = [](const place<1>& here,
                 std::span<row<1>> rows) { here.slot() += 10 * here.depth() + rows.size(); },
      .leave =
          [&](const place<1>& here) {
            seen.add(here.path() + " " + std::to_string(here.slot().load()));
            return after::done;
          }});
  EXPECT_EQ(seen.sorted(), (lines{"t 5", "t/b 12", "t/b/d 21", "t/empty 0"}));
}

TEST_P(Walk, SaysWhetherAListingIsComplete) {
  make("f t/a 1");
  go({.leave = [](const place<1>& here) {
    EXPECT_TRUE(here.listed(0));
    return after::done;
  }});
}

// --------------------------------------------------------------------------------- what is asked

TEST_P(Walk, DoesNotEnterWhatItIsToldToSkip) {
  make(small_tree);
  auto does = writing();
  does.rows = [&](const place<1>& here, std::span<row<1>> rows) {
    for (row<1>& r : rows) {
      seen.add("see " + here.path(r.name));
      if (r.name.view() == "d") r.below = row<1>::below::skip;
    }
  };
  go(does);
  EXPECT_EQ(seen.count("see t/b/d"), 1U);
  EXPECT_EQ(seen.count("see t/b/d/e"), 0U);
  EXPECT_EQ(seen.count("leave t/b/d"), 0U);
  EXPECT_EQ(seen.count("leave t/b"), 1U) << "and that makes nothing incomplete";
}

TEST_P(Walk, ReadsNoStatusUnlessAskedTo) {
  make(small_tree);
  const armed counting;
  go({.rows = [](const place<1>&, std::span<row<1>> rows) {
    for (const row<1>& r : rows) EXPECT_EQ(r.in[0].stat, nullptr);
  }});
  // Of the four directories alone, to know which they are.
  EXPECT_EQ(detail::calls_seen(call::statx), 4U);
}

TEST_P(Walk, ReadsTheFieldsThatItIsAskedFor) {
  make("f t/a 7 0640\n d t/b 0751\n l t/c -> nowhere");
  go({.rows =
          [&](const place<1>&, std::span<row<1>> rows) {
            for (const row<1>& r : rows) {
              ASSERT_NE(r.in[0].stat, nullptr);
              EXPECT_TRUE(has(r.in[0].stat->filled, want::mode | want::size));
              EXPECT_EQ(r.in[0].stat->type, r.in[0].type);
              seen.add(std::string(r.name.view()) + " " + std::to_string(r.in[0].stat->size) + " " +
                       std::to_string(r.in[0].stat->mode));
            }
          }},
     {.fields = want::mode | want::size});
  EXPECT_EQ(seen.count("a 7 " + std::to_string(0640)), 1U);
  EXPECT_EQ(seen.count("c 7 " + std::to_string(0777)), 1U) << "a symlink is not followed";
}

TEST_P(Walk, LeavesOutWhatIsGoneBeforeItsStatusIsRead) {
  make("f t/a 1\n f t/b 1");
  // Of the entries, the root's own status having been the first.
  const just_before gone(call::statx, 2, [&] {
    std::filesystem::remove_all(scratch / "t/a"), std::filesystem::remove_all(scratch / "t/b");
  });
  const auto done = go(writing(), {.fields = want::size});
  EXPECT_EQ(gone.times(), 1);
  EXPECT_EQ(done.rows, 0U);
  EXPECT_EQ(done.failures, 0U) << told;
  EXPECT_EQ(seen.lines(), lines{"leave t"});
}

TEST_P(Walk, NamesTheEntryWhoseStatusCannotBeRead) {
  make("f t/a 1");
  const armed failing({.which = call::statx, .nth = 2, .native = EIO});
  EXPECT_EQ(go(writing(), {.fields = want::size}).failures, 1U);
  EXPECT_EQ(told.failure_alone().path, "t/a");
  EXPECT_EQ(told.failure_alone().what, operation::stat);
  EXPECT_EQ(told.failure_alone().why.native(), EIO);
  EXPECT_EQ(seen.lines(), lines{"leave t !"});
}

// ------------------------------------------------------------------------------------ list again

TEST_P(Walk, ListsADirectoryAgainWhenAskedTo) {
  make("f t/b/old 1");
  std::atomic<int> left = 0;
  auto does = writing();
  does.leave = [&](const place<1>& here) {
    if (here.is_root() || ++left == 2) return after::done;
    touch(scratch / "t/b/new");
    return after::list_again;
  };
  EXPECT_EQ(go(does).failures, 0U) << told;
  EXPECT_EQ(left, 2);
  EXPECT_EQ(seen.sorted(), (lines{"see t/b", "see t/b/new", "see t/b/old", "see t/b/old"}));
}

TEST_P(Walk, ListsTheRootAgainWhenAskedTo) {
  make("f t/a 1");
  std::atomic<int> left = 0;
  auto does = writing();
  does.leave = [&](const place<1>&) { return ++left == 3 ? after::done : after::list_again; };
  EXPECT_EQ(go(does).failures, 0U) << told;
  EXPECT_EQ(seen.lines(), (lines{"see t/a", "see t/a", "see t/a"}));
}

TEST_P(Walk, GivesUpOnADirectoryThatKeepsGrowing) {
  make("d t/b");
  std::atomic<int> left = 0;
  go({.leave =
          [&](const place<1>& here) {
            if (here.is_root()) return after::done;
            ++left;
            return here.incomplete() ? after::done : after::list_again;
          }},
     {.list_again_limit = 5});
  EXPECT_EQ(told.failure_alone().path, "t/b");
  EXPECT_EQ(told.failure_alone().what, operation::list);
  EXPECT_EQ(told.failure_alone().why, errc::still_growing);
  EXPECT_EQ(left, 7) << "at first, five times more, and at last, incomplete";
}

// ------------------------------------------------------------------------------------------ stop

/// `t` with a hundred directories of ten files each.
void make_hundred_directories(const std::filesystem::path& at) {
  std::filesystem::create_directory(at);
  for (int i = 0; i < 100; ++i) {
    const auto dir = at / std::to_string(i);
    std::filesystem::create_directory(dir);
    for (int j = 0; j < 10; ++j) touch(dir / std::to_string(j));
  }
}

/// Every directory that was entered is left, and the root at last, incomplete.
void expect_drained(const journal& seen, const walk_report& done) {
  std::size_t left = 0;
  for (const auto& line : seen.lines()) left += line.starts_with("leave ") ? 1U : 0U;
  EXPECT_EQ(left, done.directories);
  EXPECT_LT(done.directories, 101U);
  EXPECT_EQ(seen.lines().back(), "leave t !");
}

TEST_P(Walk, StopsWhenItIsAskedTo) {
  make_hundred_directories(scratch / "t");
  std::stop_source stop;
  auto does = writing();
  does.rows = [&](const place<1>& here, std::span<row<1>>) {
    if (here.depth() == 1) stop.request_stop();
  };
  const auto done = go(does, {.stop = stop.get_token()});
  EXPECT_EQ(done.stopped, stopped::by_request);
  EXPECT_EQ(done.failures, 0U);
  expect_drained(seen, done);
}

TEST_P(Walk, StopsAtTheDeadline) {
  make_hundred_directories(scratch / "t");
  auto does = writing();
  does.rows = [&](const place<1>& here, std::span<row<1>>) {
    if (here.depth() == 1) std::this_thread::sleep_for(20ms);
  };
  const auto done = go(does, {.deadline = deadline::in(50ms)});
  EXPECT_EQ(done.stopped, stopped::by_deadline);
  expect_drained(seen, done);
}

TEST_P(Walk, BeginsNothingAfterTheDeadline) {
  make(small_tree);
  const auto done = go(writing(), {.deadline = deadline::in(0ms)});
  EXPECT_EQ(done.stopped, stopped::by_deadline);
  EXPECT_EQ(done.rows, 0U);
  EXPECT_EQ(seen.lines(), lines{"leave t !"});
}

TEST_P(Walk, StopsAtTheFirstFailureWhereAskedTo) {
  make_hundred_directories(scratch / "t");
  auto does = writing();
  does.rows = [&](const place<1>& here, std::span<row<1>> rows) {
    if (here.depth() == 1) here.fail(operation::remove, rows[0].name, error(EIO, call::unlinkat));
  };
  const auto done = go(does, {.on_failure = on_failure::stop});
  EXPECT_EQ(done.stopped, stopped::by_failure);
  EXPECT_GE(done.failures, 1U);
  EXPECT_LE(done.failures, GetParam()) << "each worker may have been at it";
  expect_drained(seen, done);
}

TEST_P(Walk, GoesOnAfterAFailureOtherwise) {
  make_hundred_directories(scratch / "t");
  auto does = writing();
  does.rows = [&](const place<1>& here, std::span<row<1>> rows) {
    if (here.depth() == 1) here.fail(operation::remove, rows[0].name, error(EIO, call::unlinkat));
  };
  const auto done = go(does);
  EXPECT_EQ(done.stopped, stopped::no);
  EXPECT_EQ(done.failures, 100U);
  EXPECT_EQ(told.failures.size(), 100U);
  EXPECT_EQ(done.directories, 101U);
}

TEST_P(Walk, AfterAStopListsNoFurther) {
  make("d t");
  const std::string padding(200, 'x');
  for (int i = 0; i < 20000; ++i) touch(scratch / "t" / (padding + std::to_string(i)));
  std::stop_source stop;
  const armed counting;
  const auto done = go({.rows = [&](const place<1>&, std::span<row<1>>) { stop.request_stop(); }},
                       {.stop = stop.get_token()});
  EXPECT_EQ(done.stopped, stopped::by_request);
  EXPECT_LE(done.rows, 128 * GetParam()) << "what each worker may have been at";
  // The whole listing takes more than 4 MiB of names, a batch one.
  EXPECT_LE(detail::calls_seen(call::getdents64), 2U);
}

// ---------------------------------------------------------------------------------------- denied

class Denied : public Walk {
protected:
  /// Every first open of a directory fails with `native`, as if it could not be read.
  walk_report go_denied(std::function<verdict(const place<1>&, const error&)> says,
                        detail::fault::repeat repeats = detail::fault::repeat::once) {
    make("f t/b/c 1");
    auto does = writing();
    does.denied = std::move(says);
    root();
    const armed failing({.which = call::openat2, .nth = 1, .repeats = repeats, .native = EACCES});
    return go(does);
  }
};

AFIO_WITH_1_2_AND_3_THREADS(Denied);

TEST_P(Denied, IsAFailureByDefault) {
  make("f t/b/c 1");
  root();
  const armed failing({.which = call::openat2, .native = EACCES});
  EXPECT_EQ(go(writing()).failures, 1U);
  EXPECT_EQ(told.failure_alone().path, "t/b");
  EXPECT_EQ(told.failure_alone().what, operation::open);
  EXPECT_EQ(told.failure_alone().why.native(), EACCES);
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "leave t !"}));
}

TEST_P(Denied, TellsTheVisitorWhatAndWhere) {
  go_denied([&](const place<1>& here, const error& why) {
    EXPECT_EQ(why.native(), EACCES);
    EXPECT_EQ(here.path(), "t/b");
    EXPECT_EQ(here.name().view(), "b");
    EXPECT_EQ(here.slot(), 0U);
    EXPECT_EQ(take(here.parent().identity()).inode, take(root().directory().identity()).inode);
    stat_t s;
    EXPECT_TRUE(succeeded(s.stamp(here.parent(), here.name(), want::identity)));
    EXPECT_EQ(here.listed_inode(), s.id.inode);
    return verdict::report;
  });
  EXPECT_EQ(told.failures.size(), 1U);
}

TEST_P(Denied, ReportIsAFailureAndMakesTheParentIncomplete) {
  EXPECT_EQ(go_denied([](auto&, auto&) { return verdict::report; }).failures, 1U);
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "leave t !"}));
}

TEST_P(Denied, SkipIsNoFailureButMakesTheParentIncomplete) {
  EXPECT_EQ(go_denied([](auto&, auto&) { return verdict::skip; }).failures, 0U);
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "leave t !"}));
}

TEST_P(Denied, HandledIsAsIfItHadBeenWalked) {
  EXPECT_EQ(go_denied([](auto&, auto&) { return verdict::handled; }).failures, 0U);
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "leave t"}));
}

TEST_P(Denied, OpenAgainWalksItIfThatHelped) {
  EXPECT_EQ(go_denied([](auto&, auto&) { return verdict::open_again; }).failures, 0U);
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "see t/b/c", "leave t/b", "leave t"}));
}

TEST_P(Denied, OpenAgainIsDoneOnceAndTheVisitorHearsIfItDidNotHelp) {
  std::atomic<int> asked = 0;
  const auto done = go_denied(
      [&](const place<1>& here, auto&) {
        // What it has mended, it can undo.
        EXPECT_EQ(here.slot(), static_cast<std::uint64_t>(asked));
        here.slot() = 1;
        ++asked;
        return verdict::open_again;
      },
      detail::fault::repeat::for_ever);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(done.failures, 1U);
  EXPECT_EQ(told.failure_alone().path, "t/b");
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "leave t !"}));
}

TEST_P(Denied, NotOfWhatIsGoneMeanwhile) {
  make("f t/b/c 1");
  root();
  const just_before gone(call::openat2, 1, [&] { std::filesystem::remove_all(scratch / "t/b"); });
  auto does = writing();
  does.denied = [](auto&, auto&) {
    ADD_FAILURE();
    return verdict::report;
  };
  EXPECT_EQ(go(does).failures, 0U) << told;
  EXPECT_EQ(gone.times(), 1);
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "leave t"}));
}

TEST_P(Denied, AnotherDirectoryInItsPlaceIsRaced) {
  make("f t/b/c 1\n f other/secret 1");
  root();
  const just_before exchanged(call::openat2, 1,
                              [&] { testing::exchange(scratch / "t/b", scratch / "other"); });
  EXPECT_EQ(go(writing()).failures, 1U);
  EXPECT_EQ(exchanged.times(), 1);
  EXPECT_EQ(told.failure_alone().why, errc::raced);
  EXPECT_EQ(told.failure_alone().path, "t/b");
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "leave t !"}));
}

TEST_P(Denied, AFileInItsPlaceIsRaced) {
  make("f t/b/c 1\n f file 1");
  root();
  const just_before exchanged(call::openat2, 1,
                              [&] { testing::exchange(scratch / "t/b", scratch / "file"); });
  EXPECT_EQ(go(writing()).failures, 1U);
  EXPECT_EQ(told.failure_alone().why, errc::raced);
  EXPECT_EQ(told.failure_alone().why.native(), ENOTDIR) << "the kernel's word is kept";
}

TEST_P(Denied, ASymlinkInItsPlaceIsRacedAndNotFollowed) {
  make("f t/b/c 1\n f elsewhere/secret 1\n l link -> elsewhere");
  root();
  const just_before exchanged(call::openat2, 1,
                              [&] { testing::exchange(scratch / "t/b", scratch / "link"); });
  EXPECT_EQ(go(writing()).failures, 1U);
  EXPECT_EQ(told.failure_alone().why, errc::raced);
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "leave t !"}));
}

// ------------------------------------------------------------------------------ symlinks followed

class Followed : public Walk {
protected:
  /// Every symlink is followed, if it leads to a directory, as which that of `as` is given out.
  walk_report go_following(const std::filesystem::path& as) {
    const identity id = take(anchor(scratch / as).identity());
    auto does = writing();
    const auto see = does.rows;
    does.rows = [see, id](const place<1>& here, std::span<row<1>> rows) {
      see(here, rows);
      for (row<1>& r : rows) {
        if (r.in[0].type != file_type::symlink) continue;
        r.in[0].type = file_type::directory;
        r.in[0].inode = id.inode;
        r.in[0].device = id.device;
        r.in[0].followed = true;
      }
    };
    return go(does);
  }
};

AFIO_WITH_1_2_AND_3_THREADS(Followed);

TEST_P(Followed, WhatASymlinkLeadsToIsWalkedInItsPlace) {
  make("d t\n f out/d/f 1\n l t/link -> ../out");
  EXPECT_EQ(go_following("out").failures, 0U) << told;
  EXPECT_EQ(seen.sorted(), (lines{"leave t", "leave t/link", "leave t/link/d", "see t/link",
                                  "see t/link/d", "see t/link/d/f"}));
}

TEST_P(Followed, AnotherDirectoryThanTheVisitorSawIsRaced) {
  make("d t\n f out/f 1\n d other\n l t/link -> ../out");
  EXPECT_EQ(go_following("other").failures, 1U);
  EXPECT_EQ(told.failure_alone().why, errc::raced);
  EXPECT_EQ(seen.lines(), (lines{"see t/link", "leave t !"}));
}

/// Whatever the visitor says: the walk would never end.
TEST_P(Followed, NoneLeadsToADirectoryAboveIt) {
  make("d t/a\n l t/a/link -> ..");
  EXPECT_EQ(go_following("t").failures, 1U);
  EXPECT_EQ(told.failure_alone().why, errc::raced);
  EXPECT_EQ(told.failure_alone().path, "t/a/link");
}

// ----------------------------------------------------------------------------- failures by name

TEST_P(Walk, ListingErrorIsAFailureAndNeverAnEnd) {
  make("f t/b/c 1");
  root();
  // The root's listing takes the first two.
  const armed failing({.which = call::getdents64, .nth = 3, .native = EIO});
  auto does = writing();
  does.leave = [&](const place<1>& here) {
    seen.add("leave " + here.path() + (here.listed(0) ? "" : " unlisted"));
    return after::done;
  };
  EXPECT_EQ(go(does).failures, 1U);
  EXPECT_EQ(told.failure_alone().what, operation::list);
  EXPECT_EQ(told.failure_alone().path, "t/b");
  EXPECT_EQ(told.failure_alone().why.native(), EIO);
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "leave t/b unlisted", "leave t"}));
}

TEST_P(Walk, ADirectoryThatIsRemovedBeforeItIsListedIsEmpty) {
  make("f t/b/c 1");
  root();
  // So the kernel says of such a directory: ENOENT.
  const just_before gone(call::getdents64, 3,
                         [&] { std::filesystem::remove_all(scratch / "t/b"); });
  EXPECT_EQ(go(writing()).failures, 0U) << told;
  EXPECT_EQ(gone.times(), 1);
  EXPECT_EQ(seen.lines(), (lines{"see t/b", "leave t/b", "leave t"}));
}

TEST_P(Walk, ActsOnWhatWasListedBeforeAnError) {
  make("f t/c 1");
  root();
  // The first call brings the entries, the second would bring the end.
  const armed failing({.which = call::getdents64, .nth = 2, .native = EIO});
  EXPECT_EQ(go(writing()).failures, 1U);
  EXPECT_EQ(seen.lines(), (lines{"see t/c", "leave t !"}));
}

TEST_P(Walk, SecondListingThatFailsIsNotComplete) {
  make("f t/c 1");
  root();
  const armed failing({.which = call::getdents64, .nth = 3, .native = EIO});
  std::atomic<int> left = 0;
  go({.leave = [&](const place<1>& here) {
    EXPECT_EQ(here.listed(0), left == 0);
    return left++ == 0 ? after::list_again : after::done;
  }});
  EXPECT_EQ(left, 2);
}

TEST_P(Walk, AFailureBelowMakesAllAboveIncomplete) {
  make("f t/a/b/c 1\n f t/x/y 1");
  auto does = writing();
  does.rows = [](const place<1>& here, std::span<row<1>> rows) {
    if (here.depth() == 2) here.fail(operation::remove, rows[0].name, error(EIO, call::unlinkat));
  };
  go(does);
  EXPECT_EQ(seen.sorted(), (lines{"leave t !", "leave t/a !", "leave t/a/b !", "leave t/x"}));
}

TEST_P(Walk, NamesFailuresByTheRootsNameAndTheComponentsBelow) {
  const std::vector<std::pair<std::string, lines>> expected = {
      {"t", {"t", "t/b", "t/b/c"}},   {"../t", {"../t", "../t/b", "../t/b/c"}},
      {"t/", {"t/", "t/b", "t/b/c"}}, {"/", {"/", "/b", "/b/c"}},
      {"", {"", "b", "b/c"}},
  };
  make("f t/b/c 1");
  for (const auto& [name, paths] : expected) {
    const tree_root named(scratch / "t", name);
    listener heard;
    const script<1> failing = {.rows =
                                   [](const place<1>& here, std::span<row<1>> rows) {
                                     if (here.depth() == 0) return;
                                     here.fail(operation::remove, rows[0].name,
                                               error(EIO, call::unlinkat));
                                   },
                               .leave =
                                   [](const place<1>& here) {
                                     here.fail(operation::remove, {}, error(EIO, call::unlinkat));
                                     return after::done;
                                   }};
    take(perform<1>({named.get()}, failing, threaded(walk_options{}), heard));
    EXPECT_EQ(heard.failed_paths(), paths) << "of a root called '" << name << "'";
  }
}

/// Takes its time, so that two calls at once would meet.
class slow_listener final : public observer {
public:
  slow_listener() noexcept : observer(verbosity::events) {}

  void failed(const failure&) noexcept override { take_time(failures); }

  void happened(const event&) noexcept override { take_time(events); }

  std::atomic<unsigned> failures = 0, events = 0, overlaps = 0;

private:
  void take_time(std::atomic<unsigned>& calls) noexcept {
    ++calls;
    if (inside_++ != 0) ++overlaps;
    std::this_thread::sleep_for(50us);
    --inside_;
  }

  std::atomic<unsigned> inside_ = 0;
};

TEST_P(Walk, TellsOneThingAtATime) {
  make_hundred_directories(scratch / "t");
  slow_listener slow;
  const script<1> telling = {.rows = [](const place<1>& here, std::span<row<1>> rows) {
    for (const row<1>& r : rows) {
      here.tell(event_kind::deleted, r.name, r.in[0].type);
      here.fail(operation::remove, r.name, error(EIO, call::unlinkat));
    }
  }};
  take(perform<1>({root().get()}, telling, threaded(walk_options{}), slow));
  EXPECT_EQ(slow.overlaps, 0U);
  EXPECT_EQ(slow.events, 1100U);
  EXPECT_EQ(slow.failures, 1100U);
}

TEST_P(Walk, TellsNoEventsWhereNobodyWantsThem) {
  make("f t/a 1");
  listener heard(verbosity::failures);
  const script<1> telling = {.rows = [](const place<1>& here, std::span<row<1>> rows) {
    here.tell(event_kind::deleted, rows[0].name, rows[0].in[0].type);
  }};
  take(perform<1>({root().get()}, telling, threaded(walk_options{}), heard));
  EXPECT_TRUE(heard.events.empty());
}

TEST_P(Walk, FailsWhereTheRootCannotBeOpened) {
  make("d t");
  root();
  const armed failing({.which = call::openat, .native = EACCES});
  const auto done = perform<1>({root().get()}, {}, threaded(walk_options{}), told);
  EXPECT_TRUE(failed_with(done, EACCES));
  EXPECT_TRUE(told.failures.empty());
}

// --------------------------------------------------------------------------- large directories

/// Which worker has listed it is nobody's business: all may ask.
TEST_P(Walk, AnyWorkerMayAskWhetherTheListingIsComplete) {
  make("d t");
  const std::string padding(200, 'x');
  for (int i = 0; i < 12000; ++i) touch(scratch / "t" / (padding + std::to_string(i)));
  std::atomic<std::size_t> before_the_end = 0;
  go({.rows = [&](const place<1>& here, std::span<row<1>>) {
    before_the_end += here.listed(0) ? 0U : 1U;
  }});
  EXPECT_GT(before_the_end, 0U);
}

TEST_P(Walk, SharesALargeDirectoryBetweenWorkers) {
  constexpr std::size_t count = 100'000;
  make("d t");
  make_files(scratch / "t", count);
  std::mutex lock;
  std::set<std::thread::id> workers;
  std::vector<int> visits(count);
  std::atomic<int> patience = 5000;
  go({.rows = [&](const place<1>&, std::span<row<1>> rows) {
    bool alone = false;
    {
      const std::scoped_lock hold(lock);
      workers.insert(std::this_thread::get_id());
      alone = workers.size() < GetParam();
      for (const row<1>& r : rows) ++visits[std::stoul(r.name.c_str())];
    }
    // The machine may have other things to do than to start the others.
    if (alone && --patience > 0) std::this_thread::sleep_for(1ms);
  }});
  EXPECT_EQ(workers.size(), GetParam());
  EXPECT_TRUE(std::all_of(visits.begin(), visits.end(), [](int n) { return n == 1; }));
}

TEST_P(Walk, SharesASmallDirectoryWhereRowsMayBeCostly) {
  make("d t");
  make_files(scratch / "t", 32);
  for (const auto cost : {row_cost::calls, row_cost::contents}) {
    std::mutex lock;
    std::set<std::thread::id> workers;
    std::vector<int> visits(32);
    go({.rows =
            [&](const place<1>&, std::span<row<1>> rows) {
              bool alone = false;
              {
                const std::scoped_lock hold(lock);
                workers.insert(std::this_thread::get_id());
                alone = workers.size() < GetParam();
                for (const row<1>& r : rows) ++visits[std::stoul(r.name.c_str())];
              }
              // Time for the others to start waiting.
              if (alone) std::this_thread::sleep_for(100ms);
            }},
       {.row_cost = cost});
    EXPECT_EQ(workers.size(), cost == row_cost::contents ? GetParam() : 1U);
    EXPECT_EQ(visits, std::vector<int>(32, 1));
  }
}

/// Else whoever is first takes a good part for itself, and the others wait for it in the end.
TEST_P(Walk, SharesItsFirstRowsWithWorkersThatAreStillBeingStarted) {
  make("d t");
  make_files(scratch / "t", 32);
  std::mutex lock;
  std::condition_variable another_came;
  std::set<std::thread::id> workers;
  go({.rows =
          [&](const place<1>&, std::span<row<1>>) {
            std::unique_lock hold(lock);
            workers.insert(std::this_thread::get_id());
            another_came.notify_all();
            another_came.wait_for(hold, 10s, [&] { return workers.size() == GetParam(); });
          }},
     {.row_cost = row_cost::contents});
  EXPECT_EQ(workers.size(), GetParam());
}

TEST_P(Walk, HandsOutAsManyRowsTogetherAsAreWanted) {
  if (GetParam() == 1) GTEST_SKIP() << "one worker takes all";
  make("d t");
  make_files(scratch / "t", 64);
  std::mutex lock;
  std::map<std::size_t, int> sizes;
  go({.rows =
          [&](const place<1>&, std::span<row<1>> rows) {
            const std::scoped_lock hold(lock);
            ++sizes[rows.size()];
          }},
     {.row_cost = row_cost::contents, .rows_together = 8});
  // As long as there are 8 for everyone.
  EXPECT_GE(sizes[8] + 2 * sizes[16], 4);
  for (const auto& [size, times] : sizes) EXPECT_TRUE(size <= 8 || size % 8 == 0) << size;
}

/// A directory that is longer than a batch of 1 MiB, with directories all over it: between two of
/// its parts their descriptors drive out its own.
TEST_P(Walk, GoesOnListingADirectoryThatHadToBeClosed) {
  constexpr std::size_t count = 12'000;
  const std::string padding(200, 'x');
  make("d t");
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = scratch / "t" / (padding + std::to_string(i));
    if (i % 4 != 0) {
      touch(at);
    } else {
      std::filesystem::create_directory(at);
      std::filesystem::create_directory(at / "deeper");
      touch(at / "deeper/file");
    }
  }
  std::mutex lock;
  std::vector<int> visits(count), below(count);
  const auto number = [&](std::string_view name) {
    return std::stoul(std::string(name.substr(padding.size())));
  };
  const armed counting;
  const auto done = go({.rows =
                            [&](const place<1>& here, std::span<row<1>> rows) {
                              const std::scoped_lock hold(lock);
                              for (const row<1>& r : rows) {
                                if (here.depth() == 0) ++visits[number(r.name)];
                                if (here.depth() == 1) ++below[number(here.name())];
                              }
                            }},
                       {.descriptors = 3 + 2 * (GetParam() - 1)});
  EXPECT_EQ(done.rows, count + count / 4 * 2);
  EXPECT_EQ(done.directories, 1 + count / 4 * 2);
  EXPECT_TRUE(std::all_of(visits.begin(), visits.end(), [](int n) { return n == 1; }));
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(below[i], i % 4 == 0 ? 1 : 0);
  EXPECT_GE(detail::calls_seen(call::lseek), 2U) << "the directory was not listed in parts";
}

} // namespace
} // namespace afio::unit
