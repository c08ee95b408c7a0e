// Where a tool's words go: events and failures to people, to scripts, to a log.
#pragma once

#include "algorithms/observer.hpp"
#include "cli/common/log_file.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace afio::cli {

/// How much is told, and to whom.
struct output_options {
  std::string tool;     ///< What messages begin with.
  bool verbose = false; ///< A line for every event.
  bool quiet = false;   ///< No word about the work; the exit status and --json still tell.
  bool json = false;
  bool null = false;    ///< Events are only names, as they are, each ended by a NUL.
  bool dry_run = false; ///< Events tell what would happen.
  /// What the summary of --json counts.
  std::vector<algorithms::event_kind> counted;
  std::string log_file; ///< Empty: none.
};

class progress_bar;

/// "file", "directory", …
std::string_view word_for(file_type type) noexcept;

/// An observer that prints. All calls are safe from any thread; lines never mix.
class output final : public algorithms::observer {
public:
  /// has_opened_log() tells whether the log file could be opened.
  explicit output(output_options options);

  void failed(const algorithms::failure& f) noexcept override;
  void skipped(const algorithms::failure& f) noexcept override;
  void lost(const algorithms::loss& l) noexcept override;
  void happened(const algorithms::event& e) noexcept override;

  /// A failure of a whole argument. `reason` instead of what the error says, where not empty.
  void failed(std::string_view what, std::string_view path, const error& why,
              std::string_view reason = {}) noexcept;
  /// What is left of `path` is in `to` now, which --reap of `directory` finishes. A `directory`
  /// that could not be pasted into a shell is left out: empty.
  void left(std::string_view path, std::string_view to, std::string_view directory) noexcept;
  /// Prints a message for people: on stderr, with the tool's name.
  void say(std::string_view message) noexcept;
  /// The same about how the work went: not where quiet.
  void note(std::string_view message) noexcept;
  /// Prints on stdout, as it is.
  void print(std::string_view text) noexcept;

  /// Something could not be printed: from now on not ok().
  void spoil() noexcept { ok_.store(false); }

  /// The last line of --json, and of the log, with the seconds since this was made. Bytes where
  /// contents were worked on; `more` is counted besides events; `names` are said where they are not
  /// empty.
  void
  summarize(std::uint64_t failures, std::optional<std::uint64_t> bytes = {},
            const std::vector<std::pair<std::string_view, std::uint64_t>>& more = {},
            const std::vector<std::pair<std::string_view, std::string_view>>& names = {}) noexcept;
  /// Lets lines appear above the bar. Null for none.
  void draw_with(progress_bar* bar) noexcept;

  /// Whether everything could be written so far; a full disk or a closed pipe is remembered.
  bool ok() const noexcept { return ok_.load(); }

  /// The same of the log file.
  bool log_ok() noexcept { return log_.flush(); }

  /// Whether the log file, if one is wanted, could be opened; says why not.
  bool has_opened_log() noexcept;

  /// Whether something of that kind was said to be lost.
  bool has_lost(std::string_view what) const noexcept;

private:
  void line(std::string_view text) noexcept;
  void message(std::string_view text) noexcept;

  output_options options_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  mutable std::mutex lock_;
  std::map<std::string_view, std::uint64_t> counts_;
  std::set<std::string, std::less<>> lost_;
  log_file log_;
  progress_bar* bar_ = nullptr;
  bool clears_bar_ = false; ///< Lines and the bar share a terminal.
  std::atomic<bool> ok_{true};
};

} // namespace afio::cli
