// The program's side of supervision, and the way from the one process to the other.
#pragma once

#include "tests/support/calls.hpp"
#include "tests/support/unique_fd.hpp"

#include <initializer_list>
#include <span>
#include <vector>

#include <linux/filter.h>

namespace afio::testing {

/// Puts the calling process, and all it executes, under a filter that stops at these calls.
/// Made before a fork; `install` may run after it.
class stop_filter {
public:
  explicit stop_filter(std::initializer_list<std::span<const call>> calls);

  /// In the program's process: installs the filter and sends its listener. Returns an errno.
  int install() const noexcept;
  /// In the test's process, once the program runs: the listener.
  unique_fd listener() const;

private:
  std::vector<sock_filter> code_;
  unique_fd program_end_, test_end_;
};

} // namespace afio::testing
