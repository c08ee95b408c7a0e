// What memory in a file gives out is nobody else's, comes back, and is there again when the file
// is, wherever it is mapped.
#include "algorithms/mapping/file_memory_resource.hpp"
#include "algorithms/mapping/relative_ptr.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <list>
#include <map>
#include <memory_resource>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace afio::algorithms {
namespace {

using unit::failed_with;
using unit::leaf;
using unit::take;

constexpr std::uint64_t room = std::uint64_t{1}
                               << 30; // Of address space, which tsan has little of.

TEST(SizeClasses, EachHoldsWhatItIsFor) {
  using namespace size_classes;
  for (std::size_t which = 0; which < count; ++which) {
    const std::uint64_t bytes = bytes_of(which);
    EXPECT_EQ(bytes % grain, 0U);
    EXPECT_EQ(of(bytes), which);
    EXPECT_EQ(of(bytes + 1), which + 1);
    EXPECT_EQ(within(bytes), which);
    EXPECT_EQ(within(bytes + grain),
              which + (of(bytes + grain) == which + 1 && bytes_of(which + 1) == bytes + grain));
  }
  for (std::uint64_t bytes = 1; bytes < 100'000; ++bytes) {
    ASSERT_GE(bytes_of(of(bytes)), bytes);
    ASSERT_LE(bytes_of(of(bytes)), std::max(bytes + size_classes::grain, bytes + bytes / 4));
  }
  EXPECT_GE(of(std::uint64_t{1} << 50), count);
  set some;
  EXPECT_EQ(some.first_behind(0), count);
  for (const std::size_t which : {3U, 63U, 64U, 130U, 167U}) some.add(which);
  EXPECT_EQ(some.first_behind(0), 3U);
  EXPECT_EQ(some.first_behind(3), 63U);
  EXPECT_EQ(some.first_behind(63), 64U);
  EXPECT_EQ(some.first_behind(64), 130U);
  EXPECT_EQ(some.first_behind(167), count);
  some.remove(64);
  EXPECT_EQ(some.first_behind(63), 130U);
}

class FileMemory : public unit::per_file_system {
protected:
  file_handle file() const {
    return take(file_handle::file(dir, leaf("memory"),
                                  {.mode = mode::write, .creation = creation::if_needed}));
  }

  std::unique_ptr<file_memory_resource> open() const {
    return take(file_memory_resource::open(file(), room));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, FileMemory, unit::all_kinds(), unit::kind_of);

/// What a program keeps in the file: blocks that it filled, found through relative pointers alone.
struct block {
  relative_ptr<block> next;
  std::uint64_t size;
  std::uint64_t alignment;
  unsigned char fill;

  unsigned char* bytes() { return reinterpret_cast<unsigned char*>(this + 1); }

  bool is_whole() {
    return std::all_of(bytes(), bytes() + size, [&](unsigned char byte) { return byte == fill; });
  }
};

struct root {
  relative_ptr<block> first;
  std::uint64_t count = 0;
};

TEST_P(FileMemory, RandomlyAndOpenedAgainEverywhere) {
  std::mt19937 random(5);
  std::uint64_t blocks = 0;
  std::map<std::uintptr_t, int> places;
  std::vector<map_handle> in_the_way;
  for (int session = 0; session < 6; ++session) {
    auto memory = open();
    ++places[std::bit_cast<std::uintptr_t>(take(memory->try_allocate(16))) >> 20];
    root* all = memory->root<root>();
    if (all == nullptr) {
      all = new (take(memory->try_allocate(sizeof(root)))) root;
      memory->set_root(all);
    }
    ASSERT_EQ(all->count, blocks);
    for (int i = 0; i < 3'000; ++i) {
      if (all->count == 0 || random() % 100 < 55) {
        const std::uint64_t size = random() % 50 == 0 ? random() % 100'000 : random() % 500;
        const std::uint64_t alignment = std::uint64_t{1} << random() % 11;
        const std::uint64_t aligned = std::max<std::uint64_t>(alignment, alignof(block));
        std::byte* const at = take(memory->try_allocate(sizeof(block) + size, aligned));
        ASSERT_EQ(std::bit_cast<std::uintptr_t>(at) % aligned, 0U);
        auto* const made =
            new (at) block{all->first, size, aligned, static_cast<unsigned char>(random())};
        std::memset(made->bytes(), made->fill, size);
        all->first = made;
        ++all->count;
      } else {
        relative_ptr<block>* link = &all->first;
        for (std::uint64_t skip = random() % std::min<std::uint64_t>(all->count, 30); skip > 0;
             --skip)
          link = &(*link)->next;
        block* const gone = link->get();
        ASSERT_TRUE(gone->is_whole());
        *link = gone->next;
        --all->count;
        memory->give_back(reinterpret_cast<std::byte*>(gone), sizeof(block) + gone->size,
                          gone->alignment);
      }
    }
    std::uint64_t counted = 0;
    for (block* one = all->first.get(); one != nullptr; one = one->next.get()) {
      ASSERT_TRUE(one->is_whole());
      ++counted;
    }
    ASSERT_EQ(counted, all->count);
    blocks = counted;
    take(memory->census());
    memory.reset();
    // Something else where it was, so that the next one goes elsewhere.
    in_the_way.push_back(take(map_handle::reserve(room)));
  }
  EXPECT_GT(places.size(), 1U) << "it was always at the same address";
}

TEST_P(FileMemory, WhatIsGivenBackIsUsedAgain) {
  auto memory = open();
  std::vector<std::byte*> blocks;
  for (int i = 0; i < 1'000; ++i) blocks.push_back(take(memory->try_allocate(1'000)));
  const std::uint64_t length = take(memory->census()).file;
  const std::uint64_t used = take(memory->census()).used;
  for (std::byte* const at : blocks) memory->give_back(at, 1'000);
  EXPECT_EQ(take(memory->census()), (memory_census{length, 0, used}));
  for (int i = 0; i < 30'000; ++i) take(memory->try_allocate(16)); // Cut from the larger ones.
  EXPECT_EQ(take(memory->census()).file, length);
}

TEST_P(FileMemory, WorksUnderContainers) {
  auto memory = open();
  {
    std::pmr::map<int, std::pmr::string> map(memory.get());
    std::pmr::unordered_map<std::pmr::string, std::pmr::vector<int>> hashed(memory.get());
    std::pmr::list<std::pmr::vector<double>> list(memory.get());
    for (int i = 0; i < 2'000; ++i) {
      map[i] = std::string(static_cast<std::size_t>(i % 90), 'x');
      hashed[std::pmr::string("name " + std::to_string(i % 50))].push_back(i);
      list.emplace_back(static_cast<std::size_t>(i % 7), 1.5);
    }
    for (int i = 0; i < 2'000; i += 2) map.erase(i);
    for (const auto& [number, text] : map)
      ASSERT_EQ(text.size(), static_cast<std::size_t>(number % 90));
    EXPECT_GT(take(memory->census()).used, 100'000U);
    EXPECT_EQ(hashed.at("name 7").size(), 40U);
  }
  EXPECT_EQ(take(memory->census()).used, 0U);
}

TEST_P(FileMemory, SeveralThreadsWhereItIsShared) {
  auto memory = open();
  shared_file_memory_resource shared(*memory);
  std::vector<std::thread> threads;
  for (int me = 0; me < 3; ++me) {
    threads.emplace_back([&, me] {
      std::pmr::vector<std::pmr::string> mine(&shared);
      for (int i = 0; i < 2'000; ++i) {
        mine.emplace_back(static_cast<std::size_t>(100 + i % 50), static_cast<char>('a' + me));
        if (i % 3 == 0) mine.erase(mine.begin() + i % static_cast<int>(mine.size()));
      }
      for (const auto& text : mine) {
        for (const char c : text) ASSERT_EQ(c, 'a' + me);
      }
    });
  }
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(take(memory->census()).used, 0U);
}

TEST_P(FileMemory, OneAtATimeHasTheFile) {
  const auto memory = open();
  EXPECT_TRUE(failed_with(file_memory_resource::open(file(), room), ETIMEDOUT));
}

TEST_P(FileMemory, AKillLeavesTheFileWhole) {
  std::mt19937 random(6);
  for (int trial = 0; trial < 25; ++trial) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto memory = file_memory_resource::open(file(), room);
      if (!memory) ::_exit(1);
      (void)!::write(ready[1], "x", 1);
      std::vector<std::pair<std::byte*, std::uint64_t>> mine;
      for (std::mt19937_64 numbers(static_cast<unsigned>(trial));;) {
        if (mine.size() < 500 && numbers() % 2 == 0) {
          const std::uint64_t bytes = numbers() % 2'000;
          auto at = memory.assume_value()->try_allocate(bytes);
          if (!at) ::_exit(1);
          mine.emplace_back(at.assume_value(), bytes);
          std::memset(at.assume_value(), 0xff, bytes);
        } else if (!mine.empty()) {
          std::swap(mine[numbers() % mine.size()], mine.back());
          memory.assume_value()->give_back(mine.back().first, mine.back().second);
          mine.pop_back();
        }
      }
    }
    char x;
    ASSERT_EQ(::read(ready[0], &x, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
    ::usleep(random() % 3'000);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    auto memory = open();
    EXPECT_TRUE(unit::succeeded(memory->census()));
    EXPECT_TRUE(unit::succeeded(memory->try_allocate(100)));
  }
}

TEST_P(FileMemory, BelievesNoFileThatIsNotItsOwnAndNoDamagedList) {
  take(file().write(std::as_bytes(std::span("hello")), 0));
  EXPECT_TRUE(failed_with(file_memory_resource::open(file(), room), EBADMSG));
  take(file().truncate(0));
  take(file().truncate(10'000));
  EXPECT_TRUE(failed_with(file_memory_resource::open(file(), room), EBADMSG));
  take(file().truncate(0));
  take(file().truncate(4'096));
  auto memory = open(); // As one that was killed before its mark leaves it.
  std::byte* const a = take(memory->try_allocate(100));
  std::byte* const b = take(memory->try_allocate(100));
  memory->give_back(a, 100);
  memory->give_back(b, 100);
  std::memset(b, 0x7f, 8); // By who had given it back.
  EXPECT_TRUE(failed_with(memory->census(), EBADMSG));
  EXPECT_TRUE(unit::succeeded(memory->try_allocate(100)));
  EXPECT_TRUE(failed_with(memory->try_allocate(100), EBADMSG));
  EXPECT_THROW((void)memory->allocate(100), std::bad_alloc);
}

TEST_P(FileMemory, SaysWhyThereIsNone) {
  auto memory = open();
  EXPECT_TRUE(failed_with(memory->try_allocate(2 * room), ENOMEM));
  EXPECT_TRUE(failed_with(memory->try_allocate(room), ENOMEM));
  EXPECT_TRUE(failed_with(memory->try_allocate(1, 3), EINVAL));
  EXPECT_TRUE(failed_with(memory->try_allocate(1, std::uint64_t{1} << 31), EINVAL));
  detail::arm({.which = call::fallocate,
               .nth = 1,
               .repeats = detail::fault::repeat::for_ever,
               .native = ENOSPC});
  const auto full = memory->try_allocate(2 << 20);
  detail::disarm();
  EXPECT_TRUE(failed_with(full, ENOSPC));
  EXPECT_TRUE(unit::succeeded(memory->try_allocate(2 << 20)));
  EXPECT_TRUE(unit::succeeded(memory->barrier()));
  memory.reset();
  EXPECT_TRUE(failed_with(file_memory_resource::open(file(), 4'096), EINVAL));
  EXPECT_TRUE(failed_with(
      file_memory_resource::open(take(file_handle::file(dir, leaf("memory"))), room), EBADF));
}

} // namespace
} // namespace afio::algorithms
