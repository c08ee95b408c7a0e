// A series of clones: their names, what they share, who may work on it, what goes and what never
// does.
#include "afio/file_handle.hpp"
#include "afio/random_name.hpp"
#include "algorithms/clone_tree/series.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <sys/xattr.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using std::chrono::system_clock;
using name_list = std::vector<std::string>;

constexpr char leftover[] = ".afio-0123456789abcdef0123456789abcdef";

class Series : public scene {
protected:
  void SetUp() override {
    make("d series");
    series = take(path_handle::path(dir, leaf("series")));
  }

  void TearDown() override { series = {}; }

  fs::path at(const std::string& name) const { return scratch / name; }

  result<series_report> try_run(const series_options& options = {}) {
    told.emplace();
    return clone_into_series(dir, leaf("s"), series, "s", "series", options, *told);
  }

  /// A run without failures.
  series_report run(const series_options& options = {}) {
    const auto report = take(try_run(options));
    EXPECT_TRUE(told->failures.empty()) << *told;
    EXPECT_EQ(report.failures, 0U);
    return report;
  }

  /// Names in the series but for its own files.
  name_list clones() const {
    name_list found;
    for (const auto& name : names_in(at("series"))) {
      if (name != series_index && name != series_lock) found.push_back(name);
    }
    return found;
  }

  ino_t inode(const std::string& name) const {
    struct stat s {};

    EXPECT_EQ(::lstat(at(name).c_str(), &s), 0) << name;
    return s.st_ino;
  }

  path_handle series;
  std::optional<listener> told;
};

TEST_F(Series, TheFirstCloneIsACopyNamedByTheTime) {
  make("d s/d 0750\n f s/d/f 100\n l s/l -> d");
  const auto before = std::chrono::floor<std::chrono::seconds>(system_clock::now());
  const auto report = run();
  EXPECT_EQ(clones(), name_list{report.name});
  EXPECT_GE(series_time(report.name), before);
  EXPECT_LE(series_time(report.name), system_clock::now());
  EXPECT_EQ(report.previous, "");
  EXPECT_EQ(report.clone.bytes, 100U);
  EXPECT_FALSE(report.without_index);
  EXPECT_EQ(picture_of(at("series/" + report.name)), picture_of(at("s")));
}

TEST_F(Series, ACloneWhoseNameIsPerhapsNotDurableIsThereAndTold) {
  make("f s/f 100");
  const armed broken({.which = call::fsync, .nth = 1, .native = EIO});
  const auto report = take(try_run());
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(told->failure_alone().what, operation::publish);
  EXPECT_EQ(clones(), name_list{report.name});
  EXPECT_TRUE(series_time(report.name)) << report.name;
}

TEST_F(Series, TheNextOneSharesWithTheNewest) {
  make("f s/f 100\n f s/g 7");
  const auto first = run();
  make("f s/new 3");
  const auto second = run();
  EXPECT_EQ(second.previous, first.name);
  EXPECT_LT(first.name, second.name);
  EXPECT_EQ(second.clone.shared, 2U);
  EXPECT_EQ(second.clone.bytes, 3U);
  EXPECT_EQ(inode("series/" + first.name + "/f"), inode("series/" + second.name + "/f"));
  EXPECT_EQ(picture_of(at("series/" + second.name)), picture_of(at("s")));
  EXPECT_EQ(clones(), (name_list{first.name, second.name}));
}

TEST_F(Series, RunsWithinOneSecondWaitForTheNext) {
  make("f s/f 1");
  const auto start = system_clock::now();
  std::vector<std::string> made;
  for (int i = 0; i < 3; ++i) made.push_back(run().name);
  EXPECT_LT(system_clock::now() - start, 4s);
  EXPECT_LE(*series_time(made.back()), system_clock::now()) << "no name is of the future";
  EXPECT_EQ(clones(), made);
}

TEST_F(Series, NamesFollowEachOtherAlsoWhereTheClockWasSetBack) {
  make("f s/f 1\n d series/2999-12-31T23:59:59Z");
  const auto start = system_clock::now();
  const auto report = run();
  EXPECT_LT(system_clock::now() - start, 1s) << "that cannot be waited for";
  EXPECT_EQ(report.previous, "2999-12-31T23:59:59Z");
  EXPECT_EQ(report.name, "3000-01-01T00:00:00Z");
}

TEST_F(Series, SaysWhereThereIsNoLaterName) {
  make("f s/f 1\n d series/9999-12-31T23:59:59Z");
  EXPECT_TRUE(failed_with(try_run(), EOVERFLOW));
  EXPECT_EQ(clones(), name_list{"9999-12-31T23:59:59Z"});
}

TEST_F(Series, OnlyDirectoriesOfTheExactFormAreClones) {
  make("f s/f 1\n d series/2020-01-01T00:00:00Z\n d series/2021-01-01\n d "
       "series/2021-02-29T00:00:00Z\n f series/2030-01-01T00:00:00Z 3\n l "
       "series/2031-01-01T00:00:00Z -> 2020-01-01T00:00:00Z\n f series/notes 2");
  const auto report = run({.keep = {.last = 1}});
  EXPECT_EQ(report.previous, "2020-01-01T00:00:00Z");
  EXPECT_EQ(report.name, "2031-01-01T00:00:01Z") << "those names are taken all the same";
  EXPECT_EQ(report.superseded, name_list{"2020-01-01T00:00:00Z"});
  EXPECT_EQ(clones(), (name_list{"2021-01-01", "2021-02-29T00:00:00Z", "2030-01-01T00:00:00Z",
                                 "2031-01-01T00:00:00Z", "2031-01-01T00:00:01Z", "notes"}));
  const auto left = take(clones_in(series));
  EXPECT_EQ(left, std::vector{*series_clone_of("2031-01-01T00:00:01Z")});
}

// ---------------------------------------------------------------------------------------- the lock

TEST_F(Series, IsLeftAloneWhileAnotherRunHasTheLock) {
  make(std::string("f s/f 1\n d series/") + leftover);
  auto other = take(file_handle::file(series, leaf(series_lock),
                                      {.mode = mode::write, .creation = creation::if_needed}));
  take(other.lock_file(lock_kind::exclusive)).release();
  const auto start = std::chrono::steady_clock::now();
  const auto refused = try_run();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 500ms);
  ASSERT_TRUE(failed_with(refused, ETIMEDOUT));
  EXPECT_EQ(refused.assume_error().name(), series_lock);
  EXPECT_TRUE(failed_with(try_run({.lock = deadline::in(50ms)}), ETIMEDOUT));
  EXPECT_EQ(clones(), name_list{leftover});

  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(failed_with(
      try_run({.clone = {.tree = {.stop = stop.get_token()}}, .lock = deadline::never()}),
      ECANCELED));

  std::jthread ends([&] {
    std::this_thread::sleep_for(100ms);
    take(other.close());
  });
  const auto report = run({.lock = deadline::in(30s)});
  EXPECT_EQ(report.reaped, 1U);
  EXPECT_EQ(clones(), name_list{report.name});
}

TEST_F(Series, ALockOfAFileThatIsGoneIsNone) {
  make("f s/f 1");
  const just_before locks(call::fcntl, 1, [&] { fs::remove(at("series") / series_lock); });
  run();
  EXPECT_EQ(locks.times(), 1);
  EXPECT_TRUE(fs::exists(at("series") / series_lock));
}

TEST_F(Series, OfRunsAtTheSameTimeEachMakesItsClone) {
  make("f s/f 100");
  std::vector<std::string> made(3);
  {
    std::vector<std::jthread> runs;
    for (auto& name : made) {
      runs.emplace_back([&] {
        observer quiet;
        name = take(clone_into_series(dir, leaf("s"), series, "s", "series",
                                      {.lock = deadline::in(30s)}, quiet))
                   .name;
      });
    }
  }
  std::sort(made.begin(), made.end());
  EXPECT_EQ(clones(), made);
  EXPECT_EQ(inode("series/" + made[0] + "/f"), inode("series/" + made[2] + "/f"));
}

// ------------------------------------------------------------------------------------ leftovers

TEST_F(Series, WhatKilledRunsLeftIsDeleted) {
  const std::string other = ".afio-ffffffffffffffffffffffffffffffff";
  make("f s/f 1\n d series/keep\n d series/afio-kept-0123456789abcdef0123456789abcdef\n d series/" +
       std::string(leftover) + "/d 0500\n f series/" + leftover + "/d/f 1\n f series/" + other +
       " 9");
  const auto report = run();
  EXPECT_EQ(report.reaped, 4U);
  EXPECT_EQ(clones(),
            (name_list{report.name, "afio-kept-0123456789abcdef0123456789abcdef", "keep"}));
  // Each is told as a whole.
  EXPECT_EQ(told->paths_of(event_kind::deleted),
            (name_list{"series/" + std::string(leftover), "series/" + other}));
}

TEST_F(Series, ARunThatIsStoppedIsCleanedUpByTheNext) {
  make("f s/f 1");
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = take(try_run({.clone = {.tree = {.stop = stop.get_token()}}}));
  EXPECT_EQ(stopped.stopped, stopped::by_request);
  EXPECT_EQ(stopped.name, "");
  ASSERT_TRUE(stopped.clone.left_as);
  EXPECT_EQ(clones(), name_list{std::string(stopped.clone.left_as->view())});
  const auto report = run();
  EXPECT_EQ(report.reaped, 1U);
  EXPECT_EQ(clones(), name_list{report.name});
}

// ------------------------------------------------------------------------------------ retention

constexpr const char* old_ones = "f s/f 1\n f series/2020-01-01T00:00:00Z/f 1\n f "
                                 "series/2020-01-01T12:00:00Z/d/f 1\n f "
                                 "series/2020-01-02T00:00:00Z/f 1";

TEST_F(Series, WhatIsSupersededGoesOnceTheNewOneIsThere) {
  make(old_ones);
  const auto report = run({.keep = {.last = 1, .daily = 3}});
  EXPECT_EQ(report.superseded, name_list{"2020-01-01T00:00:00Z"});
  EXPECT_EQ(clones(), (name_list{"2020-01-01T12:00:00Z", "2020-01-02T00:00:00Z", report.name}));
  EXPECT_EQ(told->paths_of(event_kind::deleted), name_list{"series/2020-01-01T00:00:00Z"});
  EXPECT_EQ(run().superseded, name_list()) << "nothing said: all stay";
}

TEST_F(Series, WhatIsBeingDeletedHasNoNameOfTheSeries) {
  make(old_ones);
  const auto whole = picture_of(at("series/2020-01-02T00:00:00Z"));
  bool seen = false, halved = false;
  const just_before unlinking(
      call::unlinkat, 1,
      [&] {
        for (const std::string& name : clones()) {
          if (is_random_name(name)) seen = true;
          if (!series_time(name) || *series_time(name) > *series_time("2021-01-01T00:00:00Z"))
            continue;
          halved |= !fs::exists(at("series/" + name + "/f")) &&
                    !fs::exists(at("series/" + name + "/d/f"));
        }
      },
      detail::fault::repeat::for_ever);
  const auto report = run({.keep = {.last = 1}});
  EXPECT_EQ(report.superseded.size(), 3U);
  EXPECT_GT(unlinking.times(), 3);
  EXPECT_TRUE(seen);
  EXPECT_FALSE(halved);
  EXPECT_EQ(clones(), name_list{report.name});
}

TEST_F(Series, NothingIsSupersededByACloneThatLacksSomething) {
  make(old_ones);
  const armed fails({.which = call::pread64, .nth = 1, .native = EIO});
  const auto report = take(try_run({.clone = {.tree = {.threads = 1}},
                                    .unchanged = series_options::knowing::by_comparison,
                                    .keep = {.last = 1}}));
  EXPECT_EQ(told->failed_paths(), name_list{"s/f"});
  EXPECT_EQ(report.failures, 1U);
  EXPECT_TRUE(series_time(report.name.substr(0, 20)));
  EXPECT_TRUE(report.name.ends_with("Z.incomplete")) << "no name of a complete one";
  EXPECT_EQ(report.superseded, name_list());
  EXPECT_EQ(clones().size(), 4U);
}

TEST_F(Series, TheNextOneSharesWithOneThatLacksSomethingAndDeletesIt) {
  make("f s/f 5000\n f s/g 700\n d series");
  std::string half;
  {
    const armed fails({.which = call::pread64, .nth = 1, .native = EIO});
    half = take(try_run({.clone = {.tree = {.threads = 1}}})).name;
  }
  ASSERT_EQ(told->failures.size(), 1U);
  const bool lacks_f = !fs::exists(at("series/" + half + "/f"));
  const auto there = std::string("/") + (lacks_f ? "g" : "f");
  const ino_t shared = inode("series/" + half + there);
  const auto report = run({.keep = {.last = 9}});
  EXPECT_EQ(report.previous, half);
  EXPECT_EQ(inode("series/" + report.name + there), shared);
  EXPECT_TRUE(series_time(report.name));
  EXPECT_EQ(report.superseded, name_list{half});
  EXPECT_EQ(clones(), name_list{report.name});
}

TEST_F(Series, NothingIsSupersededWhereNoneWasPublished) {
  make(old_ones);
  const armed fails({.which = call::mkdirat, .nth = 1, .native = ENOSPC});
  EXPECT_TRUE(failed_with(try_run({.keep = {.last = 1}}), ENOSPC));
  EXPECT_EQ(clones().size(), 3U);
}

TEST_F(Series, SourcesThatKeepChangingHinderNoRetention) {
  make(old_ones);
  make("f s/new 5");
  const just_before reading(
      call::pread64, 1, [&] { std::ofstream(at("s/new"), std::ios::app) << "more"; },
      detail::fault::repeat::for_ever);
  const auto report =
      take(try_run({.clone = {.tree = {.threads = 1}, .file = {.retry = deadline::in(0s)}},
                    .unchanged = series_options::knowing::by_comparison,
                    .keep = {.last = 1}}));
  EXPECT_EQ(told->failed_paths(), name_list{"s/new"});
  EXPECT_EQ(report.clone.kept_changing, 1U);
  EXPECT_EQ(report.superseded.size(), 3U);
  EXPECT_EQ(clones(), name_list{report.name});
}

TEST_F(Series, ACloneThatCannotBeDeletedIsToldAndOutOfSight) {
  make(old_ones);
  const armed fails({.which = call::unlinkat, .nth = 1, .native = EIO});
  const auto report = take(try_run({.clone = {.tree = {.threads = 1}}, .keep = {.last = 3}}));
  EXPECT_EQ(report.superseded, name_list()) << "what has not gone is not said to have";
  EXPECT_EQ(report.failures, told->failures.size());
  EXPECT_GE(report.failures, 1U);
  EXPECT_FALSE(fs::exists(at("series/2020-01-01T00:00:00Z")));
  const auto next = run();
  EXPECT_GT(next.reaped, 0U);
  EXPECT_EQ(clones().size(), 4U);
}

// ------------------------------------------------------------------------------------- the index

TEST_F(Series, AChangeWithoutATraceInSizeAndTimeIsNoticed) {
  make("f s/f 100\n f s/g 100");
  const auto first = run();
  const auto time = fs::last_write_time(at("s/f"));
  std::ofstream(at("s/f")) << std::string(100, 'x');
  fs::last_write_time(at("s/f"), time);
  const auto second = run();
  EXPECT_EQ(picture_of(at("series/" + second.name)), picture_of(at("s")));
  EXPECT_EQ(second.clone.shared, 1U);
  // As the guide says, `quick` believes size and time.
  std::ofstream(at("s/f")) << std::string(100, 'y');
  fs::last_write_time(at("s/f"), time);
  EXPECT_EQ(run({.unchanged = series_options::knowing::by_comparison}).clone.shared, 2U);
  // What that has missed is found by the next that does not.
  const auto last = run();
  EXPECT_EQ(last.clone.shared, 1U);
  EXPECT_EQ(picture_of(at("series/" + last.name)), picture_of(at("s")));
}

TEST_F(Series, TheIndexIsOfTheFilesThatAreSettledAndSparesReadingThem) {
  make("f s/f 100\n f s/g 100\n l s/l -> f");
  std::this_thread::sleep_for(3100ms); // Until their times of change are believed.
  run();
  EXPECT_EQ(take(source_index::load(series, leaf(series_index))).size(), 2U);
  std::ofstream(at("s/f")) << "changed";
  const armed counting;
  const auto report = run();
  EXPECT_EQ(report.clone.shared, 2U) << *told;
  // Two for the index, one for the file that has changed.
  EXPECT_EQ(detail::calls_seen(call::pread64), 3U);
}

TEST_F(Series, WithoutAGoodIndexContentsAreCompared) {
  make("f s/f 100");
  const auto first = run();
  for (const bool gone : {false, true}) {
    if (gone)
      fs::remove(at("series") / series_index);
    else
      std::ofstream(at("series") / series_index) << "damaged";
    const auto report = run();
    ASSERT_TRUE(report.without_index);
    EXPECT_EQ(report.without_index->native(), gone ? ENOENT : EILSEQ);
    EXPECT_EQ(report.clone.shared, 1U);
    EXPECT_EQ(inode("series/" + report.name + "/f"), inode("series/" + first.name + "/f"));
  }
  EXPECT_FALSE(run().without_index);
}

TEST_F(Series, WhatIsKeptNowAndWasNotBeforeIsNotBelievedOfTheIndex) {
  make("f s/f 100");
  ASSERT_EQ(::setxattr(at("s/f").c_str(), "user.note", "x", 1, 0), 0);
  std::this_thread::sleep_for(3100ms); // Until its time of change is believed.
  const series_options few{
      .clone = {.file = {.preserve = aspect::mode | aspect::ownership | aspect::timestamps}}};
  run(few);
  const auto all = run();
  EXPECT_EQ(picture_of(at("series/" + all.name)), picture_of(at("s")));
  ASSERT_TRUE(all.without_index);
  EXPECT_EQ(all.without_index->native(), ENODATA);
  const auto fewer = run(few);
  EXPECT_FALSE(fewer.without_index) << "who keeps less may believe it";
  EXPECT_EQ(fewer.clone.shared, 1U);
}

TEST_F(Series, AnIndexThatCannotBeSavedIsToldAndTheCloneIsThere) {
  make("f s/f 100\n d series/.afio-series.index");
  const auto report = take(try_run());
  EXPECT_EQ(told->failed_paths(), name_list{"series/.afio-series.index"});
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(clones(), name_list{report.name});
}

TEST_F(Series, WhereNoneWasPublishedTheIndexIsStillThere) {
  make("f s/f 100");
  const auto first = run();
  const just_before publishing(call::syncfs, 1, [&] {
    const auto soon = std::chrono::floor<std::chrono::seconds>(system_clock::now()) + 3s;
    for (auto t = *series_time(first.name) + 1s; t < soon; t += 1s)
      fs::create_directory(at("series/" + series_name(t)));
  });
  const auto report = take(try_run());
  EXPECT_EQ(publishing.times(), 1);
  EXPECT_EQ(told->failure_alone().why.native(), EEXIST);
  EXPECT_TRUE(report.clone.left_as);
  EXPECT_EQ(report.name, "");
  EXPECT_TRUE(fs::exists(at(std::string("series/") + series_index)));
}

// -------------------------------------------------------------------------------------- the rest

TEST_F(Series, ARehearsalChangesNothing) {
  make(old_ones);
  make(std::string("f series/") + leftover + "/f 1");
  const testing::manifest before(scratch.path());
  const auto report =
      run({.clone = {.doing = clone_options::doing::rehearse}, .keep = {.last = 2}});
  EXPECT_EQ(difference(before, testing::manifest(scratch.path())), "");
  EXPECT_TRUE(series_time(report.name));
  EXPECT_EQ(report.superseded, (name_list{"2020-01-01T00:00:00Z", "2020-01-01T12:00:00Z"}));
  EXPECT_EQ(told->paths_of(event_kind::deleted),
            (name_list{"series/" + std::string(leftover), "series/2020-01-01T00:00:00Z",
                       "series/2020-01-01T12:00:00Z"}));
}

TEST_F(Series, IsRefusedInItsOwnSource) {
  make("f s/f 1\n d s/series");
  const auto inside =
      take(path_handle::path(take(path_handle::path(dir, leaf("s"))), leaf("series")));
  observer quiet;
  EXPECT_TRUE(
      failed_with(clone_into_series(dir, leaf("s"), inside, "s", "", {}, quiet), errc::refused));
  EXPECT_TRUE(failed_with(clone_into_series(dir, leaf("series"), series, "s", "", {}, quiet),
                          errc::refused));
  EXPECT_EQ(names_in(at("s/series")), std::set<std::string>());
  EXPECT_EQ(clones(), name_list());
}

TEST_F(Series, MayHoldItsSource) {
  make("f series/data/f 1");
  observer quiet;
  const auto report =
      take(clone_into_series(series, leaf("data"), series, "data", "series", {}, quiet));
  EXPECT_EQ(picture_of(at("series/" + report.name)), picture_of(at("series/data")));
}

TEST_F(Series, OfWhatIsNoDirectoryIsRefused) {
  make("f s 1");
  EXPECT_TRUE(failed_with(try_run(), ENOTDIR));
  fs::remove(at("s"));
  EXPECT_TRUE(failed_with(try_run(), ENOENT));
  EXPECT_EQ(names_in(at("series")), std::set<std::string>());
}

} // namespace
} // namespace afio::unit
