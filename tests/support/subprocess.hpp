// Runs a program, captures what it says, and never waits for it longer than it was told to.
#pragma once

#include "tests/support/unique_fd.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

namespace afio::testing {

/// A program, and the conditions it is run under.
struct program {
  std::vector<std::string> arguments;              ///< the first one is the path of the executable
  std::vector<std::string> environment = {};       ///< NAME=value; empty: the caller's own
  std::filesystem::path directory = {};            ///< to run in; empty: the caller's own
  std::vector<std::pair<int, rlim_t>> limits = {}; ///< RLIMIT_NOFILE and the like
  std::optional<uid_t> user = {}; ///< run as this user and group, without other groups
};

/// How a run ended. Exactly one of `exit_code` and `signal` is not zero unless it exited with 0.
struct ending {
  int exit_code = 0;
  int signal = 0;
  bool hung = false; ///< it had not ended in its time, and was killed for that
  std::string output;
  std::string errors; ///< each of the two is cut after `captured_limit` bytes
  std::chrono::microseconds duration{};
  std::int64_t peak_kib = 0; ///< most memory it had resident

  /// It came to its own end with this code.
  [[nodiscard]] bool exited_with(int code) const {
    return !hung && signal == 0 && exit_code == code;
  }
};

inline constexpr std::size_t captured_limit = 1 << 20;

/// "exit 1", "signal 9", "hung", and what it said.
std::string describe(const ending& end);

/// A running program. Kills it, with all it has started, and reaps it when destroyed.
class child {
public:
  /// Starts it. `before_exec` runs in the new process, last before execve: only calls that are safe
  /// after a fork, and an errno if it could not do its work. Throws if the program did not start.
  explicit child(const program& what, const std::function<int()>& before_exec = {});
  child(child&&) = delete;
  ~child();

  [[nodiscard]] pid_t id() const noexcept { return id_; }

  /// Readable once the program has ended.
  [[nodiscard]] int ended_fd() const noexcept { return ended_.get(); }

  /// Readable while there is something for `drain`, or once the program has closed it.
  [[nodiscard]] int output_fd() const noexcept { return output_.get(); }

  [[nodiscard]] int errors_fd() const noexcept { return errors_.get(); }

  /// Takes what it has said so far; forgets a pipe that was closed at the other end.
  void drain();
  /// Kills the whole group of processes.
  void kill() noexcept;
  /// Waits for the end of a program that has ended or was killed.
  ending reap();

private:
  pid_t id_ = -1;
  unique_fd ended_, output_, errors_;
  ending end_;
  std::chrono::steady_clock::time_point started_;
};

/// Runs a program to its end, or for `time` at most.
ending run(const program& what, std::chrono::milliseconds time = std::chrono::seconds(30));

} // namespace afio::testing
