// Trees of links in place of copies: names of the source's own inodes, and symlinks to its entries.
#include "afio/detail/fault.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/mounts.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using leaves = decltype(copy_options::leaves);
using existing = decltype(copy_options::existing);

constexpr const char* odd_tree = R"(
  d s/a/b 0750
  d s/empty 0555
  f s/a/f 100 0640
  f s/a/b/g 300000 0600
  l s/l -> a/f
  l s/dangling -> /nowhere
  p s/p 0620
  s s/sock 0600
  h s/a/b/again = s/a/f
  f s/n\x0al\xff 5
)";

class LinkTree : public per_file_system {
protected:
  result<copy_report> copy(const char* from, const char* to, const copy_options& options) {
    return copy_tree(dir, leaf(from), dir, leaf(to), from, options, told);
  }

  copy_report copied(const char* from, const char* to, const copy_options& options) {
    return take(copy(from, to, options));
  }

  std::size_t leftovers() const {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(scratch->path())) {
      if (entry.path().filename().string().starts_with(".afio-")) ++count;
    }
    return count;
  }

  /// Without directories.
  static std::map<std::string, testing::identity> inodes_of(const fs::path& root) {
    std::map<std::string, testing::identity> all;
    for (const auto& [name, entry] : testing::manifest(root).entries) {
      if (entry.type != 'd') all[name] = entry.inode;
    }
    return all;
  }

  std::string says(const fs::path& name) const { return fs::read_symlink(at(name)); }

  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, LinkTree, all_kinds(), kind_of);

TEST_P(LinkTree, HardLinksAreTheSourcesInodesInDirectoriesLikeTheSources) {
  make(odd_tree);
  const auto before = picture_of(at("s"));
  const auto report = copied("s", "t", {.leaves = leaves::hard_links});
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(report.linked, 8U);
  EXPECT_EQ(report.created, 4U);
  EXPECT_EQ(inodes_of(at("t")), inodes_of(at("s")));
  // Directories of the same facts, and nothing of the source has another mode, owner or time.
  EXPECT_EQ(picture_of(at("t")), before);
  EXPECT_EQ(picture_of(at("s")), before);
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(LinkTree, WhatIsLinkedAlreadyNeedsNothing) {
  make(odd_tree);
  const copy_options options{.existing = existing::merge, .leaves = leaves::hard_links};
  make("d t");
  EXPECT_EQ(copied("s", "t", options).linked, 8U);
  told.events.clear();
  const auto before = picture_of(at("t"));
  const auto again = copied("s", "t", options);
  EXPECT_EQ(again.linked + again.created + again.replaced + again.failures, 0U) << told;
  EXPECT_TRUE(told.events.empty());
  EXPECT_EQ(picture_of(at("t")), before);
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(LinkTree, MergedLinksReplaceWhatIsThereButNoDirectory) {
  make("f s/f 100\n f s/d 1\n d t/d\n f t/f 5\n h t/other = t/f\n f t/mine 9");
  const auto report = copied("s", "t", {.existing = existing::merge, .leaves = leaves::hard_links});
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(told.failure_alone().why.native(), EISDIR);
  EXPECT_TRUE(fs::equivalent(at("s/f"), at("t/f")));
  EXPECT_EQ(fs::file_size(at("t/other")), 5U);
  EXPECT_EQ(fs::file_size(at("t/mine")), 9U);
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(LinkTree, WhereThereMayBeNoMoreNamesItIsACopyAndThatIsSaid) {
  make("f s/f 100");
  {
    const armed full({.which = call::linkat, .native = EMLINK});
    EXPECT_EQ(copied("s", "t", {.leaves = leaves::hard_links}).failures, 0U) << told;
  }
  EXPECT_EQ(told.losses, (std::vector<std::string>{"hard link of s/f"}));
  EXPECT_FALSE(fs::equivalent(at("s/f"), at("t/f")));
  EXPECT_EQ(picture_of(at("t")), picture_of(at("s")));
  EXPECT_EQ(told.paths_of(event_kind::created), (std::vector<std::string>{"s", "s/f"}));
}

/// As before Linux 6.10 without CAP_DAC_READ_SEARCH: then a descriptor is linked by its name in
/// /proc, which is followed, but no further than to a symlink itself.
TEST_P(LinkTree, SymlinksAreLinkedThroughProcToo) {
  make("f s/f 1\n l s/l -> f\n l s/none -> gone");
  for (std::uint64_t nth = 1; nth <= 3; ++nth) {
    // The attempt through /proc is the next call.
    const armed older({.which = call::linkat, .nth = nth, .native = ENOENT});
    const std::string name = "t" + std::to_string(nth);
    copy_options options{.leaves = leaves::hard_links};
    options.tree.threads = 1;
    EXPECT_EQ(copied("s", name.c_str(), options).failures, 0U) << told;
    EXPECT_EQ(inodes_of(at(name)), inodes_of(at("s")));
    EXPECT_EQ(detail::calls_seen(call::linkat), 4U);
  }
}

TEST_P(LinkTree, BetweenFileSystemsEachNameFailsAndDirectoriesAreMade) {
  make("f s/d/f 1\n f s/g 1");
  const testing::scratch_directory elsewhere;
  const auto there = anchor(elsewhere.path());
  const auto report =
      take(copy_tree(dir, leaf("s"), there, leaf("t"), "s", {.leaves = leaves::hard_links}, told));
  EXPECT_EQ(report.failures, 2U);
  EXPECT_EQ(told.failed_paths(), (std::vector<std::string>{"s/d/f", "s/g"}));
  for (const auto& f : told.failures) {
    EXPECT_EQ(f.why.native(), EXDEV);
    EXPECT_EQ(f.what, operation::link);
  }
  EXPECT_TRUE(fs::is_directory(elsewhere / "t/d"));
  EXPECT_TRUE(fs::is_empty(elsewhere / "t/d"));
}

TEST_P(LinkTree, SymlinksLeadFromWhereTheyStandToTheSource) {
  make(odd_tree);
  const auto report = copied("s", "t", {.leaves = leaves::symlinks});
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(report.linked, 8U);
  EXPECT_EQ(says("t/a/b/g"), "../../../s/a/b/g");
  EXPECT_EQ(says("t/l"), "../s/l");
  EXPECT_EQ(says("t/p"), "../s/p");
  EXPECT_EQ(metadata_of(at("t/a/b")), metadata_of(at("s/a/b")));
  EXPECT_EQ(metadata_of(at("t/empty")), metadata_of(at("s/empty")));
  EXPECT_EQ(metadata_of(at("t")), metadata_of(at("s")));
  // Where both are is no matter.
  make("d elsewhere");
  for (const char* name : {"s", "t"}) fs::rename(at(name), at("elsewhere") / name);
  EXPECT_EQ(fs::file_size(at("elsewhere/t/a/b/g")), 300000U);
}

TEST_P(LinkTree, AbsoluteOnesLeadThereFromAnywhere) {
  make("f s/d/f 3\n d elsewhere/deep");
  EXPECT_EQ(copied("s", "t", {.leaves = leaves::absolute_symlinks}).failures, 0U) << told;
  EXPECT_EQ(says("t/d/f"), fs::canonical(at("s/d/f")));
  fs::rename(at("t"), at("elsewhere/deep/t"));
  EXPECT_EQ(fs::file_size(at("elsewhere/deep/t/d/f")), 3U);
}

TEST_P(LinkTree, TheWayIsThatOfTheRealPaths) {
  make("f real/s/f 3\n d other/deep\n l alias -> real\n l way -> other/deep");
  const auto from = anchor(at("alias")), to = anchor(at("way"));
  const auto report =
      take(copy_tree(from, leaf("s"), to, leaf("t"), "s", {.leaves = leaves::symlinks}, told));
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(says("other/deep/t/f"), "../../../real/s/f");
  EXPECT_EQ(fs::file_size(at("other/deep/t/f")), 3U);
}

TEST_P(LinkTree, SymlinksMayBeMergedIntoWhatHoldsTheSource) {
  make("f x/s/d/f 3\n f x/s/g 4\n f x/g 9\n d x/d");
  const auto from = anchor(at("x"));
  const auto report =
      take(copy_tree(from, leaf("s"), dir, leaf("x"), "s",
                     {.existing = existing::merge, .leaves = leaves::symlinks}, told));
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(says("x/g"), "s/g");
  EXPECT_EQ(says("x/d/f"), "../s/d/f");
  EXPECT_EQ(fs::file_size(at("x/s/g")), 4U);
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(LinkTree, OneFileIsLinkedToo) {
  make("f f 7\n d d");
  const auto to = anchor(at("d"));
  const auto link = [&](const char* name, leaves how, existing there = existing::refuse) {
    return take(
        copy_tree(dir, leaf("f"), to, leaf(name), "f", {.existing = there, .leaves = how}, told));
  };
  EXPECT_EQ(link("hard", leaves::hard_links).linked, 1U);
  EXPECT_EQ(link("hard", leaves::hard_links, existing::merge).linked, 0U);
  EXPECT_EQ(link("soft", leaves::symlinks).linked, 1U);
  EXPECT_EQ(link("whole", leaves::absolute_symlinks).linked, 1U);
  EXPECT_TRUE(told.failures.empty()) << told;
  EXPECT_TRUE(fs::equivalent(at("f"), at("d/hard")));
  EXPECT_EQ(says("d/soft"), "../f");
  EXPECT_EQ(says("d/whole"), fs::canonical(at("f")));
  EXPECT_EQ(leftovers(), 0U);
}

TEST_P(LinkTree, ATargetTooLongForASymlinkFailsAloneAndARehearsalSaysSo) {
  make("f s/near 1");
  const std::string name(250, 'x');
  auto deep = anchor(at("s"));
  for (int i = 0; i < 17; ++i) {
    take(deep.create_directory(leaf(name.c_str())));
    deep = take(path_handle::path(deep, leaf(name.c_str())));
  }
  const int file = ::openat(deep.native().number(), "far", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  ::close(file);
  for (const auto how : {leaves::symlinks, leaves::absolute_symlinks}) {
    for (const auto doing : {copy_options::doing::rehearse, copy_options::doing::execute}) {
      told.failures.clear();
      const auto report = copied("s", "t", {.doing = doing, .leaves = how});
      EXPECT_EQ(report.failures, 1U);
      EXPECT_EQ(told.failure_alone().why.native(), ENAMETOOLONG);
      EXPECT_TRUE(told.failure_alone().path.ends_with("/far"));
    }
    EXPECT_EQ(fs::file_size(at("t/near")), 1U);
    testing::remove_by_force(at("t"));
  }
}

TEST_P(LinkTree, ARehearsalTellsWhatIsDone) {
  make(odd_tree);
  make("f t/a/f 3");
  fs::create_hard_link(at("s/a/b/g"), at("t/g"));
  for (const auto how : {leaves::hard_links, leaves::symlinks}) {
    copy_options options{.existing = existing::merge, .leaves = how};
    options.tree.threads = 1;
    const auto before = picture_of(at("t"));
    told.events.clear();
    options.doing = copy_options::doing::rehearse;
    (void)copied("s", "t", options);
    const auto planned = told.paths_of(event_kind::linked);
    EXPECT_EQ(picture_of(at("t")), before);
    told.events.clear();
    options.doing = copy_options::doing::execute;
    (void)copied("s", "t", options);
    EXPECT_EQ(told.paths_of(event_kind::linked), planned);
    EXPECT_EQ(planned.size(), 8U);
  }
  EXPECT_TRUE(told.failures.empty()) << told;
}

TEST_P(LinkTree, ContradictionsBeginNothing) {
  make("f s/f 1");
  for (const auto& [how, symlinks] :
       {std::pair(leaves::hard_links, copy_options::symlinks::fix),
        std::pair(leaves::symlinks, copy_options::symlinks::fix),
        std::pair(leaves::symlinks, copy_options::symlinks::follow),
        std::pair(leaves::absolute_symlinks, copy_options::symlinks::follow)}) {
    EXPECT_TRUE(failed_with(copy("s", "t", {.leaves = how, .symlinks = symlinks}), EINVAL));
  }
  EXPECT_FALSE(fs::exists(at("t")));
}

/// A mount shows the source's own directory in the copy: its files would be replaced by symlinks to
/// themselves.
TEST_P(LinkTree, NoFileIsReplacedByASymlinkToItself) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  make("f s/d/f 7\n d t/d");
  const auto same = testing::mounted::bind(at("s/d"), at("t/d"));
  copy_options options{.existing = existing::merge, .leaves = leaves::symlinks};
  options.tree.mounts = crossing::any_mount;
  EXPECT_EQ(copied("s", "t", options).failures, 1U);
  EXPECT_TRUE(told.failure_alone().why == errc::refused);
  EXPECT_EQ(fs::symlink_status(at("s/d/f")).type(), fs::file_type::regular);
}

/// What is exchanged at each call in turn: a file with a symlink to a secret. It is linked as what
/// it is, or the symlink itself is, but never what that leads to.
TEST_P(LinkTree, ASymlinkExchangedInIsNeverFollowed) {
  unsigned runs = 0, old_one = 0, new_one = 0;
  for (const call which : {call::openat2, call::statx, call::linkat}) {
    for (std::uint64_t nth = 1, seen = 1; nth <= seen; ++nth) {
      make("f s/f 7\n f secret 777\n l trap -> secret");
      const auto file = inodes_of(at("s")).at("f");
      {
        const just_before exchange(which, nth, [&] {
          ASSERT_EQ(::renameat2(AT_FDCWD, at("s/f").c_str(), AT_FDCWD, at("trap").c_str(),
                                RENAME_EXCHANGE),
                    0);
        });
        copy_options options{.leaves = leaves::hard_links};
        options.tree.threads = 1;
        (void)copy("s", "t", options);
        if (exchange.times() != 0) ++runs;
      }
      seen = detail::calls_seen(which);
      if (fs::exists(fs::symlink_status(at("t/f")))) {
        const auto made = testing::manifest(at("t")).entries.at("f");
        EXPECT_TRUE(made.inode == file || made.type == 'l') << nth;
        made.inode == file ? ++old_one : ++new_one;
      }
      testing::remove_by_force(at("s"));
      if (fs::exists(at("t"))) testing::remove_by_force(at("t"));
      fs::remove(at("secret"));
      fs::remove(at("trap"));
    }
  }
  EXPECT_GT(runs, 8U);
  EXPECT_GT(old_one, 0U);
  EXPECT_GT(new_one, 0U);
}

} // namespace
} // namespace afio::unit
