// Where workers leave tasks for themselves and each other, and wait for more.
#pragma once

#include "algorithms/walk/node.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace afio::algorithms::walk_detail {

/// A list of tasks for each worker. A worker takes its own newest task first, so it goes depth
/// first and few are pending; one with none of its own takes another's oldest, which is likely the
/// largest. All calls are safe from any worker.
class work_queue {
public:
  /// Null where memory is short. Worker 0 is at work already; the others count as waiting until
  /// their first take(), so that what they could do is left to them while they are being started.
  static std::unique_ptr<work_queue> make(unsigned workers) noexcept;

  void push(unsigned worker, task_list& tasks) noexcept;
  void push(unsigned worker, task& t) noexcept;
  /// The next task; waits while there is none. Null once close() was called and all are empty.
  task* take(unsigned worker) noexcept;
  /// No task will be pushed any more, except by workers that still have one.
  void close() noexcept;

  unsigned workers() const noexcept { return workers_; }

  /// Whether somebody waits for a task: then sharing work is worth its cost.
  bool somebody_waits() const noexcept { return waiting_.load(std::memory_order_relaxed) != 0; }

private:
  struct alignas(64) list {
    std::mutex lock;
    task_list tasks;
    bool has_come = false; // Its worker's alone.
  };

  explicit work_queue(unsigned workers) noexcept : workers_(workers), waiting_(workers - 1) {}

  task* try_take(unsigned worker) noexcept;
  void wake() noexcept;

  unsigned workers_;
  std::unique_ptr<list[]> lists_;
  std::atomic<unsigned> waiting_;
  std::mutex sleep_;
  std::condition_variable more_;
  std::atomic<bool> closed_{false};
};

} // namespace afio::algorithms::walk_detail
