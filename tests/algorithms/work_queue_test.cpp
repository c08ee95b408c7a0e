// The walk's queue loses nothing and hands out nothing twice, and its batches are shared out whole.
#include "algorithms/walk/batch.hpp"
#include "algorithms/walk/work_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

namespace afio::algorithms::walk_detail {
namespace {

using namespace std::chrono_literals;

struct numbered : task {
  numbered() noexcept : task(kind::directory) {}

  int number = 0;
  std::atomic<int> taken{0};
};

std::vector<numbered> make_tasks(std::size_t count) {
  std::vector<numbered> tasks(count);
  for (std::size_t i = 0; i < count; ++i) tasks[i].number = static_cast<int>(i);
  return tasks;
}

int number_of(const task* t) { return t != nullptr ? static_cast<const numbered*>(t)->number : -1; }

// ----------------------------------------------------------------------------------- work_queue

TEST(WorkQueue, GivesAWorkerItsNewestTaskFirst) {
  const auto queue = work_queue::make(2);
  auto tasks = make_tasks(3);
  for (auto& t : tasks) queue->push(0, t);
  EXPECT_EQ(number_of(queue->take(0)), 2);
  EXPECT_EQ(number_of(queue->take(0)), 1);
  EXPECT_EQ(number_of(queue->take(0)), 0);
}

TEST(WorkQueue, GivesAnotherWorkerTheOldest) {
  const auto queue = work_queue::make(2);
  auto tasks = make_tasks(3);
  for (auto& t : tasks) queue->push(0, t);
  EXPECT_EQ(number_of(queue->take(1)), 0);
  EXPECT_EQ(number_of(queue->take(0)), 2);
}

TEST(WorkQueue, KeepsTheOrderOfAList) {
  const auto queue = work_queue::make(1);
  auto tasks = make_tasks(4);
  task_list some;
  for (auto& t : tasks) some.push_back(t);
  queue->push(0, some);
  EXPECT_TRUE(some.empty());
  for (int expected = 3; expected >= 0; --expected) EXPECT_EQ(number_of(queue->take(0)), expected);
}

TEST(WorkQueue, WakesWhoWaits) {
  const auto queue = work_queue::make(2);
  auto tasks = make_tasks(2);
  queue->push(0, tasks[1]);
  ASSERT_EQ(number_of(queue->take(1)), 1);
  std::atomic<int> got = -2;
  std::jthread waiting([&] { got = number_of(queue->take(1)); });
  while (!queue->somebody_waits()) std::this_thread::sleep_for(100us);
  EXPECT_EQ(got, -2);
  queue->push(0, tasks[0]);
  waiting.join();
  EXPECT_EQ(got, 0);
  EXPECT_FALSE(queue->somebody_waits());
}

TEST(WorkQueue, CountsAsWaitingWhoHasNotComeYet) {
  EXPECT_FALSE(work_queue::make(1)->somebody_waits());
  const auto queue = work_queue::make(3);
  auto tasks = make_tasks(3);
  for (auto& t : tasks) queue->push(0, t);
  EXPECT_NE(queue->take(0), nullptr);
  EXPECT_TRUE(queue->somebody_waits());
  EXPECT_NE(queue->take(1), nullptr);
  EXPECT_TRUE(queue->somebody_waits());
  EXPECT_NE(queue->take(2), nullptr);
  EXPECT_FALSE(queue->somebody_waits());
}

TEST(WorkQueue, EndsForAllWhenItIsClosed) {
  const auto queue = work_queue::make(3);
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < 3; ++i) {
    workers.emplace_back([&, i] { EXPECT_EQ(queue->take(i), nullptr); });
  }
  while (!queue->somebody_waits()) std::this_thread::sleep_for(100us);
  queue->close();
}

TEST(WorkQueue, GivesOutWhatIsLeftAfterItIsClosed) {
  const auto queue = work_queue::make(1);
  auto tasks = make_tasks(1);
  queue->push(0, tasks[0]);
  queue->close();
  EXPECT_EQ(number_of(queue->take(0)), 0);
  EXPECT_EQ(queue->take(0), nullptr);
}

/// Every task makes two more, so that workers wait, wake and steal all the time.
TEST(WorkQueue, HandsOutEveryTaskOnce) {
  constexpr std::size_t count = 100'000;
  const auto queue = work_queue::make(3);
  auto tasks = make_tasks(count);
  std::atomic<std::size_t> done = 0;
  const auto work = [&](unsigned worker) {
    while (task* t = queue->take(worker)) {
      auto& mine = static_cast<numbered&>(*t);
      ++mine.taken;
      for (std::size_t next = 2 * static_cast<std::size_t>(mine.number) + 1;
           next <= 2 * static_cast<std::size_t>(mine.number) + 2 && next < count; ++next) {
        queue->push(worker, tasks[next]);
      }
      if (++done == count) queue->close();
    }
  };
  queue->push(0, tasks[0]);
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < 3; ++i) workers.emplace_back(work, i);
  }
  EXPECT_TRUE(
      std::all_of(tasks.begin(), tasks.end(), [](const numbered& t) { return t.taken == 1; }));
}

// ---------------------------------------------------------------------------------- claim_range

TEST(ClaimRange, IsClaimedFromBothEnds) {
  claim_range range;
  range.reset(10);
  const auto front = range.claim_front(3), back = range.claim_back(4);
  EXPECT_EQ(front.first, 0U);
  EXPECT_EQ(front.count, 3U);
  EXPECT_EQ(back.first, 6U);
  EXPECT_EQ(back.count, 4U);
  EXPECT_EQ(range.left(), 3U);
}

TEST(ClaimRange, GivesNoMoreThanThereIs) {
  claim_range range;
  range.reset(5);
  EXPECT_EQ(range.claim_front(128).count, 5U);
  EXPECT_EQ(range.claim_front(128).count, 0U);
  EXPECT_EQ(range.claim_back(128).count, 0U);
  EXPECT_EQ(range.left(), 0U);
}

TEST(ClaimRange, IsSharedOutWhole) {
  constexpr std::uint32_t count = 300'000;
  claim_range range;
  range.reset(count);
  std::vector<std::atomic<int>> claimed(count);
  const auto work = [&](bool from_front) {
    for (;;) {
      const auto run = from_front ? range.claim_front(7) : range.claim_back(5);
      if (run.count == 0) return;
      for (std::uint32_t i = 0; i < run.count; ++i) ++claimed[run.first + i];
    }
  };
  {
    std::vector<std::jthread> workers;
    for (const bool from_front : {true, false, false}) workers.emplace_back(work, from_front);
  }
  EXPECT_TRUE(std::all_of(claimed.begin(), claimed.end(), [](const auto& n) { return n == 1; }));
}

} // namespace
} // namespace afio::algorithms::walk_detail
