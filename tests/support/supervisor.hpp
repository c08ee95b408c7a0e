// Runs a program and stops it at the entry of each of its file system calls, where the test decides
// what becomes of it: goes on, fails, or ends the program. What happens between two calls of a
// program, a race, a kill, an error, is thereby not left to luck but counted through.
//
// A seccomp filter in the program hands each call to the test and lets it wait there. The program
// can be any executable, with any number of threads; each of them waits on its own.
#pragma once

#include "tests/support/calls.hpp"
#include "tests/support/identity.hpp"
#include "tests/support/subprocess.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace afio::testing {

/// A program that waits at the entry of a call. Valid until the handler returns.
struct stop {
  std::uint64_t ordinal; ///< 1 at the first counted stop, over all threads
  std::uint64_t nth;     ///< 1 at the first counted stop at a call of this name
  pid_t thread;
  const struct call& call;
  std::array<std::uint64_t, 6> arguments;

  /// The string that an argument points to, as it is now in the program's memory.
  [[nodiscard]] std::optional<std::string> text(int argument) const;
  /// What a descriptor argument refers to.
  [[nodiscard]] std::optional<identity> opened(int argument) const;
  /// The path of each thing that the call names, as far as it can be told.
  [[nodiscard]] std::vector<std::string> subjects() const;
};

/// What becomes of the call that the program waits at.
class action {
public:
  static action continue_it() noexcept { return action(kind::go_on, 0); }

  static action fail_with(int error) noexcept { return action(kind::fail, error); }

  /// SIGKILL for the whole program, and the call never happens.
  static action kill() noexcept { return action(kind::kill, 0); }

  enum class kind { go_on, fail, kill };

  [[nodiscard]] kind what() const noexcept { return kind_; }

  [[nodiscard]] int error() const noexcept { return error_; }

private:
  action(kind what, int error) noexcept : kind_(what), error_(error) {}

  kind kind_;
  int error_;
};

using stop_handler = std::function<action(const stop&)>;

struct supervision {
  /// Stops are counted, and shown to the handler, from the first one on that has this text in one
  /// of its paths. Empty: from the first one after execve, which is the dynamic loader's.
  std::string count_from = {};
  /// Stop at reads, writes and closes too, but for those of pipes that the program has made.
  enum class streams { passed_by, stopped_at } streams = streams::passed_by;
  /// Killed and reported as hung when it takes longer.
  std::chrono::milliseconds time = std::chrono::seconds(20);
};

struct supervised : ending {
  std::uint64_t stops = 0;                            ///< those counted
  std::map<std::string_view, std::uint64_t> stops_at; ///< by name of the call
  std::uint64_t skipped = 0;              ///< stops before the counting began, or at its own pipes
  std::optional<std::uint64_t> killed_at; ///< the stop at which the handler killed it
  std::string last_stop;                  ///< name and paths, where it hung
};

/// Runs a program to its end under a handler. io_uring, which no filter sees, fails with ENOSYS in
/// it. Throws if it could not be started, or if the kernel has no such filters.
supervised supervise(const program& what, const stop_handler& handler,
                     const supervision& options = {});

/// Why programs can't be supervised on this machine; empty if they can.
std::string no_supervision();

} // namespace afio::testing
