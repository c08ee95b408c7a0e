#pragma once

#include <algorithm>
#include <chrono>

namespace afio::testing {

/// How long a program may still take. It runs out only while this process is awake to see it: a
/// machine that stands still for seconds, as virtual ones do, makes no program hang.
class patience {
public:
  explicit patience(std::chrono::milliseconds all) : left_(all) {}

  /// Counts what has passed since it was asked last.
  bool is_over() {
    const auto now = clock::now();
    left_ -= std::min<clock::duration>(now - asked_, 2 * wait);
    asked_ = now;
    return left_.count() <= 0;
  }

  /// The longest wait, in milliseconds, between two questions.
  static constexpr int wait_ms = 50;

private:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds wait{wait_ms};

  clock::duration left_;
  clock::time_point asked_ = clock::now();
};

} // namespace afio::testing
