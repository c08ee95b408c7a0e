// What walk.hpp promises of two and of three trees in lockstep.
#include "tests/algorithms/scene.hpp"

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using lines = std::vector<std::string>;

char letter(const cell& c) {
  if (!c.present) return '-';
  switch (c.type) {
  case file_type::regular:
    return 'f';
  case file_type::directory:
    return 'd';
  case file_type::symlink:
    return 'l';
  default:
    return '?';
  }
}

/// "a/b df": a directory in the first tree, a file in the second.
template <std::size_t N>
std::string line_of(const place<N>& here, const row<N>& r) {
  std::string line = here.path(r.name) + ' ';
  for (const cell& c : r.in) line += letter(c);
  return line;
}

/// Trees in `0`, `1` and `2`, whose names for people are empty.
class Lockstep : public any_threads {
protected:
  tree_root tree(int number) const { return {scratch / std::to_string(number), ""}; }

  /// Walks the first N trees.
  template <std::size_t N>
  walk_report go(const script<N>& does, const walk_options& options = {}) {
    std::vector<tree_root> trees;
    std::array<walk_root, N> roots;
    for (std::size_t i = 0; i < N; ++i) trees.push_back(tree(static_cast<int>(i)));
    for (std::size_t i = 0; i < N; ++i) roots[i] = trees[i].get();
    return take(perform<N>(roots, does, threaded(options), told));
  }

  /// Walks the first two, of which the second is optional.
  walk_report go_with_or_without(const walk_options& options = {}) {
    const tree_root first = tree(0), second = tree(1);
    walk_root optional = second.get();
    optional.optional = true;
    return take(perform<2>({first.get(), optional}, writing<2>(), threaded(options), told));
  }

  template <std::size_t N>
  script<N> writing() {
    return {.rows = [this](const place<N>& here, std::span<row<N>> rows) {
      for (const row<N>& r : rows) seen.add(line_of(here, r));
    }};
  }

  journal seen;
  listener told;
};

AFIO_WITH_1_2_AND_3_THREADS(Lockstep);

// ------------------------------------------------------------------------------------ lining up

TEST_P(Lockstep, LinesUpTheNamesOfTwoTrees) {
  make("f 0/both 1\n f 0/first 1\n d 0/dir\n f 0/dir/x 1\n l 0/other -> a");
  make("f 1/both 1\n f 1/second 1\n d 1/dir\n f 1/dir/y 1\n f 1/other 1");
  go(writing<2>());
  EXPECT_EQ(seen.sorted(), (lines{"both ff", "dir dd", "dir/x f-", "dir/y -f", "first f-",
                                  "other lf", "second -f"}));
  EXPECT_TRUE(told.failures.empty()) << told;
}

TEST_P(Lockstep, LinesUpTheNamesOfThreeTrees) {
  make("f 0/a 1\n f 0/b 1\n f 0/c 1\n f 0/d/x 1");
  make("f 1/b 1\n f 1/c 1\n f 1/d/y 1");
  make("f 2/c 1\n f 2/d/x 1\n f 2/e 1");
  go(writing<3>());
  EXPECT_EQ(seen.sorted(),
            (lines{"a f--", "b ff-", "c fff", "d ddd", "d/x f-f", "d/y -f-", "e --f"}));
}

TEST_P(Lockstep, RowsAreInTheOrderOfTheNamesBytes) {
  make("f 0/b 1\n f 0/A 1\n f 0/a\\x21 1\n f 0/\\xff 1");
  make("f 1/a 1\n f 1/a\\x21 1\n f 1/\\x01 1\n f 1/zz 1");
  go(writing<2>());
  EXPECT_EQ(seen.lines(), (lines{"\x01 -f", "A f-", "a -f", "a! ff", "b f-", "zz -f", "\xff f-"}));
}

TEST_P(Lockstep, EveryRowOfALargeDirectoryComesOnce) {
  constexpr std::size_t count = 20'000;
  make("d 0\n d 1");
  make_files(scratch / "0", count);
  make_files(scratch / "1", count / 2);
  std::vector<std::atomic<int>> both(count), first(count);
  go<2>({.rows = [&](const place<2>&, std::span<row<2>> rows) {
    EXPECT_LE(rows.size(), 128U);
    for (const row<2>& r : rows) ++(r.in[1].present ? both : first)[std::stoul(r.name.c_str())];
  }});
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(both[i], i < count / 2 ? 1 : 0) << i;
    ASSERT_EQ(first[i], i < count / 2 ? 0 : 1) << i;
  }
}

// ------------------------------------------------------------------------------------- presence

TEST_P(Lockstep, EntersADirectoryWhereverItIsOne) {
  make("f 0/d/x 1\n f 0/mixed/y 1");
  make("f 1/mixed 1");
  go<2>({.leave = [&](const place<2>& here) {
    seen.add(here.path() + (here.present(0) ? " 0" : "") + (here.present(1) ? " 1" : ""));
    return after::done;
  }});
  EXPECT_EQ(seen.sorted(), (lines{" 0 1", "d 0", "mixed 0"}));
}

TEST_P(Lockstep, ATreeMayBeAbsent) {
  make("f 1/d/x 1");
  const tree_root there = tree(1);
  take(perform<2>({walk_root{}, there.get()}, writing<2>(), threaded(walk_options{}), told));
  EXPECT_EQ(seen.sorted(), (lines{"d -d", "d/x -f"}));
}

TEST_P(Lockstep, SkippedRowsAreEnteredInNoTree) {
  make("f 0/d/x 1");
  make("f 1/d/x 1");
  go<2>({.rows = [&](const place<2>& here, std::span<row<2>> rows) {
    for (row<2>& r : rows) {
      seen.add(line_of(here, r));
      r.below = row<2>::below::skip;
    }
  }});
  EXPECT_EQ(seen.lines(), lines{"d dd"});
}

TEST_P(Lockstep, ADirectoryThatTheVisitorMakesIsEntered) {
  make("f 0/d/x 1\n f 0/d/e/y 1\n d 1");
  auto does = writing<2>();
  does.rows = [&](const place<2>& here, std::span<row<2>> rows) {
    for (row<2>& r : rows) {
      seen.add(line_of(here, r));
      if (r.in[0].type != file_type::directory) continue;
      take(here.handle(1).create_directory(r.name));
      stat_t made;
      take(made.stamp(here.handle(1), r.name, want::identity | want::type));
      r.in[1] = {.inode = made.id.inode, .type = made.type, .present = true};
    }
  };
  does.leave = [](const place<2>& here) {
    EXPECT_TRUE(here.present(1)) << here.path();
    return after::done;
  };
  go(does);
  EXPECT_EQ(seen.sorted(), (lines{"d d-", "d/e d-", "d/e/y f-", "d/x f-"}));
  EXPECT_TRUE(fs::is_directory(scratch / "1/d/e"));
}

TEST_P(Lockstep, HandlesAreThoseOfEachTree) {
  make("f 0/d/x 1\n f 1/d/x 1\n f 2/d/x 1");
  go<3>({.rows = [&](const place<3>& here, std::span<row<3>>) {
    for (std::size_t tree = 0; tree < 3; ++tree) {
      auto at = scratch / std::to_string(tree);
      if (here.depth() == 1) at /= "d";
      EXPECT_EQ(take(here.handle(tree).identity()), take(anchor(at).identity()));
      EXPECT_EQ(here.id(tree), take(here.handle(tree).identity()));
    }
  }});
}

TEST_P(Lockstep, StatusIsThatOfEachTree) {
  make("f 0/x 1\n f 0/y 4");
  make("f 1/x 2");
  go<2>({.rows =
             [&](const place<2>& here, std::span<row<2>> rows) {
               for (const row<2>& r : rows) {
                 std::string line = line_of(here, r);
                 for (const cell& c : r.in)
                   line += c.stat ? " " + std::to_string(c.stat->size) : "";
                 seen.add(line);
               }
             }},
        {.fields = want::size});
  EXPECT_EQ(seen.lines(), (lines{"x ff 1 2", "y f- 4"}));
}

// ------------------------------------------------------------- what is gone, or cannot be listed

TEST_P(Lockstep, AListingErrorIsNeverTakenForAbsence) {
  make("f 0/d/x 1\n f 0/d/y 1");
  make("f 1/d/x 1\n f 1/d/y 1");
  // Two calls for each of the roots, then the first of 0/d.
  const armed failing({.which = call::getdents64, .nth = 5, .native = EIO});
  auto does = writing<2>();
  does.rows = [&](const place<2>& here, std::span<row<2>> rows) {
    for (const row<2>& r : rows) {
      seen.add(line_of(here, r) + (here.listed(0) ? "" : " ?") + (here.listed(1) ? "" : " ?"));
    }
  };
  does.leave = [&](const place<2>& here) {
    EXPECT_EQ(here.listed(0), here.is_root());
    EXPECT_TRUE(here.listed(1));
    return after::done;
  };
  EXPECT_EQ(go(does).failures, 1U);
  EXPECT_EQ(told.failure_alone().path, "d");
  EXPECT_EQ(told.failure_alone().what, operation::list);
  EXPECT_EQ(told.failure_alone().why.native(), EIO);
  EXPECT_EQ(seen.lines(), (lines{"d dd", "d/x -f ?", "d/y -f ?"}));
}

TEST_P(Lockstep, AnErrorLaterInAListingIsNoEnd) {
  make("f 0/x 1\n f 1/x 1");
  // The second call for a root: what was listed before it is there all the same.
  const armed failing({.which = call::getdents64, .nth = 2, .native = EIO});
  auto does = writing<2>();
  does.leave = [&](const place<2>& here) {
    EXPECT_FALSE(here.listed(0));
    EXPECT_TRUE(here.incomplete());
    return after::done;
  };
  EXPECT_EQ(go(does).failures, 1U);
  EXPECT_EQ(seen.lines(), lines{"x ff"});
}

TEST_P(Lockstep, WhatIsGoneBeforeItsStatusIsReadIsAbsent) {
  make("d 0/x\n d 1/x");
  // The roots have been looked at by then.
  const just_before gone(call::statx, 3, [&] { fs::remove_all(scratch / "0/x"); });
  EXPECT_EQ(go(writing<2>(), {.fields = want::size}).failures, 0U) << told;
  EXPECT_EQ(gone.times(), 1);
  EXPECT_EQ(seen.lines(), lines{"x -d"});
}

TEST_P(Lockstep, AnOptionalTreeHasNothingInADirectoryThatCannotBeListed) {
  make("f 0/d/x 1\n f 0/d/y 1\n f 1/d/x 1\n f 1/d/z 1");
  // Two calls for each of the roots and for 0/d, then the second of 1/d.
  const armed failing({.which = call::getdents64, .nth = 8, .native = EIO});
  EXPECT_EQ(go_with_or_without().failures, 0U) << told;
  EXPECT_EQ(seen.lines(), (lines{"d dd", "d/x f-", "d/y f-"}));
}

TEST_P(Lockstep, AnOptionalTreeLacksWhatCannotBeLookedAt) {
  make("f 0/x 1\n f 1/x 1");
  // Of the roots, of 0/x, and of 1/x.
  const armed failing({.which = call::statx, .nth = 4, .native = EACCES});
  EXPECT_EQ(go_with_or_without({.fields = want::size}).failures, 0U) << told;
  EXPECT_EQ(seen.lines(), lines{"x f-"});
}

TEST_P(Lockstep, AStatusThatCannotBeReadIsToldByTheNameOfItsTree) {
  make("f 0/x 1\n f 1/x 1");
  const armed failing({.which = call::statx, .nth = 4, .native = EACCES});
  const tree_root first{scratch / "0", "first"}, second{scratch / "1", "second"};
  take(perform<2>({first.get(), second.get()}, writing<2>(),
                  threaded(walk_options{.fields = want::size}), told));
  EXPECT_EQ(told.failed_paths(), lines{"second/x"});
  EXPECT_EQ(seen.lines(), lines{});
}

TEST_P(Lockstep, ADirectoryThatIsGoneInOneTreeIsNotSkippedInSilence) {
  make("f 0/d/x 1\n f 1/d/x 1");
  const just_before gone(call::openat2, 1, [&] { fs::remove_all(scratch / "0/d"); });
  EXPECT_EQ(go(writing<2>()).failures, 1U);
  EXPECT_EQ(gone.times(), 1);
  EXPECT_EQ(told.failure_alone().path, "d");
  EXPECT_EQ(told.failure_alone().why.native(), ENOENT);
}

TEST_P(Lockstep, AnotherDirectoryInEitherTreeIsRaced) {
  for (const char* tree : {"0", "1"}) {
    make("f 0/d/x 1\n f 1/d/x 1\n f other/secret 1");
    // One open for each tree: whichever is exchanged, before the first of them.
    const just_before exchanged(
        call::openat2, 1, [&] { testing::exchange(scratch / tree / "d", scratch / "other"); });
    EXPECT_EQ(go(writing<2>()).failures, 1U);
    EXPECT_EQ(told.failure_alone().why, errc::raced);
    told.failures.clear();
    for (const char* name : {"0", "1", "other"}) fs::remove_all(scratch / name);
  }
  EXPECT_EQ(seen.lines(), (lines{"d dd", "d dd"}));
}

// -------------------------------------------------------------------------------------- the rest

TEST_P(Lockstep, ListsAllTreesAgainWhenAskedTo) {
  make("f 0/x 1\n f 1/y 1");
  std::atomic<int> left = 0;
  auto does = writing<2>();
  does.leave = [&](const place<2>&) {
    if (++left == 2) return after::done;
    touch(scratch / "1/x");
    return after::list_again;
  };
  go(does);
  EXPECT_EQ(seen.lines(), (lines{"x f-", "y -f", "x ff", "y -f"}));
}

TEST_P(Lockstep, FailuresBeginWithTheNameOfTheFirstTreeThatIsThere) {
  make("f 1/x 1");
  const path_handle there = anchor(scratch / "1");
  const script<2> failing = {.rows = [](const place<2>& here, std::span<row<2>> rows) {
    here.fail(operation::stat, rows[0].name, error(EIO, call::statx));
  }};
  take(perform<2>({walk_root{nullptr, "first"}, walk_root{&there, "second"}}, failing,
                  threaded(walk_options{}), told));
  EXPECT_EQ(told.failed_paths(), lines{"second/x"});
}

TEST_P(Lockstep, UsesNoMoreDescriptorsThanItMay) {
  std::string deep;
  for (int i = 0; i < 50; ++i) deep += "d/";
  for (const char* root : {"0/", "1/", "2/"}) fs::create_directories(scratch / root / deep);
  const auto before = testing::open_descriptors().size();
  std::atomic<std::size_t> most = 0;
  const auto look = [&] {
    const auto now = testing::open_descriptors().size() - before;
    std::size_t old = most;
    while (old < now && !most.compare_exchange_weak(old, now)) {
    }
  };
  const auto done = go<3>({.rows = [&](const place<3>&, std::span<row<3>>) { look(); },
                           .leave =
                               [&](const place<3>&) {
                                 look();
                                 return after::done;
                               }},
                          {.descriptors = 30});
  EXPECT_EQ(done.directories, 51U);
  // Three are the anchors of the test; another thread may be looking, which takes one.
  EXPECT_LE(most, 30U + 3U + GetParam() - 1);
}

} // namespace
} // namespace afio::unit
