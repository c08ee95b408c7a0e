// What a clone shares with the one before, what it does not, and that the one before stays as it
// is.
#include "afio/detail/fault.hpp"
#include "algorithms/clone_tree/clone_tree.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using testing::checked;
using sharing = clone_options::sharing;

class CloneTree : public per_file_system {
protected:
  result<clone_report> try_clone(const char* previous, const char* name,
                                 const clone_options& options = {}) {
    told.events.clear();
    told.failures.clear();
    told.losses.clear();
    path_handle older;
    if (previous != nullptr) older = take(path_handle::path(dir, leaf(previous)));
    return clone_tree(dir, leaf("s"), previous != nullptr ? &older : nullptr, dir, leaf(name), "s",
                      options, told);
  }

  /// A clone that is right, with nothing changed in the one before.
  clone_report clone(const char* previous, const char* name, const clone_options& options = {}) {
    const auto before = previous != nullptr ? picture_of(at(previous)) : picture();
    const auto report = take(try_clone(previous, name, options));
    EXPECT_TRUE(told.failures.empty()) << told;
    EXPECT_EQ(picture_of(at(name)), picture_of(at("s")))
        << told << report.shared << " " << report.created << " " << report.failures;
    if (previous != nullptr) {
      EXPECT_EQ(picture_of(at(previous)), before);
    }
    return report;
  }

  using picture = std::map<std::string, std::string>;

  ino_t inode(const char* name) const {
    struct stat s;
    checked(::lstat(at(name).c_str(), &s), name);
    return s.st_ino;
  }

  void write(const char* name, std::string_view bytes) const { std::ofstream(at(name)) << bytes; }

  void set_modified(const char* name, time_t seconds) const {
    const timespec both[] = {{1, 0}, {seconds, 5}};
    checked(::utimensat(AT_FDCWD, at(name).c_str(), both, AT_SYMLINK_NOFOLLOW), name);
  }

  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, CloneTree, all_kinds(), kind_of);

constexpr const char* a_source = "d s/d/e 0750\n f s/d/f 5000 0640\n f s/g 0\n f s/h 3\n h s/i = "
                                 "s/h\n l s/l -> d/f\n p s/p\n d s/empty";

TEST_P(CloneTree, TheFirstOneIsACopy) {
  make(a_source);
  const auto report = clone(nullptr, "c1");
  EXPECT_EQ(report.shared, 0U);
  EXPECT_EQ(report.bytes, 5003U);
}

TEST_P(CloneTree, WhatHasNotChangedIsOneInode) {
  make(a_source);
  clone(nullptr, "c1");
  const auto report = clone("c1", "c2");
  EXPECT_EQ(report.bytes, 0U);
  EXPECT_GE(report.shared, 4U);
  EXPECT_GE(report.bytes_shared, 5003U);
  for (const char* name : {"d/f", "g", "h", "i", "l", "p"}) {
    EXPECT_EQ(inode((std::string("c2/") + name).c_str()),
              inode((std::string("c1/") + name).c_str()))
        << name;
  }
  EXPECT_NE(inode("c2/d"), inode("c1/d")) << "directories cannot be shared";
}

TEST_P(CloneTree, WhatHasChangedGetsAnInodeOfItsOwn) {
  make("f s/same 9\n f s/content 9\n f s/mode 9 0644\n f s/attribute 9\n f s/gone 9\n l s/l -> a\n "
       "f s/type 9");
  clone(nullptr, "c1");
  write("s/content", "other");
  fs::permissions(at("s/mode"), fs::perms(0600));
  checked(::setxattr(at("s/attribute").c_str(), "user.note", "x", 1, 0), "setxattr");
  fs::remove(at("s/gone"));
  fs::remove(at("s/l"));
  fs::create_symlink("b", at("s/l"));
  fs::remove(at("s/type"));
  make("d s/type\n f s/new 4");
  const auto report = clone("c1", "c2");
  EXPECT_EQ(report.shared, 1U);
  EXPECT_EQ(inode("c2/same"), inode("c1/same"));
  EXPECT_NE(inode("c2/mode"), inode("c1/mode"));
  EXPECT_NE(inode("c2/attribute"), inode("c1/attribute"));
}

TEST_P(CloneTree, NamesOfOneInodeAreThatAndOthersAreNot) {
  make("f s/a 5\n h s/d/b = s/a\n f s/x 4\n h s/y = s/x");
  clone(nullptr, "c1");
  // Two that were one are apart by now, with nothing else to tell by.
  const auto time = fs::last_write_time(at("s/x"));
  fs::copy_file(at("s/x"), at("s/z"));
  fs::rename(at("s/z"), at("s/y"));
  fs::last_write_time(at("s/y"), time);
  clone("c1", "c2");
  EXPECT_EQ(inode("c2/a"), inode("c1/a"));
  EXPECT_EQ(inode("c2/a"), inode("c2/d/b"));
  EXPECT_NE(inode("c2/x"), inode("c2/y"));
}

TEST_P(CloneTree, SharedBlocksAreInodesOfTheirOwn) {
  make("f s/f 100000\n f s/g 5\n h s/h = s/g");
  clone(nullptr, "c1");
  const auto report = clone("c1", "c2", {.share = sharing::reflinks});
  EXPECT_NE(inode("c2/f"), inode("c1/f"));
  EXPECT_EQ(inode("c2/g"), inode("c2/h"));
  EXPECT_EQ(report.shared, shares() ? 2U : 0U);
  EXPECT_EQ(report.bytes, shares() ? 0U : 100005U);
}

TEST_P(CloneTree, WhereNoMoreLinksAreAllowedFilesAreCopied) {
  make("f s/a 5\n f s/b 6\n f s/c 7");
  clone(nullptr, "c1");
  const armed fails({.which = call::linkat,
                     .nth = 2,
                     .repeats = detail::fault::repeat::for_ever,
                     .native = EMLINK});
  const auto report = clone("c1", "c2", {.tree = {.threads = 1}});
  EXPECT_EQ(inode("c2/a"), inode("c1/a"));
  EXPECT_NE(inode("c2/b"), inode("c1/b"));
  EXPECT_EQ(report.bytes + report.bytes_shared, 18U);
}

TEST_P(CloneTree, AFileThatIsExchangedInTheOlderOneIsNotShared) {
  make("f s/a 5\n f other 5");
  clone(nullptr, "c1");
  const just_before linking(call::linkat, 1, [&] { fs::rename(at("other"), at("c1/a")); });
  const auto report = take(try_clone("c1", "c2"));
  ASSERT_EQ(linking.times(), 1);
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(picture_of(at("c2")), picture_of(at("s")));
  EXPECT_NE(inode("c2/a"), inode("c1/a"));
}

TEST_P(CloneTree, ARehearsalTellsWhatARunDoes) {
  make("f s/same 9\n f s/other 9\n d s/d\n f s/d/f 1\n h s/d/g = s/d/f");
  clone(nullptr, "c1");
  write("s/other", "changed");
  const auto plan = [&](clone_options options) {
    options.tree.threads = 1;
    take(try_clone("c1", "c2", options));
    std::multiset<std::string> lines;
    for (const auto& e : told.events)
      lines.insert(std::to_string(static_cast<int>(e.kind)) + e.path);
    return lines;
  };
  const auto planned = plan({.doing = clone_options::doing::rehearse});
  EXPECT_FALSE(fs::exists(at("c2")));
  EXPECT_EQ(plan({}), planned);
}

TEST_P(CloneTree, AnIndexTellsOfAChangeThatLeftNoTrace) {
  make("f s/f 100\n f s/g 100");
  set_modified("s/f", 1000);
  set_modified("s/g", 1000);
  source_index learned;
  clone(nullptr, "c1", {.learned = &learned});
  // They are too fresh to be known: the next clone compares their bytes.
  EXPECT_EQ(learned.size(), 0U);
  write("s/f", std::string(100, 'x'));
  set_modified("s/f", 1000);
  const auto quick = take(try_clone("c1", "quick"));
  EXPECT_EQ(inode("quick/f"), inode("c1/f")) << "size and time alone do not tell";
  EXPECT_EQ(quick.shared, 2U);
  const source_index none;
  const auto report = clone("c1", "c2", {.known = &none});
  EXPECT_NE(inode("c2/f"), inode("c1/f"));
  EXPECT_EQ(inode("c2/g"), inode("c1/g"));
  EXPECT_EQ(report.shared, 1U);
}

TEST_P(CloneTree, WhatTheIndexKnowsIsNotRead) {
  make("f s/f 100");
  clone(nullptr, "c1");
  stat_t source, copy;
  take(source.stamp(take(path_handle::path(dir, leaf("s"))), leaf("f")));
  take(copy.stamp(take(path_handle::path(dir, leaf("c1"))), leaf("f")));
  {
    source_index notes;
    notes.note(copy.id, source);
    take(notes.save(dir, leaf("index")));
  }
  const source_index known = take(source_index::load(dir, leaf("index")));
  const armed counting;
  clone("c1", "c2", {.known = &known});
  EXPECT_EQ(detail::calls_seen(call::pread64), 0U);
  EXPECT_EQ(inode("c2/f"), inode("c1/f"));
}

TEST_P(CloneTree, IsNotSharedWithItsSource) {
  make("f s/d/f 1");
  for (const char* previous : {"s", "s/d"}) {
    const path_handle older = anchor(at(previous));
    EXPECT_TRUE(
        failed_with(clone_tree(dir, leaf("s"), &older, dir, leaf("c"), "s", clone_options(), told),
                    errc::refused));
  }
}

TEST_P(CloneTree, AnOlderDirectoryThatCannotBeReadHasNothingToShare) {
  if (const auto reason = no_other_user(); !reason.empty()) GTEST_SKIP() << reason;
  make("f s/d/f 5\n f s/g 5");
  clone(nullptr, "c1");
  give_to(nobody, scratch->path());
  fs::permissions(at("c1/d"), fs::perms::none);
  const path_handle older = anchor(at("c1"));
  const int status = as_user(nobody, [&] {
    const auto report =
        take(clone_tree(dir, leaf("s"), &older, dir, leaf("c2"), "s", clone_options(), told));
    EXPECT_EQ(report.failures, 0U) << told;
    EXPECT_EQ(report.shared, 1U);
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(picture_of(at("c2")), picture_of(at("s")));
}

TEST_P(CloneTree, AnOlderFileThatCannotBeLookedAtIsNotShared) {
  if (const auto reason = no_other_user(); !reason.empty()) GTEST_SKIP() << reason;
  make("f s/d/f 5\n f s/g 5");
  clone(nullptr, "c1");
  give_to(nobody, scratch->path());
  fs::permissions(at("c1/d"), fs::perms(0444)); // It may be listed, and that is all.
  const path_handle older = anchor(at("c1"));
  const int status = as_user(nobody, [&] {
    const auto report =
        take(clone_tree(dir, leaf("s"), &older, dir, leaf("c2"), "s", clone_options(), told));
    EXPECT_EQ(report.failures, 0U) << told;
    EXPECT_EQ(report.shared, 1U);
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(picture_of(at("c2")), picture_of(at("s")));
}

TEST_P(CloneTree, FlagsThatTheOlderOneHasInheritedHinderNoSharing) {
  make("f s/d/f 5");
  if (!set_no_dump(scratch->path(), true)) GTEST_SKIP() << "it has no flags";
  clone(nullptr, "c1");
  if (!is_no_dump(at("c1/d/f"))) GTEST_SKIP() << "nothing is inherited";
  EXPECT_EQ(clone("c1", "c2").shared, 1U);
  source_index nothing; // Contents are compared.
  EXPECT_EQ(clone("c2", "c3", {.known = &nothing}).shared, 1U);
  // One that only the source has is another thing.
  set_no_dump(at("c1/d/f"), false);
  set_no_dump(at("s/d/f"), true);
  EXPECT_EQ(clone("c3", "c4").shared, 0U);
}

TEST_P(CloneTree, LeavesNothingWhereTheNameIsTaken) {
  make("f s/f 1\n f c1/f 1");
  EXPECT_TRUE(failed_with(try_clone(nullptr, "c1"), EEXIST));
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch->path()), fs::directory_iterator()), 2);
}

} // namespace
} // namespace afio::unit
