// Equal files become one, or share their blocks; and nothing that differs, is in use or has changed
// since is touched.
#include "afio/random_name.hpp"
#include "algorithms/dedupe/dedupe.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/content.hpp"
#include "tests/support/leases.hpp"
#include "tests/support/patience.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const std::string small(5000, 's');
const std::string large = std::string(300'000, 'l') + "end";

class Dedupe : public per_file_system {
protected:
  void SetUp() override {
    per_file_system::SetUp();
    options.by = dedupe_by::linking;
    options.tree.threads = 2;
  }

  void write(const fs::path& name, const std::string& content) const {
    fs::create_directories(at(name).parent_path());
    std::ofstream(at(name), std::ios::binary) << content;
  }

  /// Seconds since 1970.
  void set_time(const fs::path& name, time_t modified) const {
    const timespec times[] = {{1'000'000'000, 0}, {modified, 5}};
    ASSERT_EQ(::utimensat(AT_FDCWD, at(name).c_str(), times, 0), 0);
  }

  struct stat status_of(const fs::path& name) const {
    struct stat s {};

    EXPECT_EQ(::lstat(at(name).c_str(), &s), 0) << name;
    return s;
  }

  bool are_one(const fs::path& a, const fs::path& b) const {
    return status_of(a).st_ino == status_of(b).st_ino;
  }

  std::string content_of(const fs::path& name) const { return testing::content_of(at(name)); }

  result<dedupe_plan> plan() {
    return find_duplicates(std::array{walk_root{&dir, "t"}}, options, told);
  }

  /// Of "a", which is older and hence kept, and "b"; one thread will do it.
  dedupe_plan plan_of_two() {
    write("a", small);
    write("b", small);
    set_time("a", 1'000);
    options.tree.threads = 1;
    return take(plan());
  }

  dedupe_report carry_out(const dedupe_plan& what) { return take(dedupe(what, options, told)); }

  dedupe_report run() { return carry_out(take(plan())); }

  /// Nothing has a private name.
  void expect_no_leftovers() const {
    for (const auto& entry : fs::recursive_directory_iterator(scratch->path()))
      EXPECT_FALSE(entry.path().filename().native().starts_with(".afio-")) << entry.path();
  }

  dedupe_options options;
  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, Dedupe, all_kinds(), kind_of);

TEST_P(Dedupe, TheDeadlineIsOneForAllTrees) {
  write("s/a/b/c/d/e/1", small);
  write("t/a/b/c/d/e/2", small);
  const auto s = take(path_handle::path(dir, leaf("s"))),
             t = take(path_handle::path(dir, leaf("t")));
  options.tree.threads = 1;
  options.tree.deadline = deadline::in(300ms); // A walk takes 0.24 s.
  const just_before listing(
      call::getdents64, 1, [] { std::this_thread::sleep_for(20ms); },
      detail::fault::repeat::for_ever);
  const auto found =
      take(find_duplicates(std::array{walk_root{&s, "s"}, walk_root{&t, "t"}}, options, told));
  EXPECT_EQ(found.stopped, stopped::by_deadline);
  EXPECT_EQ(found.files, 0U) << "it was over before all was found";
}

TEST_P(Dedupe, MakesOneOfEqualFilesAndKeepsEveryNameAndItsContents) {
  write("a/1", small);
  write("b/c/2", small);
  write("a/long", large);
  write("b/long", large);
  write("other", std::string(5000, 'o'));
  std::string middle = large;
  middle[150'000] = '!'; // Both ends are the same.
  write("middle", middle);
  const dedupe_report report = run();
  EXPECT_EQ(report.files, 2U);
  EXPECT_EQ(report.names, 2U);
  EXPECT_EQ(report.failures, 0U);
  EXPECT_GE(report.reclaimed, large.size());
  EXPECT_TRUE(are_one("a/1", "b/c/2"));
  EXPECT_TRUE(are_one("a/long", "b/long"));
  EXPECT_FALSE(are_one("a/long", "middle"));
  EXPECT_EQ(content_of("b/c/2"), small);
  EXPECT_EQ(content_of("b/long"), large);
  EXPECT_EQ(content_of("middle"), middle);
  EXPECT_EQ(content_of("other"), std::string(5000, 'o'));
  EXPECT_EQ(told.paths_of(event_kind::linked).size(), 2U);
  expect_no_leftovers();
  EXPECT_EQ(run().files, 0U) << "the second time there is nothing to do";
}

TEST_P(Dedupe, PlanTellsTheGroupsAndChangesNothing) {
  write("a", small);
  write("b", small);
  write("c", small);
  fs::create_hard_link(at("c"), at("d"));
  for (const char* name : {"a", "b", "c"}) set_time(name, 1'000);
  const testing::manifest before(scratch->path());
  const dedupe_plan found = take(plan());
  EXPECT_EQ(testing::difference(before, testing::manifest(scratch->path())), "");
  EXPECT_EQ(found.files, 3U);
  EXPECT_EQ(found.duplicates, 2U);
  ASSERT_EQ(found.groups(), 1U);
  const duplicate_group group = found.group(0);
  EXPECT_EQ(group.size, small.size());
  ASSERT_EQ(group.files.size(), 3U);
  EXPECT_EQ(group.files[0].paths, (std::vector<std::string>{"t/c", "t/d"}))
      << "of one age, the one with most names";
  EXPECT_EQ(group.files[1].paths, std::vector<std::string>{"t/a"});
  EXPECT_EQ(group.reclaimable(dedupe_by::linking),
            group.files[1].allocated + group.files[2].allocated);
}

TEST_P(Dedupe, LeavesEmptySmallAndFilteredFilesAlone) {
  write("empty1", "");
  write("empty2", "");
  write("s1", "x");
  write("s2", "x");
  write("no/1", small);
  write("no/2", small);
  path_filter filter;
  ASSERT_TRUE(filter.add(path_filter::action::exclude, "no/"));
  options.filter = &filter;
  options.min_size = 2;
  EXPECT_EQ(run().files, 0U);
  EXPECT_FALSE(are_one("empty1", "empty2"));
  EXPECT_FALSE(are_one("no/1", "no/2"));
}

TEST_P(Dedupe, FilesOfOtherMetadataAreNotEqualUnlessTheyShallBe) {
  for (const char* name : {"plain", "mode", "owner", "xattr"}) write(name, small);
  fs::permissions(at("mode"), fs::perms(0600));
  ASSERT_EQ(::chown(at("owner").c_str(), nobody, nobody), 0);
  ASSERT_EQ(::setxattr(at("xattr").c_str(), "user.test", "1", 1, 0), 0);
  EXPECT_EQ(run().files, 0U);
  options.match = aspect::none;
  EXPECT_EQ(run().files, 3U);
  EXPECT_EQ(status_of("plain").st_nlink, 4U);
}

TEST_P(Dedupe, FilesWithEqualAttributesAreEqual) {
  for (const char* name : {"1", "2", "3"}) {
    write(name, small);
    for (const char* key : {"user.a", "user.b"}) {
      const char* const value = name[0] == '3' && key[5] == 'b' ? "other" : "value";
      ASSERT_EQ(::setxattr(at(name).c_str(), key, value, 5, 0), 0);
    }
  }
  EXPECT_EQ(run().files, 1U);
  EXPECT_TRUE(are_one("1", "2"));
  EXPECT_FALSE(are_one("1", "3"));
}

TEST_P(Dedupe, OnlyFilesOfTheOwnerAskedFor) {
  write("1", small);
  write("2", small);
  for (const char* name : {"1", "2"}) ASSERT_EQ(::chown(at(name).c_str(), nobody, nobody), 0);
  options.owner = 0;
  EXPECT_EQ(run().files, 0U);
  options.owner = nobody;
  EXPECT_EQ(run().files, 1U);
}

TEST_P(Dedupe, AllNamesOfADuplicateMove) {
  write("a", small);
  write("b", small);
  set_time("a", 1'000);
  set_time("b", 2'000);
  fs::create_directory(at("d"));
  fs::create_hard_link(at("b"), at("d/b2"));
  const dedupe_report report = run();
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(report.names, 2U);
  EXPECT_EQ(status_of("a").st_nlink, 3U);
  EXPECT_TRUE(are_one("a", "d/b2"));
}

TEST_P(Dedupe, WhatHasNamesElsewhereGivesNothingBack) {
  write("in/a", small);
  write("in/b", small);
  fs::create_hard_link(at("in/b"), at("out"));
  set_time("in/a", 1'000);
  const path_handle inner = anchor(at("in"));
  const dedupe_plan found =
      take(find_duplicates(std::array{walk_root{&inner, "in"}}, options, told));
  const dedupe_report report = carry_out(found);
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(report.reclaimed, 0U);
  EXPECT_EQ(content_of("out"), small);
  EXPECT_EQ(status_of("out").st_nlink, 1U);
}

TEST_P(Dedupe, KeepsTheOneThatIsAskedFor) {
  const std::pair<keep, const char*> policies[] = {
      {keep::oldest, "b"}, {keep::newest, "c"}, {keep::first, "a"}, {keep::most_names, "d"}};
  for (const auto& [policy, kept] : policies) {
    for (const char* name : {"a", "b", "c", "d", "d2"}) fs::remove(at(name));
    for (const char* name : {"a", "b", "c", "d"}) write(name, small);
    fs::create_hard_link(at("d"), at("d2"));
    set_time("a", 2'000);
    set_time("b", 1'000);
    set_time("c", 4'000);
    set_time("d", 3'000);
    options.keep = policy;
    const auto inode = status_of(kept).st_ino;
    EXPECT_EQ(run().files, 3U);
    for (const char* name : {"a", "b", "c", "d", "d2"})
      EXPECT_EQ(status_of(name).st_ino, inode) << kept;
  }
}

TEST_P(Dedupe, DirectoriesKeepTheirTimes) {
  write("d/1", small);
  write("e/2", small);
  set_time("d", 1'000);
  set_time("e", 2'000);
  EXPECT_EQ(run().files, 1U);
  EXPECT_EQ(status_of("d").st_mtim.tv_sec, 1'000);
  EXPECT_EQ(status_of("e").st_mtim.tv_sec, 2'000);
  EXPECT_EQ(status_of("e").st_mtim.tv_nsec, 5);
}

TEST_P(Dedupe, TreesThatOverlapAreOne) {
  write("d/1", small);
  write("d/2", small);
  const path_handle inner = anchor(at("d"));
  const std::array trees{walk_root{&dir, "t"}, walk_root{&inner, "d"}, walk_root{&dir, "again"}};
  const dedupe_plan found = take(find_duplicates(trees, options, told));
  EXPECT_EQ(found.duplicates, 1U);
  EXPECT_EQ(found.group(0).files[0].paths.size(), 1U);
  EXPECT_EQ(carry_out(found).files, 1U);
  EXPECT_EQ(status_of("d/1").st_nlink, 2U);
}

TEST_P(Dedupe, FilesThatAreOpenForWritingAreLeftAlone) {
  write("a", small);
  write("b", small);
  const dedupe_plan found = take(plan());
  for (const char* busy : {"a", "b"}) {
    std::fstream writer(at(busy));
    const dedupe_report report = carry_out(found);
    EXPECT_EQ(report.busy, 1U);
    EXPECT_EQ(report.failures, 0U);
    EXPECT_FALSE(are_one("a", "b"));
  }
  ASSERT_EQ(told.skips.size(), 2U);
  EXPECT_EQ(told.skips[0].path, "t/a");
  EXPECT_EQ(told.skips[1].path, "t/b");
  EXPECT_EQ(told.skips[0].why.native(), EBUSY);
  EXPECT_EQ(carry_out(found).files, 1U);
}

TEST_P(Dedupe, FilesThatAreMappedForWritingAreLeftAlone) {
  write("a", small);
  write("b", small);
  const int fd = ::open(at("b").c_str(), O_RDWR);
  void* const map = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  ASSERT_NE(map, MAP_FAILED);
  EXPECT_EQ(run().busy, 1U);
  static_cast<char*>(map)[0] = 'X';
  EXPECT_EQ(content_of("b")[0], 'X');
  EXPECT_EQ(content_of("a")[0], 's');
  ::munmap(map, 4096);
}

TEST_P(Dedupe, BusyFilesAreWaitedForIfAskedFor) {
  write("a", small);
  write("b", small);
  options.retry = deadline::in(20s);
  std::fstream writer(at("b"));
  std::jthread closer([&] {
    std::this_thread::sleep_for(100ms);
    writer.close();
  });
  EXPECT_EQ(run().files, 1U);
}

TEST_P(Dedupe, WhatChangedSinceThePlanIsLeftAlone) {
  write("a", small);
  write("b", small);
  write("gone", small);
  write("swapped", small);
  set_time("a", 1'000);
  const dedupe_plan found = take(plan());
  std::string other = small;
  other[4000] = '!';
  write("b", other);
  fs::remove(at("gone"));
  fs::remove(at("swapped"));
  write("swapped", small);
  const auto inode = status_of("swapped").st_ino;
  const bool again = inode == status_of("a").st_ino; // Numbers are used again.
  const dedupe_report report = carry_out(found);
  EXPECT_EQ(report.failures, 0U);
  EXPECT_GE(report.changed, 2U);
  EXPECT_EQ(content_of("b"), other);
  EXPECT_FALSE(are_one("a", "b"));
  EXPECT_FALSE(again);
  EXPECT_EQ(content_of("swapped"), small);
  expect_no_leftovers();
}

TEST_P(Dedupe, DirectoryThatBecomesASymlinkLeadsNowhere) {
  write("t/d/1", small);
  write("t/2", small);
  write("outside/1", small);
  set_time("t/2", 1'000);
  const path_handle root = anchor(at("t"));
  const dedupe_plan found = take(find_duplicates(std::array{walk_root{&root, "t"}}, options, told));
  fs::rename(at("t/d"), at("t/moved"));
  fs::create_directory_symlink(at("outside"), at("t/d"));
  const dedupe_report report = carry_out(found);
  EXPECT_EQ(report.files, 0U);
  EXPECT_EQ(status_of("outside/1").st_nlink, 1U);
  EXPECT_FALSE(are_one("outside/1", "t/2"));
  EXPECT_EQ(status_of("t/moved/1").st_nlink, 1U);
}

TEST_P(Dedupe, AnotherDirectoryOfThatNameIsNotTheOneThatWasWalked) {
  write("t/d/1", small);
  write("t/2", small);
  fs::create_directory(at("outside"));
  fs::create_hard_link(at("t/d/1"), at("outside/1"));
  set_time("t/2", 1'000);
  const path_handle root = anchor(at("t"));
  const dedupe_plan found = take(find_duplicates(std::array{walk_root{&root, "t"}}, options, told));
  fs::rename(at("t/d"), at("t/moved"));
  fs::rename(at("outside"), at("t/d"));
  EXPECT_EQ(carry_out(found).files, 0U);
  EXPECT_EQ(status_of("t/d/1").st_nlink, 2U);
  EXPECT_EQ(status_of("t/2").st_nlink, 1U);
}

TEST_P(Dedupe, WriterThatComesInTheMiddleLosesNothing) {
  const dedupe_plan found = plan_of_two();
  for (const call moment : {call::linkat, call::renameat2}) {
    std::jthread writer;
    {
      const just_before writes(moment, 1, [&] {
        writer = std::jthread([this] { // Its open waits until the lease is given up.
          const int fd = ::open(at("b").c_str(), O_WRONLY);
          EXPECT_EQ(::pwrite(fd, "edit", 4, 0), 4);
          ::close(fd);
        });
        std::this_thread::sleep_for(100ms);
      });
      const dedupe_report report = carry_out(found);
      EXPECT_EQ(writes.times(), 1);
      EXPECT_EQ(report.busy, 1U) << name_of(moment);
      EXPECT_EQ(report.files, 0U);
    }
    writer.join();
    EXPECT_EQ(content_of("b").substr(0, 5), "edits");
    EXPECT_EQ(content_of("a"), small);
    expect_no_leftovers();
    write("b", small);
  }
}

TEST_P(Dedupe, MetadataChangedInTheMiddleAreNotLost) {
  const dedupe_plan found = plan_of_two();
  const std::pair<const char*, std::function<void()>> changes[] = {
      {"mode", [&] { fs::permissions(at("b"), fs::perms(0600)); }},
      {"owner", [&] { ASSERT_EQ(::chown(at("b").c_str(), nobody, nobody), 0); }},
      {"attribute", [&] { ASSERT_EQ(::setxattr(at("b").c_str(), "user.x", "1", 1, 0), 0); }}};
  for (const auto& [what, change] : changes) {
    const auto inode = status_of("b").st_ino;
    {
      const just_before changed(call::renameat2, 1, change);
      const dedupe_report report = carry_out(found);
      EXPECT_EQ(changed.times(), 1) << what;
      EXPECT_EQ(report.changed, 1U) << what;
      EXPECT_EQ(report.files, 0U) << what;
    }
    EXPECT_EQ(status_of("b").st_ino, inode) << what;
    expect_no_leftovers();
    fs::remove(at("b"));
    write("b", small);
    if (status_of("b").st_ino != inode) break; // The plan knows another inode.
  }
}

TEST_P(Dedupe, ModeOfTheKeptOneThatChangesInTheMiddleStopsIt) {
  const dedupe_plan found = plan_of_two();
  const just_before changed(call::linkat, 1, [&] { fs::permissions(at("a"), fs::perms(0666)); });
  EXPECT_EQ(carry_out(found).changed, 1U);
  EXPECT_EQ(changed.times(), 1);
  EXPECT_EQ(status_of("b").st_mode & 07777, 0644U);
  expect_no_leftovers();
}

TEST_P(Dedupe, WhatIsDoneByTheNewNameIsNotTakenBack) {
  const dedupe_plan found = plan_of_two();
  std::jthread writer;
  {
    // Two before the exchange, and two behind it.
    const just_before writes(call::flistxattr, 3, [&] {
      fs::permissions(at("b"), fs::perms(0640));
      writer = std::jthread([this] { // Waits for the lease of the kept one.
        const int fd = ::open(at("b").c_str(), O_WRONLY);
        EXPECT_EQ(::pwrite(fd, "edit", 4, 0), 4);
        ::close(fd);
      });
      std::this_thread::sleep_for(100ms);
      EXPECT_TRUE(are_one("a", "b"));
    });
    EXPECT_EQ(carry_out(found).files, 1U);
    EXPECT_EQ(writes.times(), 1);
  }
  writer.join();
  EXPECT_TRUE(are_one("a", "b"));
  EXPECT_EQ(content_of("b").substr(0, 5), "edits");
  EXPECT_EQ(status_of("b").st_mode & 07777, 0640U);
  expect_no_leftovers();
}

TEST_P(Dedupe, WriterThatMayHaveBeenLetInIsNotBelievedToWait) {
  const dedupe_plan found = plan_of_two();
  std::jthread writer;
  {
    const just_before stops(call::renameat2, 1, [&] {
      writer = std::jthread([this] {
        const int fd = ::open(at("a").c_str(), O_WRONLY);
        EXPECT_EQ(::pwrite(fd, "edit", 4, 0), 4);
        ::close(fd);
      });
      std::this_thread::sleep_for(600ms);
    });
    EXPECT_EQ(carry_out(found).busy, 1U);
    EXPECT_EQ(stops.times(), 1);
  }
  writer.join();
  EXPECT_EQ(content_of("b"), small);
  EXPECT_EQ(content_of("a").substr(0, 5), "edits");
  expect_no_leftovers();
}

/// The name of that pattern.
fs::path private_name_in(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory))
    if (is_random_name(entry.path().filename().native())) return entry.path();
  return {};
}

TEST_P(Dedupe, WriterThatIsLateByTheOldNameGetsItBack) {
  for (const char* name : {"a", "b", "c"}) write(name, small);
  set_time("a", 1'000);
  const dedupe_plan found = take(plan());
  options.tree.threads = 1;
  std::jthread writer;
  {
    // When the next one's turn has come, he is where he has been going to.
    const just_before comes(call::linkat, 2, [&] {
      const auto late = private_name_in(scratch->path());
      writer = std::jthread([late] {
        const int fd = ::open(late.c_str(), O_WRONLY);
        EXPECT_EQ(::pwrite(fd, "edit", 4, 0), 4);
        ::close(fd);
      });
      std::this_thread::sleep_for(100ms);
    });
    const dedupe_report report = carry_out(found);
    EXPECT_EQ(comes.times(), 1);
    EXPECT_EQ(report.busy, 1U);
    EXPECT_EQ(report.files, 1U);
  }
  writer.join();
  EXPECT_EQ(content_of("b").substr(0, 5), "edits");
  EXPECT_EQ(content_of("a"), small);
  EXPECT_TRUE(are_one("a", "c"));
  expect_no_leftovers();
}

TEST_P(Dedupe, LateWriterWhoseNameHasAnotherWriterIsKeptAside) {
  for (const char* name : {"a", "b", "c"}) write(name, small);
  set_time("a", 1'000);
  const dedupe_plan found = take(plan());
  options.tree.threads = 1;
  std::vector<std::jthread> writers;
  {
    const just_before come(call::linkat, 2, [&] {
      for (const auto& at_once : {private_name_in(scratch->path()), at("b")}) {
        writers.emplace_back([at_once] {
          const int fd = ::open(at_once.c_str(), O_WRONLY);
          EXPECT_EQ(::pwrite(fd, "edit", 4, 0), 4);
          ::close(fd);
        });
      }
      std::this_thread::sleep_for(100ms);
    });
    EXPECT_EQ(carry_out(found).failures, 1U);
    EXPECT_EQ(come.times(), 1);
  }
  writers.clear();
  const std::string kept(told.failure_alone().why.name());
  EXPECT_TRUE(kept.starts_with("afio-kept-"));
  EXPECT_EQ(content_of(kept).substr(0, 5), "edits");
  EXPECT_EQ(content_of("b").substr(0, 5), "edits");
  EXPECT_TRUE(are_one("a", "b"));
  EXPECT_EQ(content_of("c"), small);
  expect_no_leftovers();
}

TEST_P(Dedupe, NameThatIsReplacedInTheMiddleStaysWhatItIs) {
  const dedupe_plan found = plan_of_two();
  const just_before replaced(call::renameat2, 1, [&] {
    write("new", "something else");
    fs::rename(at("new"), at("b"));
  });
  EXPECT_EQ(carry_out(found).files, 0U);
  EXPECT_EQ(replaced.times(), 1);
  EXPECT_EQ(content_of("b"), "something else");
  EXPECT_EQ(status_of("a").st_nlink, 1U);
  expect_no_leftovers();
}

TEST_P(Dedupe, NameThatHasBeenReplacedIsNotExchanged) {
  const dedupe_plan found = plan_of_two();
  const std::pair<const char*, std::function<void()>> news[] = {
      {"file", [&] { write("b", "something else"); }},
      {"directory", [&] { fs::create_directory(at("b")); }},
      {"nothing", [] {}}};
  for (const auto& [what, make_new] : news) {
    fs::remove(at("old"));
    // Both are held by then.
    const just_before replaced(call::linkat, 1, [&] {
      fs::rename(at("b"), at("old")); // Its inode stays what it is.
      make_new();
    });
    const dedupe_report report = carry_out(found);
    EXPECT_EQ(replaced.times(), 1) << what;
    EXPECT_EQ(report.changed, 1U) << what;
    EXPECT_EQ(report.files, 0U) << what;
    EXPECT_EQ(detail::calls_seen(call::renameat2), 0U) << what;
    EXPECT_EQ(status_of("a").st_nlink, 1U) << what;
    expect_no_leftovers();
    fs::remove(at("b"));
    fs::rename(at("old"), at("b"));
  }
}

TEST_P(Dedupe, WhoComesByTheNewNameOfAReplacedOneKeepsIt) {
  const dedupe_plan found = plan_of_two();
  std::jthread writer;
  {
    // Two before the exchange.
    const just_before exchanged(call::flistxattr, 3, [&] {
      EXPECT_TRUE(are_one("a", "b"));
      fs::permissions(private_name_in(scratch->path()), fs::perms(0600));
      writer = std::jthread([this] { // Waits for the lease of the kept one.
        const int fd = ::open(at("b").c_str(), O_WRONLY);
        EXPECT_EQ(::pwrite(fd, "edit", 4, 0), 4);
        ::close(fd);
      });
      for (testing::patience left(20s);
           !testing::is_wanted_back(status_of("b")) && !left.is_over();)
        std::this_thread::sleep_for(1ms);
    });
    EXPECT_EQ(carry_out(found).failures, 1U);
    EXPECT_EQ(exchanged.times(), 1);
  }
  writer.join();
  const std::string kept(told.failure_alone().why.name());
  EXPECT_TRUE(kept.starts_with("afio-kept-"));
  EXPECT_EQ(content_of(kept), small);
  EXPECT_EQ(status_of(kept).st_mode & 07777, 0600U);
  EXPECT_EQ(content_of("b").substr(0, 5), "edits");
  EXPECT_TRUE(are_one("a", "b"));
  expect_no_leftovers();
}

TEST_P(Dedupe, WhatReplacesTheNameAgainAndAgainIsNotDeleted) {
  const dedupe_plan found = plan_of_two();
  int times = 0;
  {
    const just_before replaced(
        call::renameat2, 1,
        [&] {
          if (++times > 2) return;
          write("new", "version " + std::to_string(times));
          fs::rename(at("new"), at("b"));
        },
        detail::fault::repeat::for_ever);
    EXPECT_EQ(carry_out(found).failures, 1U);
  }
  EXPECT_GT(times, 2);
  std::set<std::string> contents;
  for (const auto& name : names_in(scratch->path())) contents.insert(content_of(name));
  EXPECT_EQ(contents, (std::set<std::string>{small, "version 1", "version 2"}));
  EXPECT_TRUE(told.failure_alone().why.name().starts_with("afio-kept-"));
  expect_no_leftovers();
}

TEST_P(Dedupe, FullInodeIsFollowedByANewOne) {
  for (const char* name : {"a", "b", "c", "d"}) write(name, small);
  for (const char* name : {"a", "b", "c", "d"}) set_time(name, 1'000 + name[0]);
  const dedupe_plan found = take(plan());
  options.tree.threads = 1;
  const armed full({.which = call::linkat, .nth = 2, .native = EMLINK});
  const dedupe_report report = carry_out(found);
  EXPECT_EQ(report.files, 2U);
  EXPECT_EQ(report.failures, 0U);
  EXPECT_TRUE(are_one("a", "b"));
  EXPECT_TRUE(are_one("c", "d"));
  EXPECT_FALSE(are_one("a", "c"));
}

TEST_P(Dedupe, WhatCannotBeExchangedIsToldByItsName) {
  write("a", small);
  write("b", small);
  options.tree.threads = 1;
  const armed fails(
      {.which = call::renameat2, .nth = 1, .native = EPERM}); // As of an immutable one.
  EXPECT_EQ(run().failures, 1U);
  const listener::failed_entry& failed = told.failure_alone();
  EXPECT_EQ(failed.path, "t/b");
  EXPECT_EQ(failed.why.native(), EPERM);
  EXPECT_EQ(failed.why.name(), "b");
  expect_no_leftovers();
}

TEST_P(Dedupe, EveryFailingCallLeavesEveryNameWithItsContents) {
  options.tree.threads = 1;
  const call kinds[] = {call::linkat,  call::renameat2, call::unlinkat, call::statx,
                        call::openat2, call::pread64,   call::fcntl,    call::flistxattr};
  for (const call kind : kinds) {
    for (std::uint64_t nth = 1;; ++nth) {
      for (const char* name : {"a", "b", "c"}) fs::remove(at(name));
      for (const char* name : {"a", "b", "c"}) write(name, small);
      const dedupe_plan found = take(plan());
      std::uint64_t seen;
      {
        const armed fails({.which = kind, .nth = nth, .native = EIO});
        (void)dedupe(found, options, told);
        seen = detail::calls_seen(kind);
      }
      for (const char* name : {"a", "b", "c"})
        ASSERT_EQ(content_of(name), small) << name_of(kind) << nth;
      for (const auto& entry : fs::directory_iterator(scratch->path())) {
        if (entry.path().filename().native().size() == 1) continue;
        EXPECT_TRUE(entry.path().filename().native().starts_with(".afio-"));
        fs::remove(entry.path());
      }
      if (seen < nth) break;
    }
  }
}

TEST_P(Dedupe, RememberedHashesSpareTheReading) {
  for (const char* name : {"a", "b", "long1", "long2", "long3"})
    write(name, name[0] == 'l' ? large : small);
  std::string middle = large;
  middle[150'000] = '!';
  write("long3", middle);
  for (const hash_caching how : {hash_caching::attribute, hash_caching::file}) {
    options.caching = how;
    std::this_thread::sleep_for(
        20ms); // Beside the files, only what is older than the clock's tick.
    EXPECT_EQ(take(plan()).duplicates, 2U);
    progress second;
    options.tree.counters = &second;
    const dedupe_plan found = take(plan());
    options.tree.counters = nullptr;
    EXPECT_EQ(found.duplicates, 2U);
    const bool caches = GetParam() != file_system::tmpfs;
    EXPECT_EQ(second.bytes.load() == 0, caches) << "read " << second.bytes;
    // Of a class that is known in part, the rest is read.
    write("long2", middle);
    set_time("long2", 1'000);
    EXPECT_EQ(take(plan()).duplicates, 2U);
    write("long2", large);
  }
  EXPECT_EQ(carry_out(take(plan())).files, 2U) << "records are no attributes that count";
}

TEST_P(Dedupe, ForgedRecordLosesNothing) {
  if (GetParam() == file_system::tmpfs) GTEST_SKIP() << "nothing is remembered on tmpfs";
  write("a", small);
  std::string other = small;
  other[1] = '!';
  write("b", other);
  options.caching = hash_caching::file;
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(take(plan()).duplicates, 0U);
  // The same hash for both: their records, but for the hash, are right.
  const auto forge = [&](const char* name) {
    const stat_t s = take(take(fs_handle::pin(dir, leaf(name))).stat());
    return hash_record::of({1, 1}, s, s.changed);
  };
  side_hashes forged;
  forged.load(dir);
  for (const char* name : {"a", "b"}) forged.note(forge(name));
  ASSERT_TRUE(succeeded(forged.save(dir)));
  const dedupe_plan found = take(plan());
  EXPECT_EQ(found.duplicates, 1U) << "the attack happened";
  const dedupe_report report = carry_out(found);
  EXPECT_EQ(report.files, 0U);
  EXPECT_EQ(report.changed, 1U);
  EXPECT_EQ(content_of("a"), small);
  EXPECT_EQ(content_of("b"), other);
}

TEST_P(Dedupe, StopsAtADeadlineAndAtARequest) {
  write("a", small);
  write("b", small);
  const dedupe_plan found = take(plan());
  options.tree.deadline = deadline::in(0s);
  EXPECT_EQ(carry_out(found).stopped, stopped::by_deadline);
  options.tree.deadline = {};
  std::stop_source stop;
  stop.request_stop();
  options.tree.stop = stop.get_token();
  EXPECT_EQ(carry_out(found).stopped, stopped::by_request);
  EXPECT_EQ(take(plan()).groups(), 0U);
  EXPECT_FALSE(are_one("a", "b"));
}

TEST_P(Dedupe, FindingThatIsNotOverBeforeTheDeadlineSaysSo) {
  for (const char* name : {"c", "d"}) { // Which their ends do not tell apart.
    std::string content = large;
    content[150'000] = *name;
    write(name, content);
  }
  for (const char* name : {"a", "b"}) write(name, large + "longer"); // The last to be read.
  options.tree.threads = 1;
  bool reached = true, stopped_once = false;
  for (std::uint64_t nth = 1; reached; ++nth) {
    options.tree.deadline = deadline::in(50ms);
    const just_before reading(call::pread64, nth, [] { std::this_thread::sleep_for(60ms); });
    const dedupe_plan found = take(plan());
    reached = reading.times() != 0;
    if (found.stopped == stopped::no) {
      EXPECT_EQ(found.duplicates, 1U) << nth;
      continue;
    }
    EXPECT_EQ(found.stopped, stopped::by_deadline) << nth;
    EXPECT_LE(found.duplicates, 1U) << nth << ": only what was read whole";
    stopped_once = true;
  }
  EXPECT_TRUE(stopped_once);
}

TEST_P(Dedupe, DeadlineThatEndsTheLastGroupIsTheReason) {
  for (const char* name : {"a", "b", "c"}) write(name, small);
  for (const char* name : {"a", "b", "c"}) set_time(name, 1'000 + name[0]);
  options.tree.threads = 1;
  options.tree.on_failure = on_failure::stop;
  const dedupe_plan found = take(plan());
  options.tree.deadline = deadline::in(1s);
  const just_before linking(call::linkat, 1, [] { std::this_thread::sleep_for(1100ms); });
  const dedupe_report report = carry_out(found);
  EXPECT_EQ(report.stopped, stopped::by_deadline);
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(report.failures, 0U);
}

TEST_P(Dedupe, DeadlineThatComesWhenAllIsDoneStopsNothing) {
  const dedupe_plan found = plan_of_two();
  options.tree.deadline = deadline::in(1s);
  const just_before linking(call::linkat, 1, [] { std::this_thread::sleep_for(1100ms); });
  const dedupe_report report = carry_out(found);
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(report.stopped, stopped::no);
}

TEST_P(Dedupe, FindingStopsAtTheFirstFailureIfItShall) {
  write("a", small);
  write("b", small);
  write("c", small);
  options.tree.threads = 1;
  for (const on_failure what : {on_failure::proceed, on_failure::stop}) {
    options.tree.on_failure = what;
    const armed fails({.which = call::pread64, .nth = 1, .native = EIO});
    const dedupe_plan found = take(plan());
    EXPECT_EQ(found.failures, 1U);
    EXPECT_EQ(found.stopped, what == on_failure::stop ? stopped::by_failure : stopped::no);
  }
}

TEST_P(Dedupe, SharesBlocksAndChangesNoMetadata) {
  write("a", large);
  write("b", large);
  std::string middle = large;
  middle[150'000] = '!';
  write("c", middle);
  fs::permissions(at("b"), fs::perms(0600));
  set_time("b", 1'000);
  options.by = dedupe_by::sharing;
  options.match = aspect::none;
  if (!shares()) {
    const dedupe_report report = run();
    EXPECT_EQ(report.failures, 1U);
    EXPECT_EQ(report.files, 0U);
    EXPECT_EQ(told.failure_alone().what, operation::share);
    return;
  }
  const struct stat before = status_of("b");
  const dedupe_report report = run();
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(report.names, 0U);
  EXPECT_EQ(told.paths_of(event_kind::shared).size(), 1U);
  const struct stat after = status_of("b");
  EXPECT_FALSE(are_one("a", "b"));
  EXPECT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
  EXPECT_EQ(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(content_of("b"), large);
  EXPECT_EQ(content_of("c"), middle);
  EXPECT_EQ(run().files, 0U) << "they share already";
}

TEST_P(Dedupe, FileThatIsTruncatedInTheMiddleIsNotTakenForOneThatCannotShare) {
  if (!shares()) GTEST_SKIP() << "it shares no blocks";
  for (const char* name : {"a", "b", "c"}) write(name, large);
  for (const char* name : {"a", "b", "c"}) set_time(name, 1'000 + name[0]);
  options.by = dedupe_by::automatic;
  options.tree.threads = 1;
  const dedupe_plan found = take(plan());
  // Two ask where the blocks are.
  const just_before cut(call::ioctl, 3, [&] { fs::resize_file(at("b"), 5); });
  const dedupe_report report = carry_out(found);
  EXPECT_EQ(cut.times(), 1);
  EXPECT_EQ(report.changed, 1U);
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(report.failures, 0U);
  EXPECT_FALSE(are_one("a", "c"));
}

/// Makes a file that is written in place and has no checksums: it shares with its like alone.
void make_unsummed(const fs::path& at) {
  const int fd = ::open(at.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  int flags = 0;
  ASSERT_EQ(::ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
  flags |= FS_NOCOW_FL;
  ASSERT_EQ(::ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
  ::close(fd);
}

TEST_P(Dedupe, PairThatCannotShareIsNotLinkedAndTheOthersShare) {
  if (GetParam() != file_system::btrfs) GTEST_SKIP() << "every two files can, or none";
  make_unsummed(at("b"));
  for (const char* name : {"a", "b"}) write(name, large);
  for (const char* name : {"c", "d"}) write(name, "other" + large);
  for (const char* name : {"a", "b", "c", "d"}) set_time(name, 1'000 + name[0]);
  options.by = dedupe_by::automatic;
  options.tree.threads = 1;
  const dedupe_report report = run();
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(told.failure_alone().path, "t/b");
  EXPECT_EQ(told.failure_alone().what, operation::share);
  EXPECT_EQ(told.failure_alone().why.native(), EINVAL);
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(told.paths_of(event_kind::shared), std::vector<std::string>{"t/d"});
  EXPECT_FALSE(are_one("a", "b"));
  EXPECT_FALSE(are_one("c", "d"));
}

TEST_P(Dedupe, NameThatIsMountedOnSaysNothingOfTheFileSystem) {
  for (const char* name : {"a", "b"}) write(name, large);
  for (const char* name : {"c", "d"}) write(name, "other" + large);
  for (const char* name : {"a", "b", "c", "d"}) set_time(name, 1'000 + name[0]);
  options.by = dedupe_by::automatic;
  options.tree.threads = 1;
  const dedupe_plan found = take(plan());
  const testing::mounted over = testing::mounted::bind(at("b"), at("b"));
  const dedupe_report report = carry_out(found);
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(told.failure_alone().why.native(), EXDEV);
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(are_one("c", "d"), !shares());
}

TEST_P(Dedupe, AutomaticSharesWhereItCanAndElseLinks) {
  write("a", large);
  write("b", large);
  options.by = dedupe_by::automatic;
  EXPECT_EQ(run().files, 1U);
  EXPECT_EQ(are_one("a", "b"), !shares());
  EXPECT_EQ(content_of("b"), large);
}

/// On a file system that says EINVAL to every two files, as it lies over one that cannot share.
TEST_P(Dedupe, AutomaticLinksOnAnOverlayOverWhatCannotShare) {
  make("d lower\n d upper\n d work\n d over");
  const auto overlay = testing::mounted::device("overlay", at("over"), "overlay",
                                                "lowerdir=" + at("lower").string() +
                                                    ",upperdir=" + at("upper").string() +
                                                    ",workdir=" + at("work").string());
  write("over/a", large);
  write("over/b", large);
  options.by = dedupe_by::automatic;
  const auto root = anchor(at("over"));
  const auto found = take(find_duplicates(std::array{walk_root{&root, "t"}}, options, told));
  EXPECT_EQ(carry_out(found).files, 1U);
  EXPECT_EQ(are_one("over/a", "over/b"), !shares());
  EXPECT_EQ(content_of("over/b"), large);
}

TEST_P(Dedupe, WhetherAllThatIsRefusedCannotShareIsAskedOfAClone) {
  if (GetParam() == file_system::tmpfs) GTEST_SKIP() << "it does not say where blocks are";
  write("a", large);
  write("b", large);
  options.by = dedupe_by::automatic;
  options.tree.threads = 1;
  const dedupe_plan found = take(plan());
  // Two ask where the blocks are.
  const armed refused({.which = call::ioctl, .nth = 3, .native = EINVAL});
  const dedupe_report report = carry_out(found);
  EXPECT_EQ(report.failures, shares() ? 1U : 0U);
  EXPECT_EQ(are_one("a", "b"), !shares());
}

} // namespace
} // namespace afio::unit
