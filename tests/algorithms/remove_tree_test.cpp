// What remove_tree.hpp promises, but for staging, other users, and other file systems.
#include "tests/algorithms/removal_scene.hpp"

#include <chrono>
#include <map>

#include <sys/stat.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using detail::fault;

constexpr std::string_view small_tree = R"(
  f t/a 1
  d t/b
  f t/b/c 1
  d t/b/d
  f t/b/d/e 1
  d t/empty
  l t/link -> b
  p t/fifo
  s t/socket
)";

class RemoveTree : public removal_scene {};

AFIO_WITH_1_2_AND_3_THREADS(RemoveTree);

// ------------------------------------------------------------------------------ what is deleted

TEST_P(RemoveTree, DeletesATreeAndNothingBesideIt) {
  make(small_tree);
  make("f beside 1\n f tt/x 1");
  const testing::manifest before(scratch / "tt");
  remove();
  EXPECT_EQ(names(), (list{"beside", "tt"}));
  EXPECT_EQ(difference(before, testing::manifest(scratch / "tt")), "");
  EXPECT_TRUE(told.failures.empty()) << told;
}

TEST_P(RemoveTree, FollowsNoSymlink) {
  make("f keep/secret 1\n f other 1\n d t");
  make("l t/dir -> ../keep\n l t/file -> ../other\n l t/dangling -> nowhere");
  fs::create_directory_symlink(scratch / "keep", scratch / "t/absolute");
  remove();
  EXPECT_EQ(left(), (list{"keep", "keep/secret", "other"}));
}

TEST_P(RemoveTree, OfASymlinkDeletesTheSymlink) {
  make("f keep/secret 1\n l t -> keep");
  EXPECT_EQ(remove().deleted, 1U);
  EXPECT_EQ(left(), (list{"keep", "keep/secret"}));
}

TEST_P(RemoveTree, OfAnythingElseDeletesThat) {
  for (const char* one : {"f t 1", "p t", "s t"}) {
    make(one);
    EXPECT_EQ(remove().deleted, 1U) << one;
    EXPECT_EQ(names(), nothing_left) << one;
  }
  EXPECT_EQ(told.paths_of(event_kind::deleted), (lines{"t", "t", "t"}));
}

TEST_P(RemoveTree, KeepsOtherNamesOfAnInode) {
  make("f kept 100\n h t/a = kept\n h t/b = kept");
  const auto before = testing::manifest(scratch / "kept").entries.at(".");
  remove();
  const auto after = testing::manifest(scratch / "kept").entries.at(".");
  EXPECT_EQ(after.content, before.content);
  EXPECT_EQ(after.inode, before.inode);
  EXPECT_EQ(after.links, 1U);
}

TEST_P(RemoveTree, DeletesNamesOfEveryByteAndLength) {
  fs::create_directory(scratch / "t");
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '/') continue;
    const char letter = static_cast<char>(byte);
    if (letter != '.') touch(scratch / "t" / std::string(1, letter));
    touch(scratch / "t" / std::string(255, letter));
    const auto sub = scratch / "t" / (std::string(253, letter) + ".d");
    fs::create_directory(sub);
    touch(sub / (std::string(1, letter) + "x"));
  }
  EXPECT_EQ(remove().deleted, 1U + 253 + 3 * 254);
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(RemoveTree, OfNothingIsENOENT) {
  EXPECT_TRUE(failed_with(try_remove("t"), ENOENT));
  EXPECT_TRUE(told.failures.empty());
}

TEST_P(RemoveTree, DeletesALargeFlatDirectory) {
  make("d t");
  make_files(scratch / "t", 50'000);
  EXPECT_EQ(remove().deleted, 50'001U);
  EXPECT_EQ(names(), nothing_left);
}

// -------------------------------------------------------------------------------- what is told

TEST_P(RemoveTree, CountsAndTellsEachEntryOnce) {
  make(small_tree);
  progress counted;
  const auto done = remove({.tree = {.counters = &counted}});
  EXPECT_EQ(done.deleted, 10U);
  EXPECT_EQ(done.failures, 0U);
  EXPECT_EQ(done.stopped, stopped::no);
  EXPECT_EQ(done.left_as, std::nullopt);
  EXPECT_EQ(counted.entries, 10U);
  EXPECT_EQ(told.paths_of(event_kind::deleted),
            (lines{"t", "t/a", "t/b", "t/b/c", "t/b/d", "t/b/d/e", "t/empty", "t/fifo", "t/link",
                   "t/socket"}));
  EXPECT_TRUE(told.paths_of(event_kind::moved).empty());
}

TEST_P(RemoveTree, TellsADirectoryAfterAllInIt) {
  make(small_tree);
  remove();
  const auto place_of = [&](std::string_view path) {
    return std::find_if(told.events.begin(), told.events.end(),
                        [&](const auto& e) { return e.path == path; }) -
           told.events.begin();
  };
  EXPECT_LT(place_of("t/b/d/e"), place_of("t/b/d"));
  EXPECT_LT(place_of("t/b/d"), place_of("t/b"));
  EXPECT_EQ(told.events.back().path, "t");
}

TEST_P(RemoveTree, TellsTypes) {
  make(small_tree);
  remove();
  std::map<std::string, file_type> types;
  for (const auto& e : told.events) types[e.path] = e.type;
  EXPECT_EQ(types["t/a"], file_type::regular);
  EXPECT_EQ(types["t/b/d"], file_type::directory);
  EXPECT_EQ(types["t"], file_type::directory);
  EXPECT_EQ(types["t/link"], file_type::symlink);
  EXPECT_EQ(types["t/fifo"], file_type::fifo);
  EXPECT_EQ(types["t/socket"], file_type::socket);
}

TEST_P(RemoveTree, NamesWhatItCouldNotDeleteOnceAndDeletesAllElse) {
  // Of the nine entries any one: which it is, depends on the listing.
  for (std::uint64_t nth = 1; nth <= 9; ++nth) {
    make(small_tree);
    const testing::manifest before(scratch / "t");
    {
      const armed failing({.which = call::unlinkat, .nth = nth, .native = EIO});
      EXPECT_EQ(remove().failures, 1U);
    }
    const auto& failure = told.failure_alone();
    EXPECT_EQ(failure.what, operation::remove);
    EXPECT_EQ(failure.why.native(), EIO);
    EXPECT_EQ(failure.why.origin(), call::unlinkat);
    // What is left is that and the directories that it is in, as they were.
    list expected;
    for (fs::path at = failure.path; !at.empty(); at = at.parent_path()) expected.insert(at);
    EXPECT_EQ(left(), expected);
    for (const auto& [path, entry] : testing::manifest(scratch / "t").entries) {
      EXPECT_EQ(entry, before.entries.at(path)) << path;
    }
    told.failures.clear();
    fs::remove_all(scratch / "t");
  }
}

TEST_P(RemoveTree, NamesTheRootIfThatIsAllItCouldNotDelete) {
  make(small_tree);
  const armed failing({.which = call::unlinkat, .nth = 10, .native = EIO});
  const auto done = remove();
  EXPECT_EQ(done.deleted, 9U);
  EXPECT_EQ(told.failure_alone().path, "t");
  EXPECT_EQ(told.failure_alone().why.native(), EIO);
  EXPECT_EQ(left(), list{"t"}) << "under its own name";
}

TEST_P(RemoveTree, NamesADirectoryThatCannotBeListed) {
  make("f t/b/c 1\n f t/d/e 1");
  const armed failing({.which = call::getdents64, .nth = 3, .native = EIO});
  remove();
  EXPECT_EQ(told.failure_alone().what, operation::list);
  EXPECT_EQ(told.failure_alone().why.native(), EIO);
  EXPECT_EQ(left().size(), 3U) << "t, the directory and what is in it";
}

// -------------------------------------------------------------------------------- what changes

TEST_P(RemoveTree, WhatSomebodyElseRemovesFirstIsNoFailure) {
  make(small_tree);
  const just_before gone(call::unlinkat, 1, [&] {
    for (const auto& entry : fs::directory_iterator(scratch / "t")) {
      if (!entry.is_directory()) fs::remove(entry.path());
    }
  });
  EXPECT_EQ(remove().failures, 0U) << told;
  EXPECT_EQ(gone.times(), 1);
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(RemoveTree, DeletesWhatAppearsMeanwhile) {
  make("f t/b/c 1");
  // c, then the directory b, in which there is something new by then.
  const just_before appears(call::unlinkat, 2, [&] { touch(scratch / "t/b/new"); });
  const auto done = remove();
  EXPECT_EQ(appears.times(), 1);
  EXPECT_EQ(done.failures, 0U) << told;
  EXPECT_EQ(done.deleted, 4U);
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(RemoveTree, DeletesWhatAppearsInTheRootMeanwhile) {
  make("f t/b/c 1");
  // c, b, then the root itself.
  const just_before appears(call::unlinkat, 3, [&] { touch(scratch / "t/new"); });
  const auto done = remove();
  EXPECT_EQ(appears.times(), 1);
  EXPECT_EQ(done.failures, 0U) << told;
  EXPECT_EQ(done.deleted, 4U);
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(RemoveTree, GivesUpOnADirectoryThatKeepsGrowing) {
  make("f t/b/c 1\n f t/other 1");
  int count = 0;
  const just_before appears(
      call::unlinkat, 1,
      [&] {
        if (fs::exists(scratch / "t/b")) touch(scratch / "t/b" / std::to_string(++count));
      },
      fault::repeat::for_ever);
  remove();
  EXPECT_EQ(told.failure_alone().path, "t/b");
  EXPECT_EQ(told.failure_alone().why, errc::still_growing);
  EXPECT_FALSE(fs::exists(scratch / "t/other"));
}

// --------------------------------------------------------------------------------------- stops

TEST_P(RemoveTree, StopsOnRequestAndSaysSo) {
  make(small_tree);
  std::stop_source stop;
  stop.request_stop();
  const testing::manifest before(scratch / "t");
  const auto done = remove({.tree = {.stop = stop.get_token()}});
  EXPECT_EQ(done.stopped, stopped::by_request);
  EXPECT_EQ(done.deleted, 0U);
  EXPECT_EQ(done.failures, 0U);
  EXPECT_EQ(difference(before, testing::manifest(scratch / "t")), "");
}

TEST_P(RemoveTree, StopsAtTheDeadlineAndSaysSo) {
  make("d t");
  make_files(scratch / "t", 3000);
  const armed slow({.which = call::unlinkat,
                    .repeats = fault::repeat::for_ever,
                    .stop = [](call) noexcept { ::usleep(200); }});
  const auto done = remove({.tree = {.deadline = deadline::in(30ms)}});
  EXPECT_EQ(done.stopped, stopped::by_deadline);
  EXPECT_EQ(done.failures, 0U);
  EXPECT_GT(done.deleted, 0U);
  EXPECT_EQ(names_in(scratch / "t").size(), 3000 - done.deleted);
}

TEST_P(RemoveTree, StopsAtTheFirstFailureWhereAskedTo) {
  make("d t");
  make_files(scratch / "t", 3000);
  const armed failing({.which = call::unlinkat, .nth = 10, .native = EIO});
  const auto done = remove({.tree = {.on_failure = on_failure::stop}});
  EXPECT_EQ(done.stopped, stopped::by_failure);
  EXPECT_EQ(done.failures, 1U);
  EXPECT_GT(names_in(scratch / "t").size(), 1000U);
}

// ------------------------------------------------------------------------------------ contents

TEST_P(RemoveTree, OfContentsKeepsTheRoot) {
  make(small_tree);
  const auto before = testing::manifest(scratch / "t").entries.at(".");
  const auto done =
      take(remove_contents(anchor(scratch / "t"), "t", {.tree = {.threads = GetParam()}}, told));
  EXPECT_EQ(done.deleted, 9U);
  EXPECT_EQ(left(), list{"t"});
  EXPECT_EQ(testing::manifest(scratch / "t").entries.at("."), before);
  EXPECT_EQ(told.paths_of(event_kind::deleted).size(), 9U);
}

// ------------------------------------------------------------------------------------ rehearse

TEST_P(RemoveTree, RehearsalChangesNothing) {
  make(small_tree);
  const testing::manifest before(scratch.path());
  for (const auto hide : {remove_options::hide::no, remove_options::hide::first}) {
    for (const auto what : {extent::each_entry, extent::all_or_nothing}) {
      remove({.doing = doing::rehearse,
              .hide = hide,
              .extent = what,
              .permissions = permissions::force});
    }
  }
  EXPECT_EQ(difference(before, testing::manifest(scratch.path())), "");
}

TEST_P(RemoveTree, RehearsalTellsWhatExecutionThenDeletes) {
  for (const auto what : {extent::each_entry, extent::all_or_nothing}) {
    make(small_tree);
    const auto rehearsed = remove({.doing = doing::rehearse, .extent = what});
    const auto planned = told.paths_of(event_kind::deleted);
    told.events.clear();
    const auto done = remove({.extent = what});
    EXPECT_EQ(told.paths_of(event_kind::deleted), planned);
    EXPECT_EQ(done.deleted, rehearsed.deleted);
    EXPECT_EQ(rehearsed.deleted, 10U);
    told.events.clear();
  }
}

TEST_P(RemoveTree, RehearsalOfAFileOrOfContentsChangesNothing) {
  make("f t 1\n f d/x 1");
  EXPECT_EQ(remove({.doing = doing::rehearse}).deleted, 1U);
  const remove_options rehearsing = {.tree = {.threads = GetParam()}, .doing = doing::rehearse};
  EXPECT_EQ(take(remove_contents(anchor(scratch / "d"), "d", rehearsing, told)).deleted, 1U);
  EXPECT_EQ(told.paths_of(event_kind::deleted), (lines{"d/x", "t"}));
  EXPECT_EQ(left(), (list{"d", "d/x", "t"}));
}

// ---------------------------------------------------------------------------------------- hide

const remove_options hiding = {.hide = remove_options::hide::first};

TEST_P(RemoveTree, HidesTheRootBeforeAnythingIsDeleted) {
  make(small_tree);
  list seen;
  std::size_t whole = 0;
  const just_before first(call::unlinkat, 1, [&] {
    seen = names();
    whole = left().size();
  });
  EXPECT_EQ(remove(hiding).deleted, 10U);
  EXPECT_EQ(first.times(), 1);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(is_random_name(*seen.begin())) << *seen.begin();
  EXPECT_EQ(whole, 10U);
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(RemoveTree, WhatHidingLeavesHasItsPrivateNameAndReapFinishes) {
  make("f t/b/c 1\n f t/a 1");
  {
    const armed failing({.which = call::unlinkat, .nth = 1, .native = EIO});
    const auto done = remove(hiding);
    EXPECT_EQ(done.failures, 1U);
    ASSERT_TRUE(done.left_as.has_value());
    EXPECT_EQ(names(), list{std::string(done.left_as->view())});
    EXPECT_TRUE(is_random_name(done.left_as->view()));
  }
  EXPECT_EQ(reap_all().failures, 0U);
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(RemoveTree, WhatCannotBeHiddenIsNotDeleted) {
  make(small_tree);
  const testing::manifest before(scratch.path());
  const armed failing({.which = call::renameat2, .nth = 1, .native = EACCES});
  EXPECT_TRUE(failed_with(try_remove("t", hiding), EACCES));
  EXPECT_EQ(difference(before, testing::manifest(scratch.path())), "");
}

// ---------------------------------------------------------------------------------------- reap

TEST_P(RemoveTree, ReapTouchesNothingButPrivateNames) {
  make("f .afio-0123456789abcdef0123456789abcdef/x 1\n f .afio-fedcba98765432100123456789abcdef 1");
  const std::string_view others = R"(
    f t/x 1
    f .afio-0123456789abcdef0123456789abcde 1
    f .afio-0123456789abcdef0123456789abcdefg 1
    f .afio-0123456789ABCDEF0123456789abcdef 1
    f afio-0123456789abcdef0123456789abcdef/x 1
    f t/.afio-0123456789abcdef0123456789abcdef 1
  )";
  make(others);
  EXPECT_EQ(reap_all().deleted, 3U);
  EXPECT_EQ(left().size(), 8U);
  EXPECT_EQ(private_names(), 0U);
}

TEST_P(RemoveTree, ReapOfNothingDoesNothing) {
  make("f t/x 1");
  const auto done = reap_all();
  EXPECT_EQ(done.deleted + done.failures, 0U);
  EXPECT_EQ(left(), (list{"t", "t/x"}));
}

TEST_P(RemoveTree, TheDeadlineIsOneForAllThatIsReaped) {
  make("f .afio-0123456789abcdef0123456789abcdef/a/b/c/d/e/f 1\n"
       "f .afio-0123456789abcdef0123456789abcde0/a/b/c/d/e/f 1");
  const armed slow({.which = call::getdents64,
                    .repeats = fault::repeat::for_ever,
                    .stop = [](call) noexcept { ::usleep(20'000); }});
  // To delete either takes 0.24 s.
  EXPECT_EQ(reap_all({.tree = {.deadline = deadline::in(300ms)}}).stopped, stopped::by_deadline);
}

TEST_P(RemoveTree, ReapBeginsNoMoreAfterAFailureWhereThatStops) {
  make("f .afio-0123456789abcdef0123456789abcdef 1\n"
       "f .afio-123456789abcdef0123456789abcdef0 1");
  const armed failing({.which = call::unlinkat, .nth = 1, .native = EIO});
  const remove_report done = reap_all({.tree = {.on_failure = on_failure::stop}});
  EXPECT_EQ(done.failures, 1U);
  EXPECT_EQ(done.stopped, stopped::by_failure);
  EXPECT_EQ(left().size(), 2U);
}

TEST_P(RemoveTree, ReapCanBeRehearsed) {
  make("f .afio-0123456789abcdef0123456789abcdef/x 1");
  EXPECT_EQ(reap_all({.doing = doing::rehearse}).deleted, 2U);
  EXPECT_EQ(left().size(), 2U);
}

TEST_P(RemoveTree, ReapNamesWhatItCouldNotDelete) {
  make("f .afio-0123456789abcdef0123456789abcdef/x 1\n f .afio-fedcba98765432100123456789abcdef/y "
       "1");
  const armed failing({.which = call::unlinkat, .nth = 1, .native = EIO});
  EXPECT_EQ(reap_all().failures, 1U);
  EXPECT_EQ(told.failure_alone().why.native(), EIO);
  EXPECT_EQ(left().size(), 2U) << "all of the other is gone";
}

// ---------------------------------------------------------------------------------- busy files

const remove_options patient = {.retry = deadline::in(10s)};

TEST_P(RemoveTree, ABusyFileIsAFailureByDefault) {
  make("f t/b/c 1");
  const armed failing({.which = call::unlinkat, .nth = 1, .native = EBUSY});
  remove();
  EXPECT_EQ(told.failure_alone().path, "t/b/c");
  EXPECT_EQ(told.failure_alone().why.native(), EBUSY);
  EXPECT_EQ(left(), (list{"t", "t/b", "t/b/c"}));
}

TEST_P(RemoveTree, ABusyFileIsMovedOutOfTheWayAndTriedAgain) {
  for (const int busy : {EBUSY, ETXTBSY}) {
    make("f t/b/c 1");
    {
      const armed failing({.which = call::unlinkat, .nth = 1, .native = busy});
      const auto done = remove(patient);
      EXPECT_EQ(done.failures, 0U) << told;
      EXPECT_EQ(done.deleted, 3U);
    }
    EXPECT_EQ(told.paths_of(event_kind::deleted), (lines{"t", "t/b", "t/b/c"}));
    EXPECT_EQ(names(), nothing_left);
    told.events.clear();
  }
}

/// A file `t/b/c/busy` that cannot be unlinked, and goes on so after its directories have gone.
class BusyFile : public removal_scene {
protected:
  /// Acts when `t/b` has gone. Nothing else is going on then.
  class on_removal_of_b final : public observer {
  public:
    explicit on_removal_of_b(std::function<void()> act)
        : observer(verbosity::events), act_(std::move(act)) {}

    void happened(const event& e) noexcept override {
      deleted.emplace_back(e.path);
      if (e.path == "t/b") act_();
    }

    void failed(const failure& f) noexcept override {
      failures.push_back({f.what, std::string(f.path), f.why});
    }

    lines deleted;
    std::vector<listener::failed_entry> failures;

  private:
    std::function<void()> act_;
  };

  remove_report remove_busy(deadline retry, std::stop_token stop = {}) {
    make("f t/b/c/busy 1");
    // Before all else, because the directories hold nothing else.
    const armed busy({.which = call::unlinkat, .nth = 1, .native = EBUSY});
    const remove_options options = {.tree = {.threads = GetParam(), .stop = std::move(stop)},
                                    .retry = retry};
    return take(remove_tree(dir, leaf("t"), "t", options, heard));
  }

  /// From now on for so many calls.
  static void keep_busy(int calls) {
    left_busy_ = calls;
    detail::arm({.which = call::unlinkat,
                 .repeats = fault::repeat::for_ever,
                 .native = EBUSY,
                 .stop = [](call) noexcept {
                   if (--left_busy_ == 0) detail::disarm();
                 }});
  }

  std::function<void()> when_b_has_gone = [] {};
  on_removal_of_b heard{[this] { when_b_has_gone(); }};

private:
  static inline int left_busy_ = 0;
};

AFIO_WITH_1_2_AND_3_THREADS(BusyFile);

TEST_P(BusyFile, IsTriedAgainUntilItIsNotBusyAnyMore) {
  when_b_has_gone = [] { keep_busy(5); };
  const auto done = remove_busy(deadline::in(1min));
  EXPECT_EQ(done.failures, 0U);
  EXPECT_EQ(done.deleted, 4U);
  EXPECT_EQ(heard.deleted, (lines{"t/b/c", "t/b", "t/b/c/busy", "t"}));
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(BusyFile, StaysUnderAPrivateNameInTheRootIfItIsBusyToTheEnd) {
  when_b_has_gone = [] { keep_busy(1'000'000); };
  const auto done = remove_busy(deadline::in(30ms));
  EXPECT_EQ(done.failures, 1U);
  EXPECT_EQ(done.deleted, 2U) << "its directories";
  ASSERT_EQ(heard.failures.size(), 1U);
  EXPECT_EQ(heard.failures[0].path, "t/b/c/busy") << "as people know it";
  EXPECT_EQ(heard.failures[0].why.native(), EBUSY);
  EXPECT_EQ(names_in(scratch / "t"), list{std::string(heard.failures[0].why.name())});
  EXPECT_TRUE(is_random_name(heard.failures[0].why.name()));
}

TEST_P(BusyFile, IsNotWaitedForWhenItIsGone) {
  when_b_has_gone = [&] {
    for (const auto& name : names_in(scratch / "t")) fs::remove(scratch / "t" / name);
  };
  const auto started = std::chrono::steady_clock::now();
  const auto done = remove_busy(deadline::in(1min));
  EXPECT_LT(std::chrono::steady_clock::now() - started, 30s);
  EXPECT_EQ(done.failures, 0U);
  EXPECT_EQ(done.deleted, 3U) << "somebody else has deleted one";
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(BusyFile, IsNotWaitedForAfterAStop) {
  std::stop_source stop;
  when_b_has_gone = [&] {
    keep_busy(1'000'000);
    stop.request_stop();
  };
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(remove_busy(deadline::in(1min), stop.get_token()).failures, 1U);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 30s);
}

} // namespace
} // namespace afio::unit
