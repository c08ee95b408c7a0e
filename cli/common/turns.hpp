// One argument of the command line after another.
#pragma once

#include "algorithms/options.hpp"
#include "algorithms/walk/walk.hpp"

#include <cstdint>

namespace afio::cli {

/// Whether to go on with the next of several arguments: what stops the work within one stops it
/// between two, and --deadline is one for all.
class turns {
public:
  /// `options` are those of the work on each argument. The time runs from here.
  explicit turns(algorithms::tree_options& options) noexcept
      : options_(options), limit_(options.deadline.start()) {}

  /// Before each argument; `failures` in all before it. Leaves the options what is left of the
  /// time.
  bool go_on(std::uint64_t failures) noexcept;

  /// What came of one.
  void take(algorithms::stopped why) noexcept {
    if (stopped_ == algorithms::stopped::no) stopped_ = why;
  }

  /// Why not all are done; `no` where they are.
  algorithms::stopped why_stopped() const noexcept { return stopped_; }

private:
  algorithms::tree_options& options_;
  deadline::running limit_;
  algorithms::stopped stopped_ = algorithms::stopped::no;
};

} // namespace afio::cli
