// No page is given out twice, whoever asks and whoever is killed; and what is no file of pages is
// told.
#include "algorithms/mapping/page_allocator.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace afio::algorithms {
namespace {

using unit::anchor;
using unit::failed_with;
using unit::leaf;
using unit::take;

constexpr std::uint64_t room = std::uint64_t{1}
                               << 30; // Of address space, which tsan has little of.

std::uint64_t number(page_number page) { return static_cast<std::uint64_t>(page); }

/// The first word that a page's user stores, behind the link that a free page has.
std::atomic_ref<std::uint64_t> owner_of(const page_allocator& pages, page_number page) {
  return std::atomic_ref(reinterpret_cast<std::uint64_t*>(pages[page].data())[1]);
}

class PageAllocator : public unit::per_file_system {
protected:
  file_handle file() const {
    return take(file_handle::file(dir, leaf("pages"),
                                  {.mode = mode::write, .creation = creation::if_needed}));
  }

  page_allocator open() const { return take(page_allocator::open(file(), room)); }
};

INSTANTIATE_TEST_SUITE_P(Kinds, PageAllocator, unit::all_kinds(), unit::kind_of);

TEST_P(PageAllocator, GivesOutEachPageOnce) {
  auto pages = open();
  std::set<page_number> all;
  for (int i = 0; i < 5'000; ++i) {
    const page_number page = take(pages.allocate());
    EXPECT_TRUE(all.insert(page).second);
    EXPECT_GE(number(page), 2U);
    std::memset(pages[page].data(), 0xff, page_allocator::page_bytes);
  }
  EXPECT_EQ(take(pages.census()).pages, 5 * page_allocator::slots);
  EXPECT_EQ(take(pages.census()).free, 5 * page_allocator::slots - 5'000);
  for (const page_number page : all) take(pages.free(page));
  EXPECT_EQ(take(pages.census()).free, 5 * page_allocator::slots);
  // The file grows no more as long as there are free ones, whichever list they are in.
  std::set<page_number> again;
  for (std::uint64_t i = 0; i < 5 * page_allocator::slots; ++i)
    EXPECT_TRUE(again.insert(take(pages.allocate())).second);
  EXPECT_EQ(take(pages.census()), (page_census{5 * page_allocator::slots, 0}));
}

TEST_P(PageAllocator, WhatIsFreeIsSoForWhoOpensTheFileLater) {
  page_number kept;
  {
    auto pages = open();
    kept = take(pages.allocate());
    take(pages.free(take(pages.allocate())));
    pages.root().store(number(kept));
    take(pages.barrier());
  }
  auto pages = open();
  EXPECT_EQ(pages.root().load(), number(kept));
  EXPECT_EQ(take(pages.census()), (page_census{page_allocator::slots, page_allocator::slots - 1}));
  for (std::uint64_t i = 1; i < page_allocator::slots; ++i) EXPECT_NE(take(pages.allocate()), kept);
}

TEST_P(PageAllocator, RandomlyAsASetOfNumbers) {
  auto pages = open();
  auto others = open(); // Another handle of the same file.
  std::mt19937 random(GetParam() == testing::file_system::tmpfs ? 1 : 2);
  std::vector<page_number> used;
  for (int i = 0; i < 50'000; ++i) {
    page_allocator& which = random() % 2 == 0 ? pages : others;
    if (used.empty() || random() % 100 < 52) {
      const page_number page = take(which.allocate());
      owner_of(which, page).store(number(page), std::memory_order_relaxed);
      used.push_back(page);
    } else {
      std::swap(used[random() % used.size()], used.back());
      ASSERT_EQ(owner_of(which, used.back()).exchange(0), number(used.back()));
      take(which.free(used.back()));
      used.pop_back();
    }
  }
  const page_census found = take(pages.census());
  EXPECT_EQ(found.pages - found.free, used.size());
  std::sort(used.begin(), used.end());
  EXPECT_EQ(std::adjacent_find(used.begin(), used.end()), used.end());
}

/// Takes pages, marks them as its own, sees that they stay so, and gives them back.
void work(page_allocator& pages, std::uint64_t me, int rounds, std::atomic<std::uint64_t>& wrong) {
  std::mt19937_64 random(me);
  std::vector<page_number> mine;
  for (int i = 0; i < rounds; ++i) {
    if (mine.size() < 40 && (mine.empty() || random() % 2 == 0)) {
      const auto page = pages.allocate();
      if (!page) {
        ++wrong;
        return;
      }
      if (owner_of(pages, page.assume_value()).exchange(me) != 0) ++wrong;
      mine.push_back(page.assume_value());
    } else {
      if (owner_of(pages, mine.back()).exchange(0) != me) ++wrong;
      if (!pages.free(mine.back())) ++wrong;
      mine.pop_back();
    }
  }
  for (const page_number page : mine) {
    owner_of(pages, page).store(0);
    if (!pages.free(page)) ++wrong;
  }
}

TEST_P(PageAllocator, ThreadsNeverHaveTheSamePage) {
  auto pages = open();
  std::atomic<std::uint64_t> wrong = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t me = 1; me <= 4; ++me)
    threads.emplace_back([&, me] { work(pages, me, 50'000, wrong); });
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(wrong, 0U);
  const page_census found = take(pages.census());
  EXPECT_EQ(found.free, found.pages);
}

// Where few pages go round, a page comes back to its list while somebody is about to take it: what
// he knows of the next one is no longer so, although the first is the same.
TEST_P(PageAllocator, ThreadsNeverHaveTheSamePageWhereThereAreFew) {
  constexpr std::uint64_t few = 5;
  constexpr std::uint64_t bytes =
      page_allocator::header_bytes + few * page_allocator::slots * page_allocator::page_bytes;
  auto pages = take(page_allocator::open(file(), bytes)); // It cannot grow further.
  std::vector<page_number> all;
  for (std::uint64_t i = 0; i < few * page_allocator::slots; ++i)
    all.push_back(take(pages.allocate()));
  for (const page_number page : all) {
    if (number(page) % page_allocator::slots == 7) take(pages.free(page));
  }
  std::atomic<std::uint64_t> wrong = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t me = 1; me < few; ++me) { // One a thread, and one is always there.
    threads.emplace_back([&, me] {
      for (int i = 0; i < 400'000 && wrong == 0; ++i) {
        const auto page = pages.allocate();
        if (!page || owner_of(pages, page.assume_value()).exchange(me) != 0 ||
            owner_of(pages, page.assume_value()).exchange(0) != me ||
            !pages.free(page.assume_value()))
          ++wrong;
      }
    });
  }
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(take(pages.census()).free, few);
}

TEST_P(PageAllocator, AKilledProcessLeavesNothingButItsPages) {
  // How many pages its children had, in memory that they share.
  constexpr int children = 3;
  const std::uint64_t seed = 17;
  std::mt19937 random(seed);
  open();
  for (int trial = 0; trial < 15; ++trial) {
    std::vector<pid_t> pids;
    for (int child = 0; child < children; ++child) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        auto pages = open();
        std::atomic<std::uint64_t> wrong = 0;
        // Marks are of a kind that the next trial clears: pages of the killed are in use for ever.
        for (std::uint64_t round = 0;; ++round) {
          work(pages, static_cast<std::uint64_t>(::getpid()), 1'000, wrong);
          if (wrong != 0) ::_exit(1);
        }
      }
      pids.push_back(pid);
    }
    ::usleep(2'000 + random() % 20'000);
    for (const pid_t pid : pids) {
      ::kill(pid, SIGKILL);
      int status = 0;
      ::waitpid(pid, &status, 0);
      EXPECT_TRUE(WIFSIGNALED(status)) << "a child met a page of another";
    }
    auto pages = open();
    const page_census found = take(pages.census());
    // 40 that each had, and one that it was taking or giving back.
    EXPECT_LE(found.pages - found.free, static_cast<std::uint64_t>(children * 41 * (trial + 1)));
    for (std::uint64_t page = 2; page < found.pages + 2; ++page)
      owner_of(pages, static_cast<page_number>(page)).store(0);
  }
  auto pages = open();
  const page_number kept = take(pages.allocate());
  take(pages.rebuild({&kept, 1}));
  const page_census found = take(pages.census());
  EXPECT_EQ(found.pages - found.free, 1U);
}

TEST_P(PageAllocator, BelievesNoFileThatIsNotItsOwn) {
  take(file().write(std::as_bytes(std::span("hello")), 0));
  EXPECT_TRUE(failed_with(page_allocator::open(file(), room), EBADMSG));
  take(file().truncate(page_allocator::header_bytes));
  EXPECT_TRUE(failed_with(page_allocator::open(file(), room), EBADMSG));
  take(file().truncate(0));
  take(file().truncate(3 * page_allocator::header_bytes));
  EXPECT_TRUE(failed_with(page_allocator::open(file(), room), EBADMSG)) << "no magic";
  take(file().truncate(0));
  take(file().truncate(page_allocator::header_bytes));
  EXPECT_TRUE(unit::succeeded(page_allocator::open(file(), room))) << "killed before the magic";
}

TEST_P(PageAllocator, MarksNothingButZeros) {
  for (const std::uint64_t used : {std::uint64_t{8}, page_allocator::header_bytes - 1}) {
    std::vector<std::byte> foreign(page_allocator::header_bytes);
    std::fill(foreign.begin() + static_cast<std::ptrdiff_t>(used), foreign.end(), std::byte{0x5a});
    take(file().write(const_buffer(foreign), 0));
    EXPECT_TRUE(failed_with(page_allocator::open(file(), room), EBADMSG));
    std::vector<std::byte> now(foreign.size());
    take(file().read(buffer(now), 0));
    EXPECT_EQ(now, foreign);
  }
}

TEST_P(PageAllocator, GivesOutNothingOfADamagedList) {
  auto pages = open();
  const page_number page = take(pages.allocate());
  take(pages.free(page));
  std::memset(pages[page].data(), 0x5a, 8); // Somebody who had given it back.
  EXPECT_TRUE(failed_with(pages.allocate(), EBADMSG));
  EXPECT_TRUE(failed_with(pages.census(), EBADMSG));
  take(pages.rebuild({}));
  EXPECT_EQ(take(pages.census()), (page_census{page_allocator::slots, page_allocator::slots}));
  EXPECT_TRUE(unit::succeeded(pages.allocate()));
}

TEST_P(PageAllocator, DoesNotGrowTowardsADamagedHeader) {
  take(open().allocate());
  const std::uint64_t fresh = std::uint64_t{1} << 40; // Behind the magic.
  take(file().write(std::as_bytes(std::span(&fresh, 1)), 8));
  const std::uint64_t before = take(file().size());
  auto pages = take(page_allocator::open(file(), 4 * before));
  EXPECT_TRUE(failed_with(pages.allocate(), EBADMSG));
  EXPECT_EQ(take(file().size()), before);
  take(pages.rebuild({}));
  EXPECT_TRUE(unit::succeeded(pages.allocate()));
}

TEST_P(PageAllocator, RefusesWhatIsNoPage) {
  auto pages = open();
  EXPECT_TRUE(failed_with(pages.free(page_number::none), EINVAL));
  EXPECT_TRUE(failed_with(pages.free(page_number{1}), EINVAL));
  EXPECT_TRUE(failed_with(pages.free(page_number{2}), EINVAL)) << "the file has none yet";
  const page_number page = take(pages.allocate());
  EXPECT_TRUE(failed_with(pages.free(page_number{5'000}), EINVAL));
  const page_number beyond{5'000};
  EXPECT_TRUE(failed_with(pages.rebuild({&beyond, 1}), EINVAL));
  EXPECT_TRUE(unit::succeeded(pages.free(page)));
}

TEST_P(PageAllocator, GrowsAsFarAsItsAddressSpaceOrTheDisk) {
  {
    const std::uint64_t two_growths =
        page_allocator::header_bytes + 2 * page_allocator::slots * page_allocator::page_bytes;
    auto pages = take(page_allocator::open(file(), two_growths));
    for (std::uint64_t i = 0; i < 2 * page_allocator::slots; ++i) take(pages.allocate());
    EXPECT_TRUE(failed_with(pages.allocate(), ENOMEM));
  }
  EXPECT_TRUE(failed_with(page_allocator::open(file(), page_allocator::header_bytes), EINVAL));
  EXPECT_TRUE(failed_with(page_allocator::open(file(), std::uint64_t{1} << 45), EINVAL));
  auto pages = open();
  detail::arm({.which = call::fallocate,
               .nth = 1,
               .repeats = detail::fault::repeat::for_ever,
               .native = ENOSPC});
  const auto full = pages.allocate();
  detail::disarm();
  EXPECT_TRUE(failed_with(full, ENOSPC));
  EXPECT_TRUE(unit::succeeded(pages.allocate()));
}

} // namespace
} // namespace afio::algorithms
