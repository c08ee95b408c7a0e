// What an index knows after it was saved and loaded, that damage is noticed, and that a save that
// fails changes nothing.
#include "algorithms/clone_tree/source_index.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/content.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using verdict = source_index::verdict;

identity copy_of(std::uint64_t inode) { return {1, 2, inode}; }

stat_t source_at(std::uint64_t inode, std::int64_t seconds = 100, std::uint32_t nanoseconds = 7,
                 std::uint64_t device = 5) {
  stat_t s;
  s.id = {1, device, inode};
  s.changed = {seconds, nanoseconds};
  return s;
}

class SourceIndex : public scene {
protected:
  source_index load() const { return take(source_index::load(dir, leaf("index"))); }

  void save(const source_index& index) const { take(index.save(dir, leaf("index"))); }

  std::string bytes() const { return testing::content_of(scratch / "index"); }

  void write(const std::string& all) const {
    std::ofstream(scratch / "index", std::ios::binary) << all;
  }

  void expect_damaged() const {
    EXPECT_TRUE(failed_with(source_index::load(dir, leaf("index")), EILSEQ));
  }
};

TEST_F(SourceIndex, KnowsWhatWasNotedOnceItWasSavedAndLoaded) {
  source_index notes;
  for (const std::uint64_t inode : {30, 10, 20}) notes.note(copy_of(inode), source_at(inode + 1));
  notes.note(copy_of(40), source_at(41, -5, 999'999'999));
  EXPECT_EQ(notes.of(copy_of(10), source_at(11)), verdict::unknown) << "not before";
  save(notes);
  const source_index known = load();
  EXPECT_EQ(known.size(), 4U);
  EXPECT_EQ(known.of(copy_of(10), source_at(11)), verdict::same);
  EXPECT_EQ(known.of(copy_of(40), source_at(41, -5, 999'999'999)), verdict::same);
  EXPECT_EQ(known.of(copy_of(10), source_at(12)), verdict::changed) << "another file";
  EXPECT_EQ(known.of(copy_of(10), source_at(11, 101)), verdict::changed);
  EXPECT_EQ(known.of(copy_of(10), source_at(11, 100, 8)), verdict::changed);
  EXPECT_EQ(known.of(copy_of(10), source_at(11, 100, 7, 6)), verdict::unknown)
      << "devices have other numbers after a start";
  EXPECT_EQ(known.of(copy_of(11), source_at(11)), verdict::unknown);
}

TEST_F(SourceIndex, WhatIsForgottenIsKnownNoMore) {
  source_index notes;
  for (const std::uint64_t inode : {10, 20}) notes.note(copy_of(inode), source_at(inode + 1));
  save(notes);
  source_index known = load();
  known.forget(copy_of(10), source_at(99));
  known.forget(copy_of(30), source_at(99));
  save(known);
  EXPECT_NE(load().of(copy_of(10), source_at(11)), verdict::same);
  EXPECT_NE(load().of(copy_of(10), source_at(99)), verdict::same);
  EXPECT_EQ(load().of(copy_of(20), source_at(21)), verdict::same);
}

TEST_F(SourceIndex, IsPrivateAndNothingIsLeftBesideIt) {
  save(source_index());
  EXPECT_EQ(fs::status(scratch / "index").permissions(), fs::perms(0600));
  save(source_index());
  EXPECT_EQ(names(), std::set<std::string>{"index"});
  EXPECT_EQ(load().size(), 0U);
}

TEST_F(SourceIndex, LaterNotesTakeThePlaceOfWhatWasLoaded) {
  source_index first;
  for (std::uint64_t inode = 1; inode <= 4; ++inode) first.note(copy_of(inode), source_at(inode));
  save(first);
  source_index second = load();
  second.note(copy_of(2), source_at(2, 200));
  second.note(copy_of(3), source_at(33));
  second.note(copy_of(5), source_at(5));
  save(second);
  const source_index third = load();
  EXPECT_EQ(third.size(), 5U);
  EXPECT_EQ(third.of(copy_of(1), source_at(1)), verdict::same) << "what older clones have stays";
  EXPECT_EQ(third.of(copy_of(2), source_at(2, 200)), verdict::same);
  EXPECT_EQ(third.of(copy_of(3), source_at(33)), verdict::same);
  EXPECT_EQ(third.of(copy_of(4), source_at(4)), verdict::same);
  EXPECT_EQ(third.of(copy_of(5), source_at(5)), verdict::same);
}

TEST_F(SourceIndex, OfSeveralNotesTheLatestChangeCounts) {
  source_index notes;
  notes.note(copy_of(1), source_at(1, -1));
  notes.note(copy_of(1), source_at(1, 200, 2));
  notes.note(copy_of(1), source_at(1, 200, 1));
  save(notes);
  EXPECT_EQ(load().size(), 1U);
  EXPECT_EQ(load().of(copy_of(1), source_at(1, 200, 2)), verdict::same);
}

TEST_F(SourceIndex, WhatIsOfNoUseThreeTimesGoes) {
  source_index first;
  for (std::uint64_t inode = 1; inode <= 4; ++inode) first.note(copy_of(inode), source_at(inode));
  save(first);
  for (int i = 0; i < 6; ++i) {
    source_index next = load();
    EXPECT_EQ(next.size(), i < 3 ? 4U : 2U) << i;
    EXPECT_EQ(next.of(copy_of(2), source_at(2)), verdict::same);
    next.note(copy_of(3), source_at(3));
    EXPECT_EQ(next.of(copy_of(4), source_at(4, 1)), i < 3 ? verdict::changed : verdict::unknown);
    save(next);
  }
}

TEST_F(SourceIndex, WhatIsKnownIsNotNotedAgain) {
  source_index first;
  first.note(copy_of(1), source_at(1));
  save(first);
  source_index second = load();
  second.note(copy_of(1), source_at(1));
  EXPECT_EQ(second.size(), 1U);
}

TEST_F(SourceIndex, EachDamagedByteIsNoticed) {
  source_index notes;
  for (std::uint64_t inode = 1; inode <= 3; ++inode) notes.note(copy_of(inode), source_at(inode));
  save(notes);
  const std::string good = bytes();
  ASSERT_EQ(good.size(), 32U + 3 * 32U);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int bit : {1, 128}) {
      SCOPED_TRACE(at);
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ bit);
      write(bad);
      expect_damaged();
    }
  }
  for (const std::size_t size : {0U, 31U, 32U, 33U, 64U, 96U, 127U}) {
    write(good.substr(0, size));
    expect_damaged();
  }
  write(good + '\0');
  expect_damaged();
  write(good + std::string(32, '\0'));
  expect_damaged();
  write(good);
  EXPECT_EQ(load().size(), 3U);
}

TEST_F(SourceIndex, IsOfNoUseToWhoWantsMoreThanItsCopiesHave) {
  source_index notes;
  notes.note(copy_of(1), source_at(1));
  take(notes.save(dir, leaf("index"), aspect::mode | aspect::xattr));
  const auto wanted = [&](aspect parts) { return source_index::load(dir, leaf("index"), parts); };
  for (const aspect few : {aspect::none, aspect::xattr, aspect::mode | aspect::xattr})
    EXPECT_EQ(take(wanted(few)).size(), 1U);
  for (const aspect more : {aspect::acl, aspect::mode | aspect::acl, aspect::all})
    EXPECT_TRUE(failed_with(wanted(more), ENODATA));
}

TEST_F(SourceIndex, SaysWhatIsThereInItsPlace) {
  EXPECT_TRUE(failed_with(source_index::load(dir, leaf("index")), ENOENT));
  make("d index\n l l -> index\n p p");
  EXPECT_TRUE(failed_with(source_index::load(dir, leaf("index")), EISDIR));
  EXPECT_TRUE(failed_with(source_index::load(dir, leaf("l")), ELOOP));
  EXPECT_TRUE(failed_with(source_index::load(dir, leaf("p")), EINVAL));
  EXPECT_TRUE(failed_with(source_index().save(dir, leaf("index")), EISDIR));
  take(source_index().save(dir, leaf("l"))); // It takes the symlink's place, and follows it not.
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(scratch / "l")));
  EXPECT_EQ(names(), (std::set<std::string>{"index", "l", "p"}));
}

TEST_F(SourceIndex, ASaveThatFailsLeavesTheOldOne) {
  source_index old;
  old.note(copy_of(1), source_at(1));
  save(old);
  const std::string before = bytes();
  source_index notes = load();
  notes.note(copy_of(2), source_at(2));
  for (const call which : {call::getrandom, call::openat2, call::pwrite64, call::fsync, call::statx,
                           call::renameat2, call::close}) {
    for (std::uint64_t nth = 1; nth <= 3; ++nth) {
      SCOPED_TRACE(std::string(name_of(which)) + " " + std::to_string(nth));
      const armed fails({.which = which, .nth = nth, .native = EIO});
      const auto saved = notes.save(dir, leaf("index"));
      if (!saved) {
        EXPECT_TRUE(failed_with(saved, EIO));
      }
    }
    const bool whole = bytes() == before || load().size() == 2U;
    EXPECT_TRUE(whole) << name_of(which);
  }
  EXPECT_EQ(names(), std::set<std::string>{"index"});
}

TEST_F(SourceIndex, ASaveThatFailsIsAboutItsOwnName) {
  source_index notes;
  notes.note(copy_of(1), source_at(1));
  for (const call which : {call::getrandom, call::openat2, call::pwrite64, call::renameat2}) {
    const armed fails({.which = which, .native = EIO});
    const auto saved = notes.save(dir, leaf("index"));
    ASSERT_TRUE(failed_with(saved, EIO)) << name_of(which);
    EXPECT_EQ(saved.assume_error().name(), "index") << name_of(which);
  }
}

TEST_F(SourceIndex, AMillionNotesOfSeveralThreadsAreAllThere) {
  constexpr std::uint64_t each = 250'000;
  source_index notes;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&notes, t] {
        for (std::uint64_t i = 0; i < each; ++i) notes.note(copy_of(4 * i + t), source_at(i));
      });
    }
  }
  EXPECT_EQ(notes.size(), 4 * each);
  save(notes);
  const source_index known = load();
  ASSERT_EQ(known.size(), 4 * each);
  std::uint64_t same = 0;
  for (std::uint64_t i = 0; i < 4 * each; ++i) {
    same += known.of(copy_of(i), source_at(i / 4)) == verdict::same ? 1 : 0;
  }
  EXPECT_EQ(same, 4 * each);
}

TEST_F(SourceIndex, CanBeAskedAndToldAtTheSameTime) {
  source_index first;
  for (std::uint64_t i = 0; i < 1000; ++i) first.note(copy_of(i), source_at(i));
  save(first);
  source_index both = load();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&both, t] {
        for (std::uint64_t i = 0; i < 1000; ++i) {
          EXPECT_EQ(both.of(copy_of(i), source_at(i)), verdict::same);
          both.note(copy_of(i), source_at(i));
          if (t == 0) both.note(copy_of(1000 + i), source_at(i));
        }
      });
    }
  }
  source_index moved = std::move(both);
  save(moved);
  EXPECT_EQ(load().size(), 2000U);
}

} // namespace
} // namespace afio::unit
