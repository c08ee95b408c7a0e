#include "algorithms/walk/work_queue.hpp"

#include <new>
#include <utility>

namespace afio::algorithms::walk_detail {

std::unique_ptr<work_queue> work_queue::make(unsigned workers) noexcept {
  std::unique_ptr<work_queue> made(new (std::nothrow) work_queue(workers));
  if (!made) return nullptr;
  made->lists_.reset(new (std::nothrow) list[workers]);
  if (!made->lists_) return nullptr;
  made->lists_[0].has_come = true;
  return made;
}

void work_queue::push(unsigned worker, task_list& tasks) noexcept {
  if (tasks.empty()) return;
  {
    const std::scoped_lock hold(lists_[worker].lock);
    lists_[worker].tasks.append(tasks);
  }
  wake();
}

void work_queue::push(unsigned worker, task& t) noexcept {
  task_list one;
  one.push_back(t);
  push(worker, one);
}

/// A sleeper counts itself in waiting_ before it locks the lists for a last look, and a pusher
/// looks at waiting_ after it has locked one: whoever comes second to that lock sees the other.
void work_queue::wake() noexcept {
  if (!somebody_waits()) return;
  const std::scoped_lock hold(sleep_);
  more_.notify_all();
}

task* work_queue::try_take(unsigned worker) noexcept {
  {
    const std::scoped_lock hold(lists_[worker].lock);
    if (task* mine = lists_[worker].tasks.pop_back()) return mine;
  }
  for (unsigned i = 1; i < workers_; ++i) {
    list& other = lists_[(worker + i) % workers_];
    const std::scoped_lock hold(other.lock);
    if (task* theirs = other.tasks.pop_front()) return theirs;
  }
  return nullptr;
}

task* work_queue::take(unsigned worker) noexcept {
  if (!std::exchange(lists_[worker].has_come, true)) --waiting_;
  if (task* t = try_take(worker)) return t;
  std::unique_lock hold(sleep_);
  ++waiting_;
  for (;;) {
    task* t = try_take(worker);
    if (t != nullptr || closed_.load()) {
      --waiting_;
      return t;
    }
    more_.wait(hold);
  }
}

void work_queue::close() noexcept {
  const std::scoped_lock hold(sleep_);
  closed_.store(true);
  more_.notify_all();
}

} // namespace afio::algorithms::walk_detail
