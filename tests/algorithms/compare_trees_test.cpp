// What is told of trees that differ in one thing each, of a base and two sides, and of what cannot
// be compared.
#include "afio/detail/fault.hpp"
#include "algorithms/compare_trees/compare_trees.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using testing::checked;
using kind = distinction::kind;

std::string parts_of(aspect set) {
  std::string text;
  for (const aspect one : {aspect::mode, aspect::ownership, aspect::timestamps, aspect::xattr,
                           aspect::acl, aspect::flags, aspect::links}) {
    if (has(set, one)) text += (text.empty() ? "" : ", ") + std::string(name_of(one));
  }
  return text;
}

std::string text_of(const distinction& d) {
  const std::string parts = parts_of(d.metadata);
  return std::string(name_of(d.what)) + (parts.empty() ? "" : " (" + parts + ")");
}

/// Remembers differences by their paths: each is told once.
class collector final : public difference_listener {
public:
  void differs(const tree_difference& d) noexcept override {
    add(d.path, text_of(d.what));
    EXPECT_EQ(d.left == nullptr, d.what.what == kind::only_right);
    EXPECT_EQ(d.right == nullptr, d.what.what == kind::only_left);
  }

  void differs(const merge_difference& d) noexcept override {
    constexpr const char* words[] = {"unchanged", "left", "right", "both", "conflict"};
    add(d.path, std::string(words[static_cast<int>(d.what)]) + ": " + text_of(d.left) + ", " +
                    text_of(d.right));
  }

  std::map<std::string, std::string> found;

private:
  void add(std::string_view path, std::string what) {
    EXPECT_TRUE(found.emplace(path, std::move(what)).second) << path << " was told twice";
  }
};

using differences = std::map<std::string, std::string>;

class CompareTrees : public per_file_system {
protected:
  void copy(const char* from, const char* to) {
    ASSERT_EQ(take(copy_tree(dir, leaf(from), dir, leaf(to), from, {}, told)).failures, 0U);
  }

  compare_report compare(const compare_options& options = {}) {
    const tree_root left(at("a"), "a"), right(at("b"), "b");
    found.found.clear();
    return take(compare_trees(left.get(), right.get(), options, found, told));
  }

  compare_report merge(const compare_options& options = {}) {
    const tree_root base(at("o"), "o"), left(at("a"), "a"), right(at("b"), "b");
    found.found.clear();
    return take(compare_trees(base.get(), left.get(), right.get(), options, found, told));
  }

  void write(const char* name, std::string_view bytes) const { std::ofstream(at(name)) << bytes; }

  void set_modified(const char* name, time_t seconds) const {
    const timespec both[] = {{1, 0}, {seconds, 5}};
    checked(::utimensat(AT_FDCWD, at(name).c_str(), both, AT_SYMLINK_NOFOLLOW), name);
  }

  collector found;
  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, CompareTrees, all_kinds(), kind_of);

const compare_options by_content{.entries = {.how = comparing::content}};

TEST_P(CompareTrees, ACopyIsTheSame) {
  make("d a/d/e 0750\n f a/d/f 5000 0600\n f a/g 0\n l a/l -> d/f\n p a/p\n s a/s\n h a/h = a/g\n"
       "d a/empty");
  if (::geteuid() == 0) make("c a/c 1 3\n o a/g 7 8");
  checked(::setxattr(at("a/d/f").c_str(), "user.note", "x", 1, 0), "setxattr");
  copy("a", "b");
  for (const auto how : {comparing::quick, comparing::content}) {
    const auto report = compare({.entries = {.how = how}});
    EXPECT_EQ(found.found, differences());
    EXPECT_EQ(report.differences(), 0U);
    EXPECT_EQ(report.failures, 0U) << told;
    EXPECT_GE(report.of(kind::none), 9U);
  }
}

TEST_P(CompareTrees, AFlagThatEitherHasIsADifference) {
  make("f a/f 5\n f a/g 5");
  copy("a", "b");
  if (!set_no_dump(at("a/f"), true)) GTEST_SKIP() << "it has no flags";
  set_no_dump(at("b/g"), true);
  compare();
  EXPECT_EQ(found.found,
            (differences{{"f", "metadata (inode flags)"}, {"g", "metadata (inode flags)"}}));
}

TEST_P(CompareTrees, PathsAreBelowTheRootsWhateverTheseAreCalled) {
  make("d a/d\n f a/d/f 1\n d b/d");
  const tree_root left(at("a"), ""), right(at("b"), "b");
  (void)take(
      compare_trees(left.get(), right.get(), {.entries = {.metadata = aspect::none}}, found, told));
  EXPECT_EQ(found.found, (differences{{"d/f", "only_left"}}));
}

TEST_P(CompareTrees, EachKindIsToldOnce) {
  make("d a/d\n d a/gone/deep\n f a/gone/f 1\n f a/size 5\n f a/bytes 5\n f a/touched 5\n f a/type "
       "5\n"
       "l a/target -> x\n f a/mode 1 0644\n f a/x 1\n d a/turned");
  copy("a", "b");
  fs::remove_all(at("b/gone"));
  make("d b/new/deep\n f b/new/f 1");
  write("b/size", "longer than five");
  write("b/touched", "other");
  write("b/bytes", "other");
  set_modified("a/bytes", 1000);
  set_modified("b/bytes", 1000);
  fs::remove(at("b/type"));
  fs::create_symlink("x", at("b/type"));
  fs::remove(at("b/turned"));
  write("b/turned", "a file");
  fs::remove(at("b/target"));
  fs::create_symlink("y", at("b/target"));
  fs::permissions(at("b/mode"), fs::perms(0600));
  checked(::setxattr(at("b/x").c_str(), "user.note", "x", 1, 0), "setxattr");
  for (const char* root : {"a", "b", "a/target", "b/target"}) set_modified(root, 1000);

  const differences expected{{"gone", "only_left"},
                             {"new", "only_right"},
                             {"size", "content (times)"},
                             {"touched", "content (times)"},
                             {"type", "type"},
                             {"turned", "type"},
                             {"target", "target"},
                             {"mode", "metadata (mode)"},
                             {"x", "metadata (extended attribute)"}};
  const auto quick = compare();
  EXPECT_EQ(found.found, expected); // Not "bytes": the time was set back.
  EXPECT_EQ(quick.differences(), expected.size());
  EXPECT_EQ(quick.of(kind::type), 2U);

  auto with_bytes = expected;
  with_bytes["bytes"] = "content";
  EXPECT_EQ(compare(by_content).differences(), with_bytes.size());
  EXPECT_EQ(found.found, with_bytes);
  EXPECT_TRUE(told.failures.empty()) << told;
}

TEST_P(CompareTrees, ByContentAFileThatWasOnlyTouchedIsNotOther) {
  make("f a/f 70000");
  copy("a", "b");
  set_modified("b/f", 1000);
  compare(by_content);
  EXPECT_EQ(found.found, (differences{{"f", "metadata (times)"}}));
  compare();
  EXPECT_EQ(found.found, (differences{{"f", "content (times)"}}));
}

TEST_P(CompareTrees, TheLastByteOfALargeFileCounts) {
  make("f a/f 1000000");
  copy("a", "b");
  {
    const testing::unique_fd file(checked(::open(at("b/f").c_str(), O_RDWR), "open"));
    char last;
    checked(::pread(file.get(), &last, 1, 999'999), "pread");
    ++last;
    checked(::pwrite(file.get(), &last, 1, 999'999), "pwrite");
  }
  set_modified("a/f", 1000);
  set_modified("b/f", 1000);
  compare(by_content);
  EXPECT_EQ(found.found, (differences{{"f", "content"}}));
}

TEST_P(CompareTrees, OnlyTheMetadataThatIsAskedForCounts) {
  make("f a/f 5 0644\n d a/d 0755");
  copy("a", "b");
  fs::permissions(at("b/f"), fs::perms(0600));
  checked(::setxattr(at("b/d").c_str(), "user.note", "x", 1, 0), "setxattr");
  checked(::setxattr(at("a/d").c_str(), "user.note", "y", 1, 0), "setxattr");
  const auto only = [](aspect which) { return compare_options{.entries = {.metadata = which}}; };
  compare(only(aspect::mode));
  EXPECT_EQ(found.found, (differences{{"f", "metadata (mode)"}}));
  compare(only(aspect::xattr));
  EXPECT_EQ(found.found, (differences{{"d", "metadata (extended attribute)"}}));
  EXPECT_EQ(compare(only(aspect::none)).differences(), 0U);
}

TEST_P(CompareTrees, OwnersAndAclsCount) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  make("f a/f 5\n f a/g 5");
  copy("a", "b");
  constexpr unsigned char acl[] = {2, 0,  0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  6,
                                   0, 12, 0,   0,   0,   4,   0,  0, 0,   255, 255, 255, 255, 16, 0,
                                   6, 0,  255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};
  checked(::setxattr(at("a/f").c_str(), "system.posix_acl_access", acl, sizeof(acl), 0), "acl");
  checked(
      ::chmod(at("b/f").c_str(), fs::status(at("a/f")).permissions() == fs::perms(0660) ? 0660 : 0),
      "chmod");
  checked(::lchown(at("b/g").c_str(), 5, 6), "chown");
  compare();
  EXPECT_EQ(found.found, (differences{{"f", "metadata (ACL)"}, {"g", "metadata (owner)"}}));
}

TEST_P(CompareTrees, HardLinksCount) {
  make("f a/1 5\n h a/2 = a/1\n f a/d/3 5\n h a/d/4 = a/d/3");
  copy("a", "b");
  EXPECT_EQ(compare().differences(), 0U);
  // A copy of its own, which is the same in all else.
  checked(::rename(at("b/2").c_str(), at("b/old").c_str()), "rename");
  ASSERT_TRUE(take(copy_tree(dir, leaf("b"), dir, leaf("c"), "b", {}, told)).created > 0);
  checked(::rename(at("c/1").c_str(), at("b/2").c_str()), "rename");
  fs::remove(at("b/old"));
  compare({.tree = {.threads = 1}});
  found.found.erase("");
  EXPECT_EQ(found.found, (differences{{"2", "metadata (hard link)"}}));
}

TEST_P(CompareTrees, WhatIsOneInodeIsNotEntered) {
  make("d a/d\n f a/d/f 1");
  const tree_root left(at("a"), "a");
  const auto report = take(compare_trees(left.get(), left.get(), {}, found, told));
  EXPECT_EQ(report.differences(), 0U);
  EXPECT_EQ(report.rows, 1U);
}

TEST_P(CompareTrees, AFilterLeavesOut) {
  make("f a/f.o 1\n f a/g.c 1\n d a/d\n f a/d/h.o 1\n d b/d");
  set_modified("a/d", 1000);
  set_modified("b/d", 1000);
  path_filter filter;
  take(filter.add(path_filter::action::exclude, "*.o"));
  compare({.filter = &filter});
  found.found.erase("");
  EXPECT_EQ(found.found, (differences{{"g.c", "only_left"}}));
}

// ------------------------------------------------------------------------------------ three trees

TEST_P(CompareTrees, OfThreeEachOutcomeIsTold) {
  make("f o/same 5\n f o/left 5\n f o/right 5\n f o/both 5\n f o/conflict 5\n f o/gone-left 5\n"
       "f o/gone-both 5\n f o/gone-changed 5\n d o/d\n f o/d/f 5\n d o/removed\n f o/removed/f 5\n"
       "f o/removed/g 5");
  copy("o", "a");
  copy("o", "b");
  for (const char* name : {"a/left", "b/right", "a/both", "b/both"}) write(name, "changed");
  set_modified("a/both", 1000);
  set_modified("b/both", 1000);
  write("a/conflict", "one way");
  write("b/conflict", "the other way");
  fs::remove(at("a/gone-left"));
  fs::remove(at("a/gone-both"));
  fs::remove(at("b/gone-both"));
  fs::remove(at("a/gone-changed"));
  write("b/gone-changed", "changed");
  make("f a/new-left 5\n f b/d/new-right 5\n d a/new/d");
  fs::remove_all(at("a/removed"));
  write("b/removed/g", "changed");

  const auto report = merge();
  const std::string changed = "content (times)", same = "same";
  EXPECT_EQ(found.found, (differences{{"left", "left: " + changed + ", same"},
                                      {"right", "right: same, " + changed},
                                      {"both", "both: " + changed + ", " + changed},
                                      {"conflict", "conflict: " + changed + ", " + changed},
                                      {"gone-left", "left: only_left, same"},
                                      {"gone-both", "both: only_left, only_left"},
                                      {"gone-changed", "conflict: only_left, " + changed},
                                      {"new-left", "left: only_right, same"},
                                      {"new", "left: only_right, same"},
                                      {"d/new-right", "right: same, only_right"},
                                      {"removed", "left: only_left, same"},
                                      {"removed/f", "left: only_left, same"},
                                      {"removed/g", "conflict: only_left, " + changed}}));
  EXPECT_EQ(report.of(three_way::conflict), 3U);
  EXPECT_EQ(report.failures, 0U) << told;
}

// ------------------------------------------------------------------------- what cannot be compared

struct armed_fault {
  explicit armed_fault(const detail::fault& f) { detail::arm(f); }

  ~armed_fault() { detail::disarm(); }
};

// A listing that fails must not make what the other tree has there seem to be missing.
TEST_P(CompareTrees, AListingThatFailsIsNoDifference) {
  make("d a/d\n f a/d/f 1\n f a/g 1");
  copy("a", "b");
  for (std::uint64_t nth = 1; nth <= 8; ++nth) {
    told.failures.clear();
    compare_report report;
    {
      const armed_fault broken({.which = call::getdents64, .nth = nth, .native = EIO});
      report = compare({.tree = {.threads = 1}});
    }
    EXPECT_EQ(report.failures, 1U) << nth;
    EXPECT_EQ(report.differences(), 0U) << nth;
    EXPECT_EQ(found.found, differences()) << nth;
  }
}

int written_to = -1;

TEST_P(CompareTrees, AFileThatKeepsChangingIsAFailure) {
  make("f a/f 200000");
  copy("a", "b");
  const testing::unique_fd file(checked(::open(at("a/f").c_str(), O_RDWR), "open"));
  written_to = file.get();
  compare_report report;
  {
    const armed_fault writing({.which = call::pread64,
                               .repeats = detail::fault::repeat::for_ever,
                               .stop = [](call) noexcept {
                                 char first; // The same byte, so that all of the file is read.
                                 EXPECT_EQ(::pread(written_to, &first, 1, 0), 1);
                                 EXPECT_EQ(::pwrite(written_to, &first, 1, 0), 1);
                               }});
    report = compare({.entries = {.how = comparing::content,
                                  .retry = deadline::in(std::chrono::milliseconds(20))}});
  }
  EXPECT_EQ(report.failures, 1U);
  EXPECT_TRUE(told.failure_alone().why == errc::kept_changing);
}

// Nothing is known of what is there; so the trees must not seem to be equal.
TEST_P(CompareTrees, WhatAMountIsInTheWayOfIsAFailureUnlessMountsAreEntered) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  make("d a/m\n d b/m\n f b/m/hidden 1\n f a/f 1\n f b/f 1\n d other\n f other/f 1\n f g 1");
  for (const char* name : {"a", "b", "a/m", "b/m", "other", "a/f", "b/f", "g"})
    set_modified(name, 1000);
  const auto on_directory = testing::mounted::bind(at("other"), at("a/m"));
  const auto on_file = testing::mounted::bind(at("g"), at("b/f"));
  const auto report = compare();
  EXPECT_EQ(report.differences(), 0U);
  EXPECT_EQ(report.failures, 2U) << told;
  EXPECT_EQ(told.failed_paths(), (std::vector<std::string>{"a/f", "a/m"}));
  compare({.tree = {.mounts = crossing::any_mount}});
  EXPECT_EQ(found.found, (differences{{"m/f", "only_left"}, {"m/hidden", "only_right"}}));
}

// The same directory twice; but on one of the two something is mounted further down.
TEST_P(CompareTrees, OneInodeReachedByTwoMountsIsEntered) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  make("d a/d/m\n f a/d/f 1\n d other\n f other/new 1\n d b");
  const auto whole = testing::mounted::bind(at("a"), at("b"));
  const auto on_a = testing::mounted::bind(at("other"), at("a/d/m"));
  compare({.tree = {.mounts = crossing::any_mount}});
  found.found.erase("d/m");
  EXPECT_EQ(found.found, (differences{{"d/m/new", "only_left"}}));
}

TEST_P(CompareTrees, TimesOfAccessStayAsTheyAre) {
  make("f a/f 5000\n l a/l -> f");
  copy("a", "b");
  set_modified("a/f", 1000); // And accessed in 1970: any relatime mount would note a read.

  struct stat before {
  }, after{};

  checked(::stat(at("a/f").c_str(), &before), "stat");
  compare(by_content);
  checked(::stat(at("a/f").c_str(), &after), "stat");
  EXPECT_EQ(before.st_atim.tv_sec, after.st_atim.tv_sec);
}

TEST_P(CompareTrees, NothingIsOpenedButFiles) {
  make("p a/p\n s a/s");
  copy("a", "b");
  EXPECT_EQ(compare(by_content).differences(), 0U); // It would wait for ever.
}

} // namespace
} // namespace afio::unit
