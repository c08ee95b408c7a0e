#include "afio/detail/fault.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

void set_times(const fs::path& at, timespec modified) {
  const timespec both[] = {{1'000'000'001, 7}, modified};
  ASSERT_EQ(::utimensat(AT_FDCWD, at.c_str(), both, AT_SYMLINK_NOFOLLOW), 0) << at;
}

/// Bytes at some offsets, and the size.
void make_sparse(const fs::path& at, const std::vector<off_t>& data, off_t size) {
  const testing::unique_fd file(::open(at.c_str(), O_CREAT | O_WRONLY, 0644));
  for (const off_t offset : data) ASSERT_EQ(::pwrite(file.get(), "data", 4, offset), 4);
  ASSERT_EQ(::ftruncate(file.get(), size), 0);
}

std::uint64_t blocks_of(const fs::path& at) {
  struct stat s {};

  EXPECT_EQ(::lstat(at.c_str(), &s), 0);
  return static_cast<std::uint64_t>(s.st_blocks);
}

struct armed_fault {
  explicit armed_fault(const detail::fault& f) { detail::arm(f); }

  ~armed_fault() { detail::disarm(); }
};

class Copying : public per_file_system {
protected:
  result<copy_report> copy(const char* from, const char* to, const copy_options& options = {}) {
    return copy_tree(dir, leaf(from), dir, leaf(to), from, options, told);
  }

  copy_report copied(const char* from, const char* to, const copy_options& options = {}) {
    return take(copy(from, to, options));
  }

  /// Names in the directory that are afio's own.
  std::size_t leftovers() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(scratch->path())) {
      if (entry.path().filename().string().starts_with(".afio-")) ++count;
    }
    return count;
  }

  void make_odd_tree() {
    make("d s/a/b 0750\n d s/empty 0555\n f s/a/f 100 0644\n f s/a/big 300000 0600\n"
         "f s/none 0 0400\n f s/suid 10 0755\n l s/l -> a/f\n l s/dangling -> /nowhere\n"
         "p s/p 0620\n s s/sock 0600\n h s/a/b/again = s/a/f\n h s/p2 = s/p\n h s/l2 = s/l\n"
         "f s/n\\x0al\\xff 5\n d s/sticky 01777");
    ASSERT_EQ(::setxattr(at("s/a/f").c_str(), "user.note", "hello", 5, 0), 0);
    if (::geteuid() == 0) {
      make("c s/null 1 3\n b s/block 7 9\n o s/suid 12 34\n o s/l 56 78\n o s/a/b 12 34");
      ASSERT_EQ(::chmod(at("s/suid").c_str(), 06755), 0);
    }
    std::ofstream(at("s") / std::string(255, 'x')) << "long";
    set_times(at("s/a/f"), {1'234'567'890, 123'456'789});
    set_times(at("s/l"), {-86'400, 5});
    set_times(at("s/a/b"), {2'000'000'000, 1});
    set_times(at("s/p"), {17, 0});
    set_times(at("s/a"), {1'500'000'000, 42});
    set_times(at("s"), {1'600'000'000, 43});
  }

  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, Copying, all_kinds(), kind_of);

TEST_P(Copying, AnOddTreeIsEqualInEveryField) {
  make_odd_tree();
  const auto before = picture_of(at("s"));
  const copy_report report = copied("s", "t");
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(picture_of(at("t")), before);
  EXPECT_EQ(picture_of(at("s")), before);
  EXPECT_EQ(report.linked, 3U);
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(Copying, WhatTheSourceIsCalledSaysNothingToFiltersAndLinks) {
  make("d s/d\n f s/d/f 10\n h s/g = s/d/f\n f s/x 1");
  path_filter no_x;
  ASSERT_TRUE(no_x.add(path_filter::action::exclude, "/x"));
  for (const char* shown : {"", "s", "s/", "/"}) {
    const auto report =
        take(copy_tree(dir, leaf("s"), dir, leaf("t"), shown, {.filter = &no_x}, told));
    EXPECT_EQ(report.failures, 0U) << told << '"' << shown << '"';
    EXPECT_EQ(report.linked, 1U) << '"' << shown << '"';
    EXPECT_FALSE(fs::exists(at("t/x"))) << '"' << shown << '"';
    fs::remove_all(at("t"));
  }
}

TEST_P(Copying, ACopyWhoseNameIsPerhapsNotDurableIsThereAndTold) {
  make("d s\n f s/f 10\n f f 10");
  copy_options options{.tree = {.threads = 1}};
  options.file.sync = sync::all;
  // Of a file, the contents come first.
  for (const auto& [name, nth] : {std::pair("s", 1U), std::pair("f", 2U)}) {
    told.failures.clear();
    const std::string to = std::string("copy of ") + name;
    const armed_fault broken({.which = call::fsync, .nth = nth, .native = EIO});
    const auto report = take(copy(name, to.c_str(), options));
    EXPECT_EQ(report.failures, 1U) << told;
    EXPECT_EQ(told.failure_alone().what, operation::publish);
    EXPECT_EQ(told.failure_alone().why.native(), EIO);
    EXPECT_FALSE(report.left_as);
    EXPECT_EQ(picture_of(at(to)), picture_of(at(name)));
  }
}

TEST_P(Copying, MergedIntoNothingItIsEqualToo) {
  make_odd_tree();
  make("d t 0700");
  EXPECT_EQ(copied("s", "t", {.existing = copy_options::existing::merge}).failures, 0U) << told;
  EXPECT_EQ(picture_of(at("t")), picture_of(at("s")));
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(Copying, FromAnotherFileSystemItIsEqualToo) {
  make_odd_tree();
  const testing::scratch_directory elsewhere;
  const auto there = anchor(elsewhere.path());
  (void)take(copy_tree(dir, leaf("s"), there, leaf("t"), "s", {}, told));
  (void)take(copy_tree(there, leaf("t"), dir, leaf("u"), "t", {}, told));
  EXPECT_TRUE(told.failures.empty()) << told;
  EXPECT_EQ(picture_of(at("u")), picture_of(at("s")));
}

TEST_P(Copying, HolesStayHolesAndNoneIsInvented) {
  make("d s");
  constexpr off_t unit = 1 << 17;
  make_sparse(at("s/leading"), {8 * unit}, 8 * unit + 4);
  make_sparse(at("s/middle"), {0, 8 * unit}, 8 * unit + 4);
  make_sparse(at("s/trailing"), {0}, 8 * unit + 1);
  make_sparse(at("s/all"), {}, 8 * unit);
  std::ofstream(at("s/zeros")) << std::string(unit, '\0');
  copy_options options;
  options.file.reflink = reflink::never;
  EXPECT_EQ(copied("s", "t", options).failures, 0U) << told;
  EXPECT_EQ(picture_of(at("t")), picture_of(at("s")));
  for (const char* name : {"leading", "middle", "trailing", "all"}) {
    EXPECT_LE(blocks_of(at("t") / name), blocks_of(at("s") / name)) << name;
  }
  EXPECT_GE(blocks_of(at("t/zeros")), static_cast<std::uint64_t>(unit) / 512);
  options.file.sparse = sparse::always;
  (void)copied("s", "u", options);
  EXPECT_LT(blocks_of(at("u/zeros")), 64U);
  options.file.sparse = sparse::never;
  EXPECT_EQ(copied("s", "v", options).failures, 0U) << told;
  EXPECT_EQ(picture_of(at("u")), picture_of(at("s")));
  EXPECT_EQ(picture_of(at("v")), picture_of(at("s")));
}

TEST_P(Copying, EachWayToCopyBytesIsForced) {
  make("d s\n f s/f 400000\n f s/g 10");
  const auto expected = picture_of(at("s"));
  const std::vector<detail::fault> faults{
      {.which = call::ioctl, .repeats = detail::fault::repeat::for_ever, .native = EOPNOTSUPP},
      {.which = call::copy_file_range, .repeats = detail::fault::repeat::for_ever, .native = EXDEV},
      {.which = call::pread64, .repeats = detail::fault::repeat::once, .native = EINTR}};
  int number = 0;
  for (const auto& f : faults) {
    const std::string name = "t" + std::to_string(number++);
    copy_options options;
    if (f.which != call::ioctl) options.file.reflink = reflink::never;
    const armed_fault here(f);
    EXPECT_EQ(copied("s", name.c_str(), options).failures, 0U) << told;
    EXPECT_EQ(picture_of(at(name)), expected);
  }
}

TEST_P(Copying, ReflinkAlwaysSharesOrFails) {
  make("d s\n f s/f 400000");
  copy_options options;
  options.file.reflink = reflink::always;
  EXPECT_EQ(copied("s", "t", options).failures, shares() ? 0U : 1U) << told;
}

TEST_P(Copying, WithoutUnnamedFilesARandomNameDoes) {
  make("d s\n f s/f 100\n d t\n f t/f 3");
  copy_options options;
  options.tree.threads = 1;
  options.existing = copy_options::existing::merge;
  // One of these opens is the one that would make a file without a name; the others must succeed.
  unsigned copies_without = 0;
  for (std::uint64_t nth = 1, seen = 1; seen >= nth - 1; ++nth) {
    detail::arm({.which = call::openat, .nth = nth, .native = EOPNOTSUPP});
    const auto done = copy("s", "t", options);
    detail::disarm();
    seen = detail::calls_seen(call::openat);
    if (done && done.assume_value().failures == 0) ++copies_without;
    EXPECT_EQ(leftovers(), 0U) << nth;
    EXPECT_EQ(testing::manifest(at("t")).entries.size(), 2U) << nth;
  }
  // The last round met no fault at all.
  EXPECT_EQ(copies_without, 2U);
}

TEST_P(Copying, IntoItselfIsRefused) {
  make("d s/d\n f s/f 1");
  const auto below = anchor(at("s"));
  const auto deep = anchor(at("s/d"));
  for (const path_handle* to : {&below, &deep}) {
    const auto done = copy_tree(dir, leaf("s"), *to, leaf("t"), "s", {}, told);
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.assume_error() == errc::refused);
  }
  const auto same = copy("s", "s", {.existing = copy_options::existing::merge});
  ASSERT_FALSE(same);
  EXPECT_TRUE(same.assume_error() == errc::refused);
  EXPECT_EQ(testing::manifest(at("s")).entries.size(), 3U);
}

TEST_P(Copying, WhatIsThereIsNotTouchedUnlessMerged) {
  make("d s\n f s/f 1\n d t\n f t/other 1\n f u 1");
  for (const char* name : {"t", "u"}) EXPECT_TRUE(failed_with(copy("s", name), EEXIST)) << name;
  EXPECT_EQ(testing::manifest(at("t")).entries.size(), 2U);
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(Copying, MergingReplacesWholeFilesAndKeepsWhatTheSourceLacks) {
  make("d s\n f s/f 100\n f s/l 7\n f s/new 3\n"
       "d t\n f t/f 5\n h t/other = t/f\n f t/mine 9\n f victim 4\n l t/l -> ../victim");
  const auto other = testing::manifest(at("t")).entries.at("other");
  const auto victim = metadata_of(at("victim"));
  const auto report = copied("s", "t", {.existing = copy_options::existing::merge});
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(report.replaced, 2U);
  EXPECT_EQ(report.created, 1U);
  const testing::manifest after(at("t"));
  EXPECT_EQ(after.entries.at("f").size, 100U);
  EXPECT_EQ(after.entries.at("l").type, 'f');
  EXPECT_EQ(after.entries.at("mine").size, 9U);
  EXPECT_EQ(after.entries.at("other").size, 5U);
  EXPECT_EQ(after.entries.at("other").content, other.content);
  EXPECT_EQ(metadata_of(at("victim")), victim);
  EXPECT_EQ(fs::file_size(at("victim")), 4U);
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(Copying, MergingNeverReplacesADirectoryByAFileNorAFileByADirectory) {
  make("d s/d\n f s/f 1\n f t/d 1\n d t/f");
  EXPECT_EQ(copied("s", "t", {.existing = copy_options::existing::merge}).failures, 2U);
  EXPECT_EQ(told.failed_paths(), (std::vector<std::string>{"s/d", "s/f"}));
  EXPECT_TRUE(fs::is_regular_file(at("t/d")));
  EXPECT_TRUE(fs::is_directory(at("t/f")));
}

TEST_P(Copying, AFileThatCannotBeReadIsToldAndTheRestIsCopied) {
  make("d s\n f s/a 10\n f s/b 10\n f s/c 10");
  copy_options options;
  options.tree.threads = 1;
  {
    const armed_fault eio({.which = call::pread64, .native = EIO});
    options.file.reflink = reflink::never;
    EXPECT_EQ(copied("s", "t", options).failures, 1U);
  }
  EXPECT_EQ(told.failures.size(), 1U);
  EXPECT_EQ(testing::manifest(at("t")).entries.size(), 3U);
}

// NFS and FUSE report then what they could not write.
TEST_P(Copying, AFileWhoseCloseFailsIsNotInTheCopyAndIsTold) {
  make("f s/f 10\n f t/f 5");
  copy_options merging;
  merging.existing = copy_options::existing::merge;
  for (const char* to : {"new", "t"}) {
    const armed_fault closing({.which = call::close, .native = EIO});
    EXPECT_EQ(copied("s", to, merging).failures, 1U);
    EXPECT_EQ(told.failed_paths(), std::vector<std::string>{"s/f"});
    told.failures.clear();
  }
  EXPECT_FALSE(fs::exists(at("new/f")));
  EXPECT_EQ(fs::file_size(at("t/f")), 5U);
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(Copying, AFullDiskLeavesNoHalfFile) {
  make("d s\n f s/a 100000\n d t");
  copy_options options;
  options.existing = copy_options::existing::merge;
  options.file.reflink = reflink::never;
  const armed_fault full(
      {.which = call::pwrite64, .repeats = detail::fault::repeat::for_ever, .native = ENOSPC});
  EXPECT_EQ(copied("s", "t", options).failures, 1U);
  EXPECT_EQ(told.failure_alone().why.native(), ENOSPC);
  EXPECT_EQ(testing::manifest(at("t")).entries.size(), 1U);
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(Copying, AllOrNothingLeavesNothingWhereOneEntryFails) {
  make("d s/d\n f s/a 10\n f s/d/b 10");
  copy_options options;
  options.extent = copy_options::extent::all_or_nothing;
  options.file.reflink = reflink::never;
  {
    const armed_fault eio({.which = call::pread64, .native = EIO});
    EXPECT_EQ(copied("s", "t", options).failures, 1U);
  }
  EXPECT_FALSE(fs::exists(at("t")));
  EXPECT_EQ(leftovers(), 0U);
  EXPECT_EQ(copied("s", "t", options).failures, 0U);
  EXPECT_TRUE(fs::exists(at("t/d/b")));
}

fs::path to_append_to;
int appends_left = 0;

void append(call) noexcept {
  if (appends_left-- > 0) std::ofstream(to_append_to, std::ios::app) << 'x';
}

TEST_P(Copying, ASourceThatChangesIsTriedAgainAndThenReported) {
  make("d s\n f s/f 10");
  to_append_to = at("s/f");
  copy_options options;
  options.tree.threads = 1;
  options.file.reflink = reflink::never;
  for (const int times : {1, 1'000'000}) {
    appends_left = times;
    options.file.retry = deadline::in(std::chrono::milliseconds(200));
    const armed_fault meddling(
        {.which = call::pread64, .repeats = detail::fault::repeat::for_ever, .stop = append});
    const auto report = copied("s", times == 1 ? "once" : "always", options);
    EXPECT_EQ(report.kept_changing, times == 1 ? 0U : 1U);
    EXPECT_EQ(report.failures, report.kept_changing);
  }
  EXPECT_EQ(fs::file_size(at("once/f")), 11U);
  EXPECT_FALSE(fs::exists(at("always/f")));
  EXPECT_TRUE(told.failure_alone().why == errc::kept_changing);
}

std::stop_source asked_to_stop;

void append_and_stop(call here) noexcept {
  append(here);
  asked_to_stop.request_stop();
}

TEST_P(Copying, AStopWhileASourceChangesIsNoFailureOfIt) {
  make("d s\n f s/f 10");
  to_append_to = at("s/f");
  appends_left = 1'000'000;
  asked_to_stop = {};
  copy_options options{.tree = {.threads = 1, .stop = asked_to_stop.get_token()}};
  options.file.reflink = reflink::never;
  options.file.retry = {};
  const armed_fault meddling({.which = call::pread64,
                              .repeats = detail::fault::repeat::for_ever,
                              .stop = append_and_stop});
  const auto report = copied("s", "t", options);
  EXPECT_EQ(report.stopped, stopped::by_request) << "it was the last file of all";
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_FALSE(fs::exists(at("t")));
}

TEST_P(Copying, ARehearsalTellsWhatIsDoneAndDoesNothing) {
  make_odd_tree();
  copy_options options;
  options.tree.threads = 1;
  options.doing = copy_options::doing::rehearse;
  const auto planned = copied("s", "t", options);
  const auto created = told.paths_of(event_kind::created);
  const auto linked = told.paths_of(event_kind::linked);
  EXPECT_FALSE(fs::exists(at("t")));
  EXPECT_EQ(leftovers(), 0U);
  told.events.clear();
  options.doing = copy_options::doing::execute;
  const auto done = copied("s", "t", options);
  EXPECT_EQ(told.paths_of(event_kind::created), created);
  EXPECT_EQ(told.paths_of(event_kind::linked), linked);
  EXPECT_EQ(done.created, planned.created);
}

TEST_P(Copying, OnlyWhatTheFilterIncludesIsCopied) {
  make("d s/keep\n f s/keep/a.c 1\n f s/keep/a.o 1\n d s/skip\n f s/skip/b.c 1");
  path_filter filter;
  ASSERT_TRUE(succeeded(filter.add(path_filter::action::exclude, "*.o")));
  ASSERT_TRUE(succeeded(filter.add(path_filter::action::exclude, "/skip/")));
  EXPECT_EQ(copied("s", "t", {.filter = &filter}).failures, 0U);
  const testing::manifest found(at("t"));
  EXPECT_EQ(found.entries.size(), 3U);
  EXPECT_TRUE(found.entries.contains("keep/a.c"));
}

TEST_P(Copying, WithVerifyAndSyncItIsTheSame) {
  make_odd_tree();
  copy_options options;
  options.file.verify = copy_file_options::verify::contents;
  options.file.sync = sync::all;
  EXPECT_EQ(copied("s", "t", options).failures, 0U) << told;
  EXPECT_EQ(picture_of(at("t")), picture_of(at("s")));
}

TEST_P(Copying, AsAUserReadOnlyDirectoriesCopyAndSetuidIsNotLent) {
  if (const auto reason = no_other_user(); !reason.empty()) GTEST_SKIP() << reason;
  make("d s/ro\n f s/ro/f 10\n f s/suid 10\n f s/shared 10");
  fs::permissions(scratch->path(), fs::perms(0777));
  ASSERT_EQ(::chmod(at("s/suid").c_str(), 06755), 0);
  ASSERT_EQ(::chmod(at("s/shared").c_str(), 0664), 0);
  ASSERT_EQ(::chmod(at("s/ro").c_str(), 0555), 0);
  EXPECT_EQ(as_user(nobody,
                    [&] {
                      listener heard;
                      const auto report =
                          take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", {}, heard));
                      EXPECT_EQ(report.failures, 0U) << heard;
                    }),
            0);

  struct stat s {};

  ASSERT_EQ(::lstat(at("t/suid").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 07777, 0755U);
  ASSERT_EQ(::lstat(at("t/shared").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 07777, 0644U);
  ASSERT_EQ(::lstat(at("t/ro").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 07777, 0555U);
  fs::permissions(at("t/ro"), fs::perms(0755));
}

void set_default_acl(const fs::path& at) { set_acl(at, default_acl, {7, 7, 7, 7, 7}); }

TEST_P(Copying, ADefaultAclOfTheTargetDoesNotReachTheCopies) {
  make("d s\n f s/f 10 0640\n d t");
  for (const auto& where : {scratch->path(), at("t")}) {
    set_default_acl(where);
  }
  EXPECT_EQ(copied("s", "u").failures, 0U) << told;
  EXPECT_EQ(copied("s", "t", {.existing = copy_options::existing::merge}).failures, 0U) << told;
  EXPECT_EQ(picture_of(at("u")), picture_of(at("s")));
  EXPECT_EQ(picture_of(at("t")), picture_of(at("s")));
}

/// On xfs the ACL is set after a directory is born, by the clock now and then a tick later.
TEST_P(Copying, WhatInheritsAnAclIsNotTakenForSomethingElse) {
  make("d s\n d t");
  for (int i = 0; i < 3000; ++i) fs::create_directory(at("s") / std::to_string(i));
  set_default_acl(at("t"));
  EXPECT_EQ(copied("s", "t", {.existing = copy_options::existing::merge}).failures, 0U) << told;
}

TEST_P(Copying, AclsAreKept) {
  make("d s/d\n f s/f 10 0640");
  set_acl(at("s/f"), access_acl, {6, 6, 0, 6, 0});
  set_acl(at("s/d"), default_acl, {6, 6, 0, 6, 0});
  EXPECT_EQ(copied("s", "t").failures, 0U) << told;
  EXPECT_EQ(picture_of(at("t")), picture_of(at("s")));
  // Without it, the group has what the ACL gave the owning group: nothing.
  copy_options options;
  options.file.preserve = aspect::mode | aspect::ownership;
  EXPECT_EQ(copied("s", "u", options).failures, 0U) << told;
  EXPECT_EQ(rights_of(at("u/f")), "0600");
}

/// A file with an ACL is copied to where every new one inherits another.
class WhereAclsAreInherited : public Copying {
protected:
  void SetUp() override {
    Copying::SetUp();
    if (IsSkipped()) return;
    make("f f 10 0640\n f s/f 10 0640\n d t");
    for (const char* source : {"f", "s/f"}) set_acl(at(source), access_acl, {6, 4, 4, 4, 0});
    for (const auto& target : {scratch->path(), at("t")}) set_default_acl(target);
    without_acls.file.preserve = aspect::mode | aspect::ownership;
    merging.existing = copy_options::existing::merge;
  }

  copy_options without_acls, merging;
};

INSTANTIATE_TEST_SUITE_P(Kinds, WhereAclsAreInherited, all_kinds(), kind_of);

TEST_P(WhereAclsAreInherited, OneThatIsNotKeptLeavesNoOther) {
  EXPECT_EQ(copied("f", "u", without_acls).failures, 0U) << told;
  EXPECT_EQ(rights_of(at("u")), "0640");
  merging.file = without_acls.file;
  EXPECT_EQ(copied("s", "t", merging).failures, 0U) << told;
  EXPECT_EQ(rights_of(at("t/f")), "0640");
}

TEST_P(WhereAclsAreInherited, OneThatCannotBeSetLeavesNoOther) {
  const armed_fault full(
      {.which = call::fsetxattr, .repeats = detail::fault::repeat::for_ever, .native = ENOSPC});
  EXPECT_EQ(copied("f", "u").failures, 0U) << told;
  EXPECT_EQ(rights_of(at("u")), "0640");
  EXPECT_EQ(copied("s", "t", merging).failures, 0U) << told;
  EXPECT_EQ(rights_of(at("t/f")), "0640");
}

TEST_P(WhereAclsAreInherited, OneThatCannotBeFoundOutLeavesNoOther) {
  const armed_fault unlisted({.which = call::flistxattr, .nth = 2, .native = EIO});
  EXPECT_EQ(copied("f", "u", without_acls).failures, 0U) << told;
  EXPECT_EQ(rights_of(at("u")), "0640");
}

TEST_P(WhereAclsAreInherited, ACopyThatCannotBeRidOfItsAclIsNone) {
  const armed_fault broken(
      {.which = call::fremovexattr, .repeats = detail::fault::repeat::for_ever, .native = EIO});
  EXPECT_EQ(copied("f", "u", without_acls).failures, 1U);
  EXPECT_EQ(told.failure_alone().why.native(), EIO);
  EXPECT_FALSE(fs::exists(at("u")));
  EXPECT_EQ(leftovers(), 0U);
}

/// The mask of an ACL stands in the mode where the group's permissions do when there is none.
TEST_P(Copying, AnAclThatIsTakenOffLeavesItsMaskToNobody) {
  make("d s\n d t");
  for (const char* both : {"s", "t"}) set_acl(at(both), access_acl, {7, 7, 0, 7, 0});
  copy_options options{.tree = {.threads = 1}, .existing = copy_options::existing::merge};
  options.file.preserve = aspect::mode | aspect::ownership;
  std::string meanwhile;
  {
    const just_before removed(call::fremovexattr, 1, [&] { meanwhile = rights_of(at("t")); });
    EXPECT_EQ(copied("s", "t", options).failures, 0U) << told;
    EXPECT_EQ(removed.times(), 1);
  }
  EXPECT_EQ(meanwhile, "0700+");
  EXPECT_EQ(rights_of(at("t")), "0700");
}

TEST_P(Copying, AttributesThatCannotBeListedCostTheTargetNoneOfItsOwn) {
  make("d s\n d t");
  set_acl(at("s"), access_acl, {7, 7, 0, 7, 0});
  ASSERT_EQ(::setxattr(at("t").c_str(), "user.own", "x", 1, 0), 0);
  copy_options options{.tree = {.threads = 1}, .existing = copy_options::existing::merge};
  const auto copied_unlisted = [&] {
    told.losses.clear();
    const armed_fault unlisted({.which = call::flistxattr, .nth = 1, .native = EIO});
    EXPECT_EQ(copied("s", "t", options).failures, 0U) << told;
    EXPECT_EQ(told.losses, std::vector<std::string>{"extended attribute of s"});
    EXPECT_EQ(::getxattr(at("t").c_str(), "user.own", nullptr, 0), 1);
  };
  copied_unlisted();
  EXPECT_EQ(rights_of(at("t")), "0770+");
  options.file.preserve = without(aspect::all, aspect::acl);
  copied_unlisted();
  EXPECT_EQ(rights_of(at("t")), "0700");
}

TEST_P(Copying, MoreNamesOfAttributesThanAreListedGiveTheGroupNoMore) {
  if (!shares()) GTEST_SKIP() << "a file has no room for so many";
  make("f f 10 0640");
  set_acl(at("f"), access_acl, {6, 6, 4, 6, 0});
  for (int i = 0; i < 300; ++i) {
    const std::string name = "user." + std::string(240, 'x') + std::to_string(i);
    ASSERT_EQ(::setxattr(at("f").c_str(), name.c_str(), "x", 1, 0), 0) << i;
  }
  EXPECT_EQ(copied("f", "t").failures, 0U) << told;
  EXPECT_EQ(told.losses, std::vector<std::string>{"extended attribute of f"});
  EXPECT_EQ(rights_of(at("t")), "0660+");
  // What the ACL gives the owning group cannot be known.
  const armed_fault unread(
      {.which = call::fgetxattr, .repeats = detail::fault::repeat::for_ever, .native = EIO});
  EXPECT_EQ(copied("f", "u").failures, 0U) << told;
  EXPECT_EQ(rights_of(at("u")), "0600");
}

/// Remembers of which entries what is mounted on them was left out, and whether it was told of two
/// things at the same time.
class mounts_heard final : public observer {
public:
  mounts_heard() : observer(verbosity::events) {}

  void lost(const loss& l) noexcept override {
    const turn mine(*this);
    paths.emplace(l.path);
  }

  void happened(const event&) noexcept override { const turn mine(*this); }

  std::set<std::string> paths;
  std::atomic<bool> interrupted = false;

private:
  struct turn {
    explicit turn(mounts_heard& of) : heard(of) {
      if (heard.speaking.exchange(true)) heard.interrupted = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }

    ~turn() { heard.speaking = false; }

    mounts_heard& heard;
  };

  std::atomic<bool> speaking = false;
};

TEST_P(Copying, EachMountThatIsLeftOutIsNamed) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  make("d s/a\n d s/b\n f s/f 3\n f s/g 4\n d m\n f m/secret 5\n f n 9");
  const auto a = testing::mounted::bind(at("m"), at("s/a"));
  const auto b = testing::mounted::bind(at("m"), at("s/b"));
  const auto f = testing::mounted::bind(at("n"), at("s/f"));
  mounts_heard heard;
  EXPECT_EQ(take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", {.tree = {.threads = 4}}, heard))
                .failures,
            0U);
  EXPECT_EQ(heard.paths, (std::set<std::string>{"s/a", "s/b", "s/f"}));
  EXPECT_FALSE(heard.interrupted);
  EXPECT_EQ(names_in(at("t")), (std::set<std::string>{"a", "b", "g"}));
  EXPECT_TRUE(fs::is_empty(at("t/a")));
}

TEST_P(Copying, AMountThatIsLeftOutTakesNoFlagsFromOtherDirectories) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  make("d s/a\n d s/m\n d s/z\n d other");
  for (const char* const name : {"s/a", "s/z"}) {
    if (!set_no_dump(at(name), true)) GTEST_SKIP() << "it has no flags";
  }
  const auto m = testing::mounted::bind(at("other"), at("s/m"));
  EXPECT_EQ(copied("s", "t", {.tree = {.threads = 1}}).failures, 0U) << told;
  EXPECT_EQ(told.losses, (std::vector<std::string>{"what is mounted on it of s/m"}));
  for (const char* const name : {"t/a", "t/z"}) EXPECT_TRUE(is_no_dump(at(name)));
}

TEST_P(Copying, FlagsThatCannotBeReadAreToldAndNoOthersAreLost) {
  make("d s/a\n d s/b");
  for (const char* const name : {"s/a", "s/b"}) {
    if (!set_no_dump(at(name), true)) GTEST_SKIP() << "it has no flags";
  }
  {
    const armed_fault fails({.which = call::ioctl, .nth = 1, .native = EIO});
    EXPECT_EQ(copied("s", "t", {.tree = {.threads = 1}}).failures, 0U) << told;
  }
  ASSERT_EQ(told.losses.size(), 1U) << told;
  EXPECT_TRUE(told.losses.front().starts_with("inode flags of s/")) << told.losses.front();
  EXPECT_NE(is_no_dump(at("t/a")), is_no_dump(at("t/b")));
}

// The copy of "sub" in it would be the source itself, changed while it is read.
TEST_P(Copying, ASourceInTheTreeThatItIsMergedIntoStaysAsItIs) {
  make("f d/sub/x 9\n f d/sub/sub/x 5\n f d/sub/sub/y 6");
  const auto in = anchor(at("d"));
  const auto source = picture_of(at("d/sub"));
  for (const auto leaves : {copy_options::leaves::copies, copy_options::leaves::symlinks}) {
    told.failures.clear();
    const auto report =
        take(copy_tree(in, leaf("sub"), dir, leaf("d"), "d/sub",
                       {.existing = copy_options::existing::merge, .leaves = leaves}, told));
    EXPECT_EQ(report.failures, 1U);
    EXPECT_TRUE(told.failure_alone().why == errc::refused);
    EXPECT_EQ(told.failure_alone().path, "d/sub/sub");
    EXPECT_EQ(picture_of(at("d/sub")), source);
  }
  EXPECT_TRUE(fs::exists(at("d/x")));
}

fs::path mounted_what, mounted_in, mounted_on;

/// On the old file, once it has been exchanged out of its name.
void mount_on_the_old_file(call) noexcept {
  if (!mounted_on.empty() || detail::calls_seen(call::renameat2) == 0) return;
  for (const auto& entry : fs::directory_iterator(mounted_in)) {
    if (entry.path().filename().string().starts_with(".afio-")) mounted_on = entry.path();
  }
  EXPECT_EQ(::mount(mounted_what.c_str(), mounted_on.c_str(), nullptr, MS_BIND, nullptr), 0);
}

TEST_P(Copying, AMountThatHindersAnExchangeBackIsToldWithThePlaceOfTheOldFile) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  make("f s/f 9\n f t/f 5\n f other 3");
  mounted_what = at("other");
  mounted_in = at("t");
  mounted_on.clear();
  {
    const armed_fault mounting({.which = call::statx,
                                .repeats = detail::fault::repeat::for_ever,
                                .stop = mount_on_the_old_file});
    EXPECT_EQ(copied("s", "t", {.tree = {.threads = 1}, .existing = copy_options::existing::merge})
                  .failures,
              1U);
  }
  ASSERT_EQ(::umount2(mounted_on.c_str(), 0), 0);
  EXPECT_EQ(told.failure_alone().why.name(), mounted_on.filename().string());
  EXPECT_EQ(fs::file_size(mounted_on), 5U);
  EXPECT_EQ(fs::file_size(at("t/f")), 9U);
}

TEST_P(Copying, WhatIsMountedInTheCopyIsNotMergedIntoAndThatIsAFailure) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  make("d s/a\n f s/a/f 3\n f s/g 4\n d t/a\n d m");
  const auto a = testing::mounted::bind(at("m"), at("t/a"));
  EXPECT_EQ(copied("s", "t", {.existing = copy_options::existing::merge}).failures, 1U);
  EXPECT_TRUE(told.failure_alone().why == errc::boundary);
  EXPECT_TRUE(fs::is_empty(at("m")));
  EXPECT_TRUE(fs::exists(at("t/g")));
}

} // namespace
} // namespace afio::unit
