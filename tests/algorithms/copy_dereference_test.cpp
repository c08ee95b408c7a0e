// Copies in which symlinks become what they lead to.
#include "afio/detail/fault.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/mounts.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
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

class Dereference : public any_threads {
protected:
  copy_options following(copy_options options = {}) const {
    options.tree.threads = GetParam();
    options.symlinks = copy_options::symlinks::follow;
    return options;
  }

  result<copy_report> copy(const char* from, const char* to, const copy_options& options) {
    return copy_tree(dir, leaf(from), dir, leaf(to), from, options, told);
  }

  copy_report copied(const char* from, const char* to, const copy_options& options) {
    return take(copy(from, to, options));
  }

  /// "ELOOP s/d/up", sorted.
  std::vector<std::string> failures() const {
    std::vector<std::string> all;
    for (const auto& f : told.failures) {
      all.push_back(f.path + ": " + f.why.code().message());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  testing::facts facts_of(const char* root, const char* name) const {
    return testing::manifest(scratch / root).entries.at(name);
  }

  listener told;
};

AFIO_WITH_1_2_AND_3_THREADS(Dereference);

// A name below a symlink is met once more, so that more are met than the inode has.
TEST_P(Dereference, HardLinksStayTogetherHoweverOftenTheyAreMet) {
  make("f s/a 10\n h s/x/b = s/a\n l s/y -> x\n l s/z -> x");
  EXPECT_EQ(copied("s", "t", following()).failures, 0U) << told;
  const auto made = testing::manifest(scratch / "t").entries;
  for (const char* name : {"x/b", "y/b", "z/b"})
    EXPECT_EQ(made.at(name).inode, made.at("a").inode) << name;
}

TEST_P(Dereference, SymlinksBecomeWhatTheyLeadTo) {
  make("f s/f 10 0640\n l s/l -> f\n d s/d 0750\n f s/d/g 20\n l s/to-d -> d\n l s/d/up -> ../f\n"
       "d out/sub 0700\n f out/sub/h 30 0600\n l s/o -> ../out\n l s/oh -> ../out/sub/h\n"
       "p out/fifo 0620\n l s/p -> ../out/fifo\n l s/twice -> l\n l out/sub/again -> h");
  EXPECT_EQ(copied("s", "t", following()).failures, 0U) << told;
  const testing::manifest made(scratch / "t");
  for (const auto& [name, entry] : made.entries) EXPECT_NE(entry.type, 'l') << name;
  EXPECT_EQ(made.entries.size(), 17U);
  for (const auto& [copy, source] :
       {std::pair("l", "s/f"), std::pair("twice", "s/f"), std::pair("d/up", "s/f"),
        std::pair("to-d", "s/d"), std::pair("to-d/g", "s/d/g"), std::pair("o", "out"),
        std::pair("o/sub", "out/sub"), std::pair("o/sub/h", "out/sub/h"),
        std::pair("oh", "out/sub/h"), std::pair("p", "out/fifo"),
        std::pair("o/sub/again", "out/sub/h")}) {
    EXPECT_EQ(metadata_of(scratch / "t" / copy), metadata_of(scratch / source)) << copy;
  }
  EXPECT_EQ(made.entries.at("o/sub/h").content, facts_of("out", "sub/h").content);
  // Each a file of its own.
  EXPECT_EQ(made.entries.at("l").links, 1U);
  EXPECT_EQ(names().size(), 3U);
}

TEST_P(Dereference, WhatLeadsNowhereOrInCirclesFailsByNameAndAllElseIsDone) {
  make(
      "f s/f 1\n f s/d/g 1\n l s/nowhere -> gone\n l s/self -> self\n l s/d/up -> ..\n"
      "l s/d/here -> .\n d out\n f out/h 1\n l out/back -> ../s\n l out/me -> .\n l s/o -> ../out");
  EXPECT_EQ(copied("s", "t", following()).failures, 6U);
  EXPECT_EQ(failures(), (std::vector<std::string>{"s/d/here: Too many levels of symbolic links",
                                                  "s/d/up: Too many levels of symbolic links",
                                                  "s/nowhere: No such file or directory",
                                                  "s/o/back: Too many levels of symbolic links",
                                                  "s/o/me: Too many levels of symbolic links",
                                                  "s/self: Too many levels of symbolic links"}));
  EXPECT_EQ(names_in(scratch / "t"), (std::set<std::string>{"d", "f", "o"}));
  EXPECT_EQ(names_in(scratch / "t/d"), (std::set<std::string>{"g"}));
  EXPECT_EQ(names_in(scratch / "t/o"), (std::set<std::string>{"h"}));
}

TEST_P(Dereference, ADirectoryAboveTheSourceEndsWhereItComesBack) {
  make("f p/s/f 1\n l p/s/up -> ..\n f p/other 3");
  const auto from = anchor(scratch / "p");
  EXPECT_EQ(take(copy_tree(from, leaf("s"), dir, leaf("t"), "s", following(), told)).failures, 1U);
  EXPECT_EQ(failures(), (std::vector<std::string>{"s/up/s: Too many levels of symbolic links"}));
  EXPECT_TRUE(fs::exists(scratch / "t/up/other"));
}

TEST_P(Dereference, NeitherWhatHoldsTheCopyNorWhatIsInItIsCopied) {
  make("f s/f 1\n l s/all -> ..\n l s/copy -> ../t/d\n l s/file -> ../t/file\n f t/d/g 1\n f "
       "t/file 4");
  EXPECT_EQ(copied("s", "u", following()).failures, 1U);
  EXPECT_EQ(failures(), (std::vector<std::string>{"s/all: Refused by a safety rule"}));
  told.failures.clear();
  const auto options = following({.existing = copy_options::existing::merge});
  EXPECT_EQ(copied("s", "t", options).failures, 3U);
  EXPECT_EQ(failures(), (std::vector<std::string>{"s/all: Refused by a safety rule",
                                                  "s/copy: Refused by a safety rule",
                                                  "s/file: Refused by a safety rule"}));
  EXPECT_EQ(fs::file_size(scratch / "t/file"), 4U);
}

TEST_P(Dereference, HardLinksAreKeptBesideWhatIsFollowed) {
  make("f s/a 10\n l s/b -> a\n h s/c = s/a\n l s/d -> c\n h s/e = s/a");
  EXPECT_EQ(copied("s", "t", following()).failures, 0U) << told;
  const testing::manifest made(scratch / "t");
  EXPECT_EQ(made.entries.at("a").links, 3U);
  EXPECT_EQ(made.entries.at("b").links, 1U);
  EXPECT_EQ(made.entries.at("d").links, 1U);
}

TEST_P(Dereference, LinksMayBeMadeToWhatSymlinksLeadTo) {
  make("f s/f 10\n l s/l -> f\n f out/g 7\n l s/o -> ../out");
  EXPECT_EQ(copied("s", "t", following({.leaves = copy_options::leaves::hard_links})).failures, 0U)
      << told;
  EXPECT_TRUE(fs::equivalent(scratch / "t/l", scratch / "s/f"));
  EXPECT_TRUE(fs::is_directory(fs::symlink_status(scratch / "t/o")));
  EXPECT_TRUE(fs::equivalent(scratch / "t/o/g", scratch / "out/g"));
}

TEST_P(Dereference, ARootThatIsASymlinkIsFollowed) {
  make("f s/f 10\n l to-s -> s\n l to-f -> s/f\n l nowhere -> gone");
  EXPECT_EQ(copied("to-s", "t", following()).failures, 0U) << told;
  EXPECT_TRUE(fs::exists(scratch / "t/f"));
  EXPECT_EQ(copied("to-f", "u", following()).failures, 0U) << told;
  EXPECT_EQ(fs::symlink_status(scratch / "u").type(), fs::file_type::regular);
  EXPECT_TRUE(failed_with(copy("nowhere", "v", following()), ENOENT));
}

TEST_P(Dereference, ARehearsalTellsWhatIsDone) {
  make("f s/f 1\n l s/l -> f\n f out/g 1\n l s/o -> ../out\n l s/up -> .\n l s/nowhere -> gone");
  auto options = following();
  options.doing = copy_options::doing::rehearse;
  (void)copied("s", "t", options);
  const auto planned = told.paths_of(event_kind::created);
  const auto failing = failures();
  EXPECT_FALSE(fs::exists(scratch / "t"));
  told.events.clear();
  told.failures.clear();
  (void)copied("s", "t", following());
  EXPECT_EQ(told.paths_of(event_kind::created), planned);
  EXPECT_EQ(failures(), failing);
  EXPECT_EQ(planned.size(), 5U);
  EXPECT_EQ(failing.size(), 2U);
}

TEST_P(Dereference, RulesAreAboutWhatASymlinkLeadsTo) {
  make("f s/f 1\n l s/l -> f\n f out/g 1\n l s/o -> ../out\n l s/nowhere -> gone");
  path_filter filter;
  take(filter.add(path_filter::action::exclude, "o/"));
  take(filter.add(path_filter::action::exclude, "l/"));
  take(filter.add(path_filter::action::exclude, "nowhere"));
  EXPECT_EQ(copied("s", "t", following({.filter = &filter})).failures, 0U) << told;
  EXPECT_EQ(names_in(scratch / "t"), (std::set<std::string>{"f", "l"}));
}

TEST_P(Dereference, ALongChainOfFollowedDirectoriesNeedsFewDescriptors) {
  std::string tree = "f d60/f 1\nl s/next -> ../d0\n";
  for (int i = 0; i < 60; ++i)
    tree += "l d" + std::to_string(i) + "/next -> ../d" + std::to_string(i + 1) + "\nf d" +
            std::to_string(i) + "/f 1\n";
  make(tree);
  auto options = following();
  options.tree.descriptors = 16;
  EXPECT_EQ(copied("s", "t", options).failures, 0U) << told;
  fs::path deepest = scratch / "t";
  for (int i = 0; i <= 60; ++i) deepest /= "next";
  EXPECT_TRUE(fs::exists(deepest / "f"));
}

TEST_P(Dereference, ASymlinkMayLeadToAnotherMountAndMountsBelowAreAsAny) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  make("d m\n d n\n f n/g 3\n d s\n l s/l -> ../m");
  const auto first = testing::mounted::device("none", scratch / "m", "tmpfs");
  make("f m/f 5\n d m/below");
  const auto second = testing::mounted::bind(scratch / "n", scratch / "m/below");
  EXPECT_EQ(copied("s", "t", following()).failures, 0U) << told;
  EXPECT_EQ(told.losses, (std::vector<std::string>{"what is mounted on it of s/l/below"}));
  EXPECT_EQ(fs::file_size(scratch / "t/l/f"), 5U);
  EXPECT_TRUE(fs::is_empty(scratch / "t/l/below"));
}

/// Two directories and symlinks to them, which are exchanged at each call in turn: the copy is the
/// one or the other, as a whole, or told to have been raced; never the contents of one with the
/// mode of the other.
TEST_P(Dereference, ASymlinkThatIsExchangedMixesNothing) {
  if (GetParam() != 1) GTEST_SKIP() << "calls are counted of one thread";
  unsigned runs = 0, ones = 0, others = 0, raced = 0;
  for (const call which : {call::openat, call::openat2, call::statx, call::mkdirat}) {
    for (std::uint64_t nth = 1, seen = 1; nth <= seen; ++nth) {
      make("d one 0750\n f one/1 1\n d other 0700\n f other/2 2\n d s\n l s/l -> ../one\n"
           "l trap -> ../other");
      told.failures.clear();
      {
        const just_before exchange(which, nth, [&] {
          ASSERT_EQ(::renameat2(AT_FDCWD, (scratch / "s/l").c_str(), AT_FDCWD,
                                (scratch / "trap").c_str(), RENAME_EXCHANGE),
                    0);
        });
        (void)copy("s", "t", following());
        runs += static_cast<unsigned>(exchange.times());
      }
      seen = detail::calls_seen(which);
      const fs::path made = scratch / "t/l";
      if (fs::exists(made)) {
        const auto has = names_in(made);
        const auto mode = fs::status(made).permissions();
        const bool one = has == std::set<std::string>{"1"} && mode == fs::perms(0750);
        const bool other = has == std::set<std::string>{"2"} && mode == fs::perms(0700);
        EXPECT_TRUE(one || other) << name_of(which) << ' ' << nth << told;
        one ? ++ones : ++others;
      } else if (!told.failures.empty() && told.failures[0].why == errc::raced) {
        ++raced;
      }
      for (const char* name : {"one", "other", "s", "t"}) {
        if (fs::exists(scratch / name)) testing::remove_by_force(scratch / name);
      }
      fs::remove(scratch / "trap");
    }
  }
  EXPECT_GT(runs, 20U);
  EXPECT_GT(ones, 0U);
  EXPECT_GT(others, 0U);
  EXPECT_GT(raced, 0U);
}

} // namespace
} // namespace afio::unit
