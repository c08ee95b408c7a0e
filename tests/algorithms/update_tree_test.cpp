// What an update makes of a tree, what it leaves alone, and what it refuses.
#include "afio/detail/fault.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "algorithms/update_tree/update_tree.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/failed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using testing::checked;

using names = std::vector<std::string>;

update_options deleting() { return {.extras = update_options::extras::remove}; }

class UpdateTree : public per_file_system {
protected:
  /// The copy in "t" of what is in "s".
  void copy() {
    ASSERT_EQ(take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", {}, told)).failures, 0U);
  }

  static update_options detecting() {
    update_options options = deleting();
    options.moves = update_options::moves::detect;
    options.tree.threads = 1;
    return options;
  }

  /// What was told, whatever the order.
  std::multiset<std::string> lines() const {
    std::multiset<std::string> all;
    for (const auto& e : told.events) all.insert(std::to_string(static_cast<int>(e.kind)) + e.path);
    return all;
  }

  result<update_report> try_update(const update_options& options = deleting()) {
    const tree_root source(at("s"), "s"), target(at("t"), "t");
    told.events.clear();
    told.failures.clear();
    return update_tree(source.get(), target.get(), options, told);
  }

  update_report update(const update_options& options = deleting()) {
    return take(try_update(options));
  }

  void write(const char* name, std::string_view bytes) const { std::ofstream(at(name)) << bytes; }

  ino_t inode(const char* name) const { return status(name).st_ino; }

  struct stat status(const fs::path& name) const {
    struct stat s;
    checked(::lstat(at(name).c_str(), &s), name);
    return s;
  }

  /// When each entry of "t" was changed last, by any call.
  std::map<std::string, std::pair<time_t, long>> changes() const {
    std::map<std::string, std::pair<time_t, long>> all;
    for (const auto& e : fs::recursive_directory_iterator(at("t"))) {
      const auto s = status(e.path());
      all[e.path()] = {s.st_ctim.tv_sec, s.st_ctim.tv_nsec};
    }
    return all;
  }

  void expect_equal() {
    EXPECT_EQ(picture_of(at("t")), picture_of(at("s")));
    EXPECT_TRUE(told.failures.empty()) << told;
    const auto before = changes();
    const update_report again = update();
    EXPECT_TRUE(told.events.empty()) << "a second run does nothing: " << told;
    EXPECT_EQ(again.created + again.replaced + again.changed + again.linked + again.removed, 0U);
    EXPECT_EQ(changes(), before);
  }

  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, UpdateTree, all_kinds(), kind_of);

std::stop_source asked_to_stop;

void ask_to_stop(call) noexcept { asked_to_stop.request_stop(); }

TEST_P(UpdateTree, AStopWhileItEmptiesADirectoryIsNeverTakenForTheEnd) {
  bool stopped_once = false, finished_once = false;
  for (unsigned nth = 1; !finished_once && nth != 100; ++nth) {
    SCOPED_TRACE("stopped at deletion " + std::to_string(nth));
    make("f s/x 5\n f t/x/a 1\n f t/x/d/b 1\n f t/x/d/c 1");
    asked_to_stop = {};
    {
      const armed stopping({.which = call::unlinkat, .nth = nth, .stop = ask_to_stop});
      update_options options = deleting();
      options.tree = {.threads = 1, .stop = asked_to_stop.get_token()};
      const update_report done = update(options);
      const bool is_stopped = done.stopped != stopped::no;
      EXPECT_TRUE(is_stopped || fs::is_regular_file(at("t/x")));
      EXPECT_TRUE(told.failures.empty()) << told;
      stopped_once |= is_stopped;
      finished_once = !asked_to_stop.stop_requested();
    }
    for (const char* tree : {"s", "t"}) fs::remove_all(at(tree));
  }
  EXPECT_TRUE(stopped_once && finished_once);
}

TEST_P(UpdateTree, TheDeadlineIsOneForAllWalks) {
  make("f s/a/b/c/d/e/f 1");
  copy();
  auto options = deleting();
  options.tree.threads = 1;
  options.tree.deadline = deadline::in(std::chrono::milliseconds(300));
  options.most_removed = 10; // Counted before anything is changed: a walk takes 0.24 s.
  const just_before listing(
      call::getdents64, 1, [] { std::this_thread::sleep_for(std::chrono::milliseconds(10)); },
      detail::fault::repeat::for_ever);
  EXPECT_EQ(update(options).stopped, stopped::by_deadline);
  EXPECT_GE(listing.times(), 24);
}

TEST_P(UpdateTree, ChangesWhatDiffersAndNothingElse) {
  make("d s/d 0750\n f s/d/same 5000\n f s/gone 1\n d s/goes/deep\n f s/goes/deep/f 1\n f s/mode 9 "
       "0644\n"
       "l s/l -> a\n f s/size 3\n f s/x 1\n p s/p");
  copy();
  const ino_t same = inode("t/d/same"), mode = inode("t/mode"), x = inode("t/x");
  fs::remove(at("s/gone"));
  fs::remove_all(at("s/goes"));
  write("s/size", "longer");
  fs::permissions(at("s/mode"), fs::perms(0600));
  fs::remove(at("s/l"));
  fs::create_symlink("b", at("s/l"));
  checked(::setxattr(at("s/x").c_str(), "user.note", "x", 1, 0), "setxattr");
  make("d s/new/deep\n f s/new/deep/f 7");
  const update_report done = update();
  EXPECT_EQ(told.paths_of(event_kind::created), (names{"s/new", "s/new/deep", "s/new/deep/f"}));
  EXPECT_EQ(told.paths_of(event_kind::replaced), (names{"s/l", "s/size"}));
  EXPECT_EQ(told.paths_of(event_kind::changed), (names{"s", "s/mode", "s/x"}));
  EXPECT_EQ(told.paths_of(event_kind::deleted),
            (names{"t/goes", "t/goes/deep", "t/goes/deep/f", "t/gone"}));
  EXPECT_EQ(done.removed, 4U);
  EXPECT_EQ(inode("t/d/same"), same);
  EXPECT_EQ(inode("t/mode"), mode) << "metadata alone are set in place";
  EXPECT_EQ(inode("t/x"), x);
  expect_equal();
}

TEST_P(UpdateTree, FlagsThatTheTargetHasInheritedAreNoDifference) {
  make("f s/d/f 5\n d t");
  if (!set_no_dump(at("t"), true)) GTEST_SKIP() << "it has no flags";
  update();
  if (!is_no_dump(at("t/d/f"))) GTEST_SKIP() << "nothing is inherited";
  expect_equal();
  // One that only the source has is one.
  set_no_dump(at("t/d/f"), false);
  set_no_dump(at("s/d/f"), true);
  update();
  EXPECT_EQ(told.paths_of(event_kind::changed), names{"s/d/f"});
  EXPECT_TRUE(is_no_dump(at("t/d/f")));
}

TEST_P(UpdateTree, WhatTheSourceLacksStaysUnlessToldOtherwise) {
  make("f s/a 1\n f t/b 1\n d t/d\n f t/d/f 1");
  update({});
  EXPECT_TRUE(fs::exists(at("t/a")));
  EXPECT_TRUE(fs::exists(at("t/b")));
  EXPECT_TRUE(fs::exists(at("t/d/f")));
  EXPECT_TRUE(told.paths_of(event_kind::deleted).empty());
}

TEST_P(UpdateTree, EachTypeTakesThePlaceOfEachOther) {
  const std::vector<std::string> kinds = {"f NAME 3", "d NAME\n f NAME/in 2\n d NAME/d", "p NAME",
                                          "l NAME -> x"};
  std::string source, target;
  for (std::size_t s = 0; s < kinds.size(); ++s) {
    for (std::size_t t = 0; t < kinds.size(); ++t) {
      const auto line = [&](std::string text, const char* root) {
        const std::string name = std::string(root) + "/n" + std::to_string(s) + std::to_string(t);
        for (auto i = text.find("NAME"); i != text.npos; i = text.find("NAME"))
          text.replace(i, 4, name);
        return text + "\n";
      };
      source += line(kinds[s], "s");
      target += line(kinds[t], "t");
    }
  }
  make(source + target);
  update();
  expect_equal();
}

TEST_P(UpdateTree, ADirectoryIsInTheWayUnlessItMayBeDeleted) {
  make("f s/a 1\n f t/a/precious 1");
  EXPECT_EQ(update({}).failures, 1U);
  EXPECT_EQ(told.failure_alone().why.native(), EISDIR);
  EXPECT_TRUE(fs::exists(at("t/a/precious")));
}

TEST_P(UpdateTree, NamesOfOneInodeTakeThePlacesOfDirectories) {
  std::string source = "f s/0 5\n", target = "f t/0/in 1\n";
  for (int i = 1; i < 50; ++i) {
    source += "h s/" + std::to_string(i) + " = s/0\n";
    target += "f t/" + std::to_string(i) + "/in 1\n";
  }
  make(source + target);
  update_options options = deleting();
  options.tree.threads = 4;
  EXPECT_EQ(update(options).linked, 49U);
  EXPECT_EQ(status("t/0").st_nlink, 50U);
  expect_equal();
}

TEST_P(UpdateTree, OtherNamesDoNotWaitForOneThatCannotBeMade) {
  make("f s/a 5\n h s/b = s/a\n h s/c = s/a\n f t/a/in 1");
  update_options options = deleting();
  options.tree.threads = 1;
  {
    const armed fails({.which = call::unlinkat, .nth = 1, .native = EIO});
    EXPECT_EQ(update(options).failures, 1U);
  }
  EXPECT_TRUE(told.losses.empty());
  EXPECT_EQ(inode("t/b"), inode("t/c"));
  update(options);
  expect_equal();
}

TEST_P(UpdateTree, AnAclOfTheTargetsStaysOnlyWhereNoneIsCopied) {
  make("f s/f 10 0640");
  copy();
  set_acl(at("s/f"), access_acl, {6, 4, 4, 4, 0});
  set_acl(at("t/f"), access_acl, {6, 6, 0, 6, 0});
  update_options options = deleting();
  options.file.preserve = without(aspect::all, aspect::acl);
  EXPECT_EQ(update(options).changed, 1U) << told;
  EXPECT_EQ(rights_of(at("t/f")), "0640+");
  const armed full(
      {.which = call::fsetxattr, .repeats = detail::fault::repeat::for_ever, .native = ENOSPC});
  EXPECT_EQ(update().changed, 1U) << told;
  EXPECT_EQ(rights_of(at("t/f")), "0640");
}

TEST_P(UpdateTree, ADirectoryThatHoldsWhatIsExcludedIsInTheWay) {
  make("f s/a 1\n f t/a/d/b.o 1\n f t/a/c 1");
  path_filter filter;
  take(filter.add(path_filter::action::exclude, "/a/d/*.o"));
  const auto before = picture_of(at("t/a"));
  update_options options = deleting();
  options.filter = &filter;
  EXPECT_EQ(update(options).failures, 1U);
  EXPECT_EQ(told.failure_alone().why.native(), EISDIR);
  EXPECT_EQ(picture_of(at("t/a")), before);
}

TEST_P(UpdateTree, WhatIsExcludedStaysAlsoWhereItComesMeanwhile) {
  make("f s/a 1\n f t/a/c 1");
  path_filter filter;
  take(filter.add(path_filter::action::exclude, "*.o"));
  update_options options = deleting();
  options.filter = &filter;
  {
    // The copy is there, but for its name.
    const just_before naming(call::linkat, 1, [&] { write("t/a/b.o", "mine"); });
    (void)try_update(options);
    if (naming.times() == 0) GTEST_SKIP() << "it has no files without names";
  }
  EXPECT_TRUE(fs::exists(at("t/a/b.o")));
  EXPECT_TRUE(fs::exists(at("t/a/c")));
  EXPECT_EQ(told.failure_alone().why.native(), EISDIR) << told;
}

TEST_P(UpdateTree, ADirectoryThatCannotBeSearchedForWhatIsExcludedIsInTheWay) {
  path_filter filter;
  take(filter.add(path_filter::action::exclude, "*.o"));
  update_options options = deleting();
  options.filter = &filter;
  options.tree.threads = 1;
  std::uint64_t seen = 1;
  for (std::uint64_t nth = 1; nth <= seen; ++nth) {
    make("f s/a 1\n f t/a/d/b.o 1\n f t/a/c 1");
    {
      const armed fails({.which = call::getdents64, .nth = nth, .native = EIO});
      (void)try_update(options);
      seen = detail::calls_seen(call::getdents64);
    }
    EXPECT_TRUE(fs::exists(at("t/a/d/b.o"))) << "listing " << nth;
    EXPECT_FALSE(told.failures.empty()) << "listing " << nth;
    for (const char* tree : {"s", "t"}) fs::remove_all(at(tree));
  }
  EXPECT_GE(seen, 5U) << "two of each directory, but of one that fails";
}

TEST_P(UpdateTree, ADirectoryThatCannotBeEmptiedStaysUnderItsName) {
  make("f s/a 1\n f t/a/b 1\n f t/a/c 1");
  const armed fails({.which = call::unlinkat, .nth = 1, .native = EIO});
  const update_report done = update();
  EXPECT_EQ(done.failures, 1U);
  EXPECT_EQ(told.failure_alone().why.native(), EIO);
  EXPECT_TRUE(told.failure_alone().path.starts_with("t/a/")) << told;
  EXPECT_TRUE(fs::is_directory(at("t/a")));
  const auto entries = fs::directory_iterator(at("t"));
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << "and nothing beside it";
}

TEST_P(UpdateTree, AnInodeWithOtherNamesIsNeverChangedInPlace) {
  make("f s/f 5 0644\n f s/g 5");
  copy();
  fs::create_directory(at("old"));
  fs::create_hard_link(at("t/f"), at("old/f"));
  fs::create_hard_link(at("t/g"), at("old/g"));
  const auto old = picture_of(at("old"));
  fs::permissions(at("s/f"), fs::perms(0600));
  const ino_t g = inode("t/g");
  update();
  EXPECT_EQ(picture_of(at("old")), old);
  EXPECT_NE(inode("t/f"), inode("old/f"));
  EXPECT_EQ(inode("t/g"), g) << "what is the same stays shared";
  expect_equal();
}

TEST_P(UpdateTree, NamesOfOneInodeBecomeThatAndOthersDoNot) {
  make("f s/a 5\n h s/d/b = s/a\n h s/c = s/a\n f s/x 4");
  fs::copy_file(at("s/x"), at("s/y"));
  copy();
  // In the target, two of three are apart, and two are one that should not be.
  fs::remove(at("t/c"));
  fs::copy_file(at("t/a"), at("t/c"));
  fs::last_write_time(at("t/c"), fs::last_write_time(at("s/c")));
  fs::remove(at("t/y"));
  fs::create_hard_link(at("t/x"), at("t/y"));
  fs::last_write_time(at("s/x"), fs::last_write_time(at("t/x")));
  fs::last_write_time(at("s/y"), fs::last_write_time(at("t/x")));
  update();
  EXPECT_EQ(inode("t/a"), inode("t/c"));
  EXPECT_EQ(inode("t/a"), inode("t/d/b"));
  EXPECT_NE(inode("t/x"), inode("t/y"));
  expect_equal();
  write("s/a", "all three change");
  update();
  EXPECT_EQ(inode("t/a"), inode("t/c"));
  EXPECT_EQ(inode("t/a"), inode("t/d/b"));
  expect_equal();
}

TEST_P(UpdateTree, TooManyDeletionsAreRefusedBeforeAnythingIsChanged) {
  make("f s/new 1\n f t/a 1\n d t/d\n f t/d/f 1\n f t/d/g 1");
  const auto before = picture_of(at("t"));
  update_options options = deleting();
  options.most_removed = 3;
  const auto refused = try_update(options);
  ASSERT_TRUE(failed_with(refused, errc::refused));
  EXPECT_EQ(refused.assume_error().name(), "4");
  EXPECT_EQ(picture_of(at("t")), before);
  options.most_removed = 4;
  EXPECT_EQ(update(options).removed, 4U);
  expect_equal();
}

TEST_P(UpdateTree, ADirectoryThatFillsAfterTheCountIsNotEmptied) {
  make("f s/a 1\n f t/a/b 1");
  update_options options = deleting();
  options.tree.threads = 1;
  options.most_removed = 2;
  {
    // Counting lists both roots and the directory; then the roots are listed again.
    const just_before second(call::getdents64, 7, [&] { write("t/a/c", "x"); });
    EXPECT_EQ(update(options).removed, 0U);
    ASSERT_EQ(second.times(), 1);
  }
  EXPECT_EQ(told.failure_alone().why, errc::refused) << told;
  EXPECT_EQ(told.failure_alone().path, "s/a");
  for (const char* kept : {"t/a/b", "t/a/c"}) EXPECT_TRUE(fs::exists(at(kept))) << kept;
  options.most_removed = 3;
  EXPECT_EQ(update(options).removed, 3U);
  expect_equal();
}

TEST_P(UpdateTree, ARehearsalTellsWhatARunDoes) {
  make("d s/d 0750\n f s/d/f 5\n f s/gets/in 1\n f s/over 3\n f s/mode 1 0600\n d s/was-file\n f "
       "s/was-file/f 1\n"
       "f t/d/f 6\n f t/d/extra 1\n f t/gone/deep/f 1\n f t/over/a 1\n f t/mode 1 0644\n f "
       "t/was-file 1\n"
       "f s/one 4\n h s/two = s/one");
  const auto before = picture_of(at("t"));
  update_options options = deleting();
  options.doing = update_options::doing::rehearse;
  const auto plan = [&](update_options o) {
    o.tree.threads = 1; // So that it is the same one of two names that is copied.
    update(o);
    std::multiset<std::string> lines;
    for (const auto& e : told.events)
      lines.insert(std::to_string(static_cast<int>(e.kind)) + e.path);
    EXPECT_TRUE(told.failures.empty()) << told;
    return lines;
  };
  const auto planned = plan(options);
  EXPECT_EQ(picture_of(at("t")), before);
  EXPECT_EQ(plan(deleting()), planned);
  expect_equal();
}

TEST_P(UpdateTree, WhatIsExcludedStaysOnBothSides) {
  make("f s/a.o 1\n f s/a 1\n f t/b.o 1\n f t/d/c.o 1\n f t/d/c 1\n f t/e/f 1");
  path_filter filter;
  take(filter.add(path_filter::action::exclude, "*.o"));
  update_options options = deleting();
  options.filter = &filter;
  update(options);
  EXPECT_FALSE(fs::exists(at("t/a.o")));
  EXPECT_TRUE(fs::exists(at("t/b.o")));
  EXPECT_TRUE(fs::exists(at("t/d/c.o"))) << "and its directory with it";
  EXPECT_FALSE(fs::exists(at("t/d/c")));
  EXPECT_FALSE(fs::exists(at("t/e")));
  EXPECT_TRUE(told.failures.empty()) << told;
}

TEST_P(UpdateTree, ATreeIsNotUpdatedFromWithinItselfNorIntoItself) {
  make("f s/in/f 1\n f s/a 1");
  const tree_root outer(at("s"), "s"), inner(at("s/in"), "in");
  EXPECT_TRUE(failed_with(update_tree(outer.get(), inner.get(), deleting(), told), errc::refused));
  EXPECT_TRUE(failed_with(update_tree(inner.get(), outer.get(), deleting(), told), errc::refused));
  EXPECT_TRUE(failed_with(update_tree(outer.get(), outer.get(), deleting(), told), errc::refused));
  EXPECT_TRUE(fs::exists(at("s/a")));
}

TEST_P(UpdateTree, ByContentATouchedFileIsNotCopied) {
  make("f s/f 70000");
  copy();
  const ino_t f = inode("t/f");
  fs::last_write_time(at("s/f"), fs::file_time_type::clock::now() + std::chrono::hours(1));
  update_options options = deleting();
  options.how = comparing::content;
  update(options);
  EXPECT_EQ(inode("t/f"), f);
  EXPECT_EQ(told.paths_of(event_kind::changed), names{"s/f"});
  expect_equal();
}

TEST_P(UpdateTree, MetadataThatAreNotAskedForStayTheTargets) {
  make("f s/f 5 0644\n d s/d 0755");
  copy();
  for (const char* name : {"t/f", "t/d"}) {
    fs::permissions(at(name), fs::perms(0700));
    checked(::setxattr(at(name).c_str(), "user.own", "x", 1, 0), "setxattr");
  }
  fs::last_write_time(at("s/f"), fs::file_time_type::clock::now() + std::chrono::hours(1));
  fs::last_write_time(at("s/d"), fs::file_time_type::clock::now() + std::chrono::hours(1));
  update_options options;
  options.how = comparing::content;
  options.file.preserve = aspect::timestamps;
  EXPECT_EQ(update(options).changed, 2U);
  for (const char* name : {"f", "d"}) {
    EXPECT_EQ(fs::last_write_time(at("t") / name), fs::last_write_time(at("s") / name));
    EXPECT_EQ(fs::status(at("t") / name).permissions(), fs::perms(0700));
    char value;
    EXPECT_EQ(::getxattr((at("t") / name).c_str(), "user.own", &value, 1), 1);
  }
}

TEST_P(UpdateTree, ModesThatAreNotAskedForAreNotNarrowed) {
  make("d s/d 0700\n f s/d/f 1\n d t/d 0755");
  fs::permissions(at("s"), fs::perms(0700));
  fs::permissions(at("t"), fs::perms(0755));
  for (const aspect kept : {aspect::none, aspect::timestamps}) {
    update_options options;
    options.file.preserve = kept;
    update(options);
    EXPECT_TRUE(told.failures.empty()) << told;
    EXPECT_TRUE(fs::exists(at("t/d/f")));
    for (const char* name : {"t", "t/d"})
      EXPECT_EQ(fs::status(at(name)).permissions(), fs::perms(0755)) << name;
  }
}

TEST_P(UpdateTree, ADirectoryThatReplacesAFileGetsTheModeOfANewOne) {
  make("d s/new 0755\n d s/x 0755\n f s/x/f 1\n f t/x 1");
  update_options options;
  options.file.preserve = aspect::none;
  options.file.umask = 0022;
  update(options);
  EXPECT_TRUE(told.failures.empty()) << told;
  for (const char* name : {"t/new", "t/x"})
    EXPECT_EQ(fs::status(at(name)).permissions(), fs::perms(0755)) << name;
}

TEST_P(UpdateTree, AFileThatHasMovedIsRenamed) {
  make("f s/a/f 50000\n f s/g 3\n f s/d/h 700\n f s/empty 0");
  copy();
  const ino_t f = inode("t/a/f"), h = inode("t/d/h");
  fs::create_directories(at("s/new/deep"));
  fs::rename(at("s/a/f"), at("s/new/deep/f"));
  fs::remove(at("s/a"));
  fs::rename(at("s/d/h"), at("s/i"));
  fs::rename(at("s/empty"), at("s/empty2"));
  // Of the same size and time, but other bytes: no move.
  fs::rename(at("s/g"), at("s/k"));
  const auto time = fs::last_write_time(at("s/k"));
  write("s/k", "xyz");
  fs::last_write_time(at("s/k"), time);
  update_options options = detecting();
  options.doing = update_options::doing::rehearse;
  const auto before = picture_of(at("t"));
  update(options);
  const auto planned = lines();
  EXPECT_EQ(picture_of(at("t")), before);
  options.doing = update_options::doing::execute;
  const update_report done = update(options);
  EXPECT_EQ(lines(), planned);
  EXPECT_EQ(done.moved, 2U);
  EXPECT_EQ(done.bytes, 3U);
  EXPECT_EQ(inode("t/new/deep/f"), f);
  EXPECT_EQ(inode("t/i"), h);
  expect_equal();
}

TEST_P(UpdateTree, APlanOfMovesTellsWhatElseIsChanged) {
  make("f s/a 500\n f s/b 600\n d s/d");
  copy();
  fs::rename(at("s/a"), at("s/d/a"));
  fs::rename(at("s/b"), at("s/c"));
  ASSERT_EQ(::setxattr(at("s/d/a").c_str(), "user.own", "x", 1, 0), 0);
  // As far as times tell, nothing was done in the directories.
  for (const char* name : {".", "d"})
    fs::last_write_time(at("s") / name, fs::last_write_time(at("t") / name));
  update_options options = detecting();
  options.doing = update_options::doing::rehearse;
  update(options);
  const auto planned = lines();
  options.doing = update_options::doing::execute;
  const update_report done = update(options);
  EXPECT_EQ(lines(), planned);
  EXPECT_EQ(done.moved, 2U);
  EXPECT_EQ(told.paths_of(event_kind::changed), names{"s/d/a"});
  expect_equal();
}

TEST_P(UpdateTree, WhatIsAsideIsPutBackWhereNothingCanBeBegun) {
  make("f s/d/a 500\n f s/b 600\n f s/e 700");
  copy();
  for (const char* name : {"b", "e", "d/a"})
    fs::rename(at("s") / name, at("s") / (name + std::string("2")));
  const auto before = picture_of(at("t"));
  bool failed = false;
  for (std::uint64_t nth = 1; nth < 6; ++nth) {
    update_options options = detecting();
    const armed fails({.which = call::getrandom, .nth = nth, .native = EIO});
    if (try_update(options)) break;
    failed |= nth > 1;
    EXPECT_EQ(picture_of(at("t")), before) << nth;
  }
  EXPECT_TRUE(failed);
  expect_equal();
}

TEST_P(UpdateTree, NothingMovesOutOfADirectoryThatWasHalfListed) {
  std::uint64_t seen = 1;
  for (std::uint64_t nth = 1; nth <= seen; ++nth) {
    for (const char* name : {"s", "t"}) fs::remove_all(at(name));
    make("f s/d/in/x 500\n d s/e");
    copy();
    fs::copy_file(at("s/d/in/x"), at("s/e/like-x"));
    fs::last_write_time(at("s/e/like-x"), fs::last_write_time(at("s/d/in/x")));
    const ino_t x = inode("t/d/in/x");
    {
      const armed fails({.which = call::getdents64, .nth = nth, .native = EIO});
      (void)try_update(detecting());
      seen = detail::calls_seen(call::getdents64);
    }
    ASSERT_TRUE(fs::exists(at("t/d/in/x"))) << nth;
    EXPECT_EQ(inode("t/d/in/x"), x) << nth << told;
  }
  EXPECT_GT(seen, 10U);
}

TEST_P(UpdateTree, WhatCouldNotBeRenamedIsDeletedOnlyIfSoManyMayGo) {
  for (const std::uint64_t most : {0, 1}) {
    make("f s/a 500");
    copy();
    fs::rename(at("s/a"), at("s/b"));
    update_options options = detecting();
    options.most_removed = most;
    update_report done;
    {
      // The first two put it aside.
      const armed fails({.which = call::renameat2, .nth = 3, .native = EACCES});
      done = update(options);
    }
    EXPECT_TRUE(fs::exists(at("t/b")));
    EXPECT_EQ(fs::exists(at("t/a")), most == 0);
    EXPECT_EQ(done.removed, most);
    EXPECT_EQ(told.paths_of(event_kind::deleted), most == 0 ? names{} : names{"t/a"});
    EXPECT_EQ(done.failures, 1 - most);
    if (most == 0) {
      EXPECT_EQ(told.failure_alone().why, errc::refused);
      EXPECT_EQ(told.failure_alone().path, "t/a");
      EXPECT_EQ(told.failure_alone().why.name(), "a") << "where it is";
    }
    for (const char* name : {"s", "t"}) fs::remove_all(at(name));
  }
}

TEST_P(UpdateTree, WhatGoesLastIsDurableToo) {
  // What could not be renamed is deleted, or gets its old name again, when all else is done.
  for (const std::uint64_t most : {0, 1}) {
    make("f s/a 500");
    copy();
    fs::rename(at("s/a"), at("s/b"));
    update_options options = detecting();
    options.most_removed = most;
    options.file.sync = sync::all;
    const armed fails({.which = call::renameat2, .nth = 3, .native = EACCES});
    update(options);
    EXPECT_EQ(fs::exists(at("t/a")), most == 0);
    EXPECT_GE(detail::calls_seen(call::fsync), 3U) << "of the file and of the root, twice";
    for (const char* name : {"s", "t"}) fs::remove_all(at(name));
  }
}

TEST_P(UpdateTree, WhatHasItsOldNameAgainIsNotToldByAnother) {
  if (const auto reason = no_other_user(); !reason.empty()) GTEST_SKIP() << reason;
  make("f s/a 500\n d s/d");
  copy();
  fs::rename(at("s/a"), at("s/d/a"));
  give_to(nobody, scratch->path());
  for (const char* name : {"s/d", "t/d"}) fs::permissions(at(name), fs::perms(0555));
  const tree_root source(at("s"), "s"), target(at("t"), "t"); // Others may not come this way.
  const int status = as_user(nobody, [&] {
    update_options options = detecting();
    options.file.sync = sync::all;
    const armed fails(
        {.which = call::fsync, .repeats = detail::fault::repeat::for_ever, .native = EIO});
    (void)update_tree(source.get(), target.get(), options, told);
    const auto back =
        std::ranges::find(told.failures, operation::restore, &listener::failed_entry::what);
    ASSERT_NE(back, told.failures.end()) << told;
    EXPECT_EQ(back->path, "t/a");
    EXPECT_EQ(back->why.native(), EIO);
    EXPECT_EQ(back->why.name(), "") << "it has no private name any more";
  });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(fs::exists(at("t/a")));
}

TEST_P(UpdateTree, WhatIsChangedInPlaceIsDurableToo) {
  make("f s/f 5 0644");
  copy();
  fs::permissions(at("s/f"), fs::perms(0600));
  update_options options;
  options.file.sync = sync::all;
  const armed counting;
  EXPECT_EQ(update(options).changed, 1U);
  EXPECT_EQ(detail::calls_seen(call::fsync), 2U) << "of the file and of the root";
}

TEST_P(UpdateTree, ADirectoryThatStaysWithoutSomeNamesIsDurableToo) {
  make("d s\n f t/d/f 1\n f t/d/kept 1");
  path_filter filter;
  take(filter.add(path_filter::action::exclude, "kept"));
  update_options options = deleting();
  options.filter = &filter;
  options.file.sync = sync::all;
  const armed counting;
  EXPECT_EQ(update(options).removed, 1U);
  EXPECT_EQ(detail::calls_seen(call::fsync), 2U) << "of the directory and of the root";
}

TEST_P(UpdateTree, WhatHasNotGotItsNewNameIsNotDeleted) {
  make("f s/a 500");
  copy();
  fs::rename(at("s/a"), at("s/b"));
  const ino_t a = inode("t/a");
  {
    // The fifth is the first of the second walk.
    const just_before second(call::getdents64, 5, [&] { fs::remove(at("s/b")); });
    (void)try_update(detecting());
    ASSERT_EQ(second.times(), 1);
  }
  ASSERT_TRUE(fs::exists(at("t/a")));
  EXPECT_EQ(inode("t/a"), a);
}

TEST_P(UpdateTree, AFailureInWhatMakesRoomStopsWhereFailuresStop) {
  make("f s/a 1\n f t/a/in 1\n f t/a/too 1");
  update_options options = deleting();
  options.tree.threads = 1;
  options.tree.on_failure = on_failure::stop;
  const armed fails({.which = call::unlinkat, .nth = 1, .native = EACCES});
  const update_report done = update(options);
  EXPECT_EQ(done.stopped, stopped::by_failure);
  EXPECT_EQ(done.failures, 1U);
  EXPECT_EQ(told.failures.size(), 1U) << told;
}

TEST_P(UpdateTree, ADirectoryOfTheTargetThatCannotBeOpenedIsCalledByItsOwnPath) {
  if (const auto reason = no_other_user(); !reason.empty()) GTEST_SKIP() << reason;
  make("f s/d/f 1\n f t/d/f 1\n f s/e/f 1\n f t/e/f 1");
  give_to(nobody, scratch->path());
  fs::permissions(at("t/d"), fs::perms::none);
  fs::permissions(at("s/e"), fs::perms::none);
  const tree_root source(at("s"), "s"), target(at("t"), "t"); // Others may not come this way.
  const int status = as_user(nobody, [&] {
    (void)update_tree(source.get(), target.get(), {}, told);
    EXPECT_EQ(told.failed_paths(), (names{"s/e", "t/d"})) << told;
  });
  EXPECT_EQ(status, 0);
}

TEST_P(UpdateTree, WhatWasToMoveIsPutBackWhereAnUpdateEndsEarly) {
  make("f s/a 500\n f s/b 600");
  copy();
  fs::rename(at("s/a"), at("s/x"));
  fs::rename(at("s/b"), at("s/y"));
  const auto before = picture_of(at("t"));
  update_options options = deleting();
  options.moves = update_options::moves::detect;
  std::stop_source stop;
  options.tree.stop = stop.get_token();
  options.tree.threads = 1;
  {
    // The fifth is the first of the second walk.
    const just_before second(call::getdents64, 5, [&] { stop.request_stop(); });
    (void)try_update(options);
  }
  ASSERT_TRUE(stop.stop_requested());
  auto after = picture_of(at("t"));
  after["."] = before.at(".");
  EXPECT_EQ(after, before);
}

std::string mine, name_of_mine;
std::uint64_t listings_before = 0;

void put_mine(call) noexcept {
  listings_before = detail::calls_seen(call::getdents64);
  (void)::rename(mine.c_str(), name_of_mine.c_str());
}

TEST_P(UpdateTree, WhatIsReplacedIsWhatWasCompared) {
  mine = at("mine"), name_of_mine = at("t/f");
  unsigned dangerous = 0;
  update_options options;
  options.tree.threads = 1;
  for (std::uint64_t nth = 1, seen = 1; nth <= seen; ++nth) {
    make("f s/f 9\n f t/f 5\n f mine 7");
    listings_before = 0;
    {
      const armed races({.which = call::openat2, .nth = nth, .stop = put_mine});
      update(options);
      seen = detail::calls_seen(call::openat2);
    }
    const bool compared = seen >= nth && listings_before == 4; // Two for each directory.
    if (compared) {
      ++dangerous;
      EXPECT_EQ(status("t/f").st_size, 7);
      EXPECT_EQ(told.failure_alone().why, errc::raced) << told;
    }
    for (const char* name : {"s", "t"}) fs::remove_all(at(name));
    fs::remove(at("mine"));
  }
  EXPECT_GT(dangerous, 0U);
}

TEST_P(UpdateTree, ANameThatIsThereAfterAllIsNotDeleted) {
  make("f s/a 1\n f t/a 1\n f t/late 1");
  // It comes at each moment in turn: a listing that misses it looks the same.
  unsigned kept = 0;
  for (std::uint64_t nth = 1; nth < 40; ++nth) {
    fs::remove(at("s/late"));
    write("t/late", "x");
    update_options options = deleting();
    options.tree.threads = 1;
    const just_before looking(call::statx, nth, [&] { write("s/late", "x"); });
    (void)try_update(options);
    if (looking.times() == 0) break;
    kept += fs::exists(at("t/late"));
  }
  EXPECT_GT(kept, 0U) << "also when it comes after the listing";
}

TEST_P(UpdateTree, ADirectoryThatCannotBeReadTakesNoFilesPlace) {
  if (const auto reason = no_other_user(); !reason.empty()) GTEST_SKIP() << reason;
  make("f s/x/f 1\n f t/x 9");
  give_to(nobody, scratch->path());
  fs::permissions(at("s/x"), fs::perms::none);
  const tree_root source(at("s"), "s"), target(at("t"), "t"); // Others may not come this way.
  const int status = as_user(nobody, [&] {
    EXPECT_EQ(take(update_tree(source.get(), target.get(), deleting(), told)).failures, 1U) << told;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(fs::file_size(at("t/x")), 9U);
}

TEST_P(UpdateTree, AFileThatCannotBeReadTakesNoDirectorysPlace) {
  if (const auto reason = no_other_user(); !reason.empty()) GTEST_SKIP() << reason;
  make("f s/x 9\n f t/x/d/f 1\n f t/x/g 1");
  give_to(nobody, scratch->path());
  fs::permissions(at("s/x"), fs::perms::none);
  const auto before = picture_of(at("t/x"));
  const tree_root source(at("s"), "s"), target(at("t"), "t"); // Others may not come this way.
  const int status = as_user(nobody, [&] {
    const auto done = take(update_tree(source.get(), target.get(), deleting(), told));
    EXPECT_EQ(done.failures, 1U) << told;
    EXPECT_EQ(done.removed, 0U);
    EXPECT_EQ(told.failure_alone().path, "s/x");
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(picture_of(at("t/x")), before);
}

TEST_P(UpdateTree, ADirectoryInTheWayGoesWhenTheCopyIsReady) {
  unsigned failed = 0;
  for (const call which : {call::copy_file_range, call::pread64, call::pwrite64, call::linkat}) {
    for (std::uint64_t nth = 1, seen = 1; nth <= seen; ++nth) {
      make("f s/x 9000\n f t/x/d/f 1\n f t/x/g 1");
      {
        const armed fails({.which = which, .nth = nth, .native = EIO});
        (void)try_update();
        seen = detail::calls_seen(which);
      }
      const bool replaced = fs::is_regular_file(at("t/x"));
      failed += !replaced;
      EXPECT_TRUE(replaced || (fs::exists(at("t/x/d/f")) && fs::exists(at("t/x/g"))))
          << name_of(which) << ' ' << nth;
      const auto entries = fs::directory_iterator(at("t"));
      EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << "and nothing beside it";
      for (const char* tree : {"s", "t"}) fs::remove_all(at(tree));
    }
  }
  EXPECT_GT(failed, 0U);
}

TEST_P(UpdateTree, AFileThatGoesMeanwhileDoesNotEmptyADirectory) {
  update_options options = deleting();
  options.tree.threads = 1;
  unsigned raced = 0;
  for (std::uint64_t nth = 1; nth < 100; ++nth) {
    make("f s/x 9\n f t/x/f 1");
    {
      const just_before opening(call::openat2, nth, [&] { fs::remove(at("s/x")); });
      (void)try_update(options);
      if (opening.times() == 0) break;
    }
    raced += fs::is_directory(at("t/x"));
    EXPECT_TRUE(!fs::is_directory(at("t/x")) || fs::exists(at("t/x/f"))) << nth;
    for (const char* tree : {"s", "t"}) fs::remove_all(at(tree));
  }
  EXPECT_GT(raced, 0U);
}

TEST_P(UpdateTree, AFileThatCannotBeRenamedLeavesNothingBehind) {
  make("f s/d/a 500");
  copy();
  fs::rename(at("t/d/a"), at("t/a"));
  update_options options = deleting();
  options.moves = update_options::moves::detect;
  options.tree.threads = 1;
  {
    // The first puts it aside; whichever fails behind that, nothing is left of it.
    const armed fails({.which = call::renameat2,
                       .nth = 3,
                       .repeats = detail::fault::repeat::for_ever,
                       .native = EACCES});
    (void)try_update(options);
  }
  update(options);
  expect_equal();
}

TEST_P(UpdateTree, AListingErrorNeverBecomesADeletion) {
  constexpr const char* source = "f s/a/b/f 1\n f s/a/g 1\n f s/c/f 1\n f s/h 1\n";
  constexpr const char* extras = "f t/a/b/x 1\n f t/a/x 1\n f t/c/x/x 1\n f t/x 1\n";
  unsigned swept = 0;
  for (const call which : {call::getdents64, call::openat2, call::statx}) {
    for (std::uint64_t nth = 1, seen = 1; nth <= seen; ++nth) {
      make(std::string(source) + extras);
      copy_options merged;
      merged.existing = copy_options::existing::merge;
      ASSERT_EQ(take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", merged, told)).failures, 0U);
      update_options options = deleting();
      options.tree.threads = 1;
      {
        const armed fails({.which = which, .nth = nth, .native = EIO});
        (void)try_update(options);
        seen = detail::calls_seen(which);
      }
      if (seen < nth) break;
      ++swept;
      for (const char* kept : {"t/a/b/f", "t/a/g", "t/c/f", "t/h"}) {
        EXPECT_TRUE(fs::exists(at(kept))) << kept << " went at " << name_of(which) << ' ' << nth;
      }
      testing::remove_by_force(at("s"));
      testing::remove_by_force(at("t"));
    }
  }
  EXPECT_GT(swept, 20U);
}

TEST_P(UpdateTree, NothingIsDeletedBelowADirectoryThatCannotBeRead) {
  if (const auto reason = no_other_user(); !reason.empty()) GTEST_SKIP() << reason;
  make("f s/a/f 1\n f s/g 1\n f t/a/x/y 1\n f t/a/x2 1\n f t/x 1");
  give_to(nobody, scratch->path());
  fs::permissions(at("s/a"), fs::perms::none);
  const tree_root source(at("s"), "s"), target(at("t"), "t"); // Others may not come this way.
  const int status = as_user(nobody, [&] {
    const auto done = take(update_tree(source.get(), target.get(), deleting(), told));
    EXPECT_EQ(done.failures, 1U) << told;
    EXPECT_EQ(told.failure_alone().path, "s/a");
  });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(fs::exists(at("t/a/x/y")));
  EXPECT_TRUE(fs::exists(at("t/a/x2")));
  EXPECT_FALSE(fs::exists(at("t/x")));
  EXPECT_TRUE(fs::exists(at("t/g")));
}

} // namespace
} // namespace afio::unit
