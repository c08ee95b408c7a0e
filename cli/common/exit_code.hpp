// What a tool's exit status says. docs/reference/exit-codes.md is its page.
#pragma once

namespace afio::cli {

enum class exit_code : int {
  done = 0,
  incomplete = 1, ///< Finished, but some entries failed.
  unusable = 2,   ///< The command line is wrong, or the work could not start.
  refused = 3,    ///< By a safety rule.
  unstable = 4,   ///< A source kept changing.
  interrupted = 130,
  terminated = 143,
};

/// The one to report of two that were met: the larger says more. But that a source kept changing
/// says that nothing else is missing.
constexpr exit_code worse(exit_code a, exit_code b) noexcept {
  if (a == exit_code::unstable && b != exit_code::done) return b;
  if (b == exit_code::unstable && a != exit_code::done) return a;
  return a < b ? b : a;
}

} // namespace afio::cli
