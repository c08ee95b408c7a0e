#include "cli/hash_check.hpp"

#include "afio/quoted.hpp"
#include "algorithms/walk/walk.hpp"
#include "cli/common/json_line.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace afio::cli {

namespace {

using algorithms::operation;
using algorithms::stopped;

/// Hears of one file.
class heard final : public algorithms::hash_listener {
public:
  void hashed(const algorithms::hashed_entry& e) noexcept override { is = e.is; }

  algorithms::file_hash is;
};

class checker {
public:
  checker(const check_options& options, output& out) : options_(options), out_(out) {}

  /// Takes the lines that are none out.
  void parse(std::string_view list, const std::string& shown) {
    std::uint64_t number = 0;
    for (const std::string_view line : lines_of(list, options_.lines)) {
      ++number;
      if (auto parsed = parse_line(line, options_.lines)) {
        wanted_.push_back(std::move(*parsed));
      } else {
        ++report_.malformed;
        out_.note("line " + std::to_string(number) + " of " + quoted(shown) +
                  " is not a hash and a name");
      }
    }
  }

  check_report run() {
    const auto threads = std::min<std::size_t>(
        algorithms::worker_count(options_.hashing.tree.for_walk(), 1), wanted_.size());
    work_with(threads);
    return report_;
  }

private:
  void work_with(std::size_t threads) {
    std::vector<std::jthread> others;
    try {
      for (std::size_t i = 1; i < threads; ++i) others.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // Those that were started, and this one, do all of it.
    }
    work();
  }

  void work() noexcept try {
    for (;;) {
      const std::size_t i = next_.fetch_add(1);
      if (i >= wanted_.size() || has_to_stop()) return;
      check(wanted_[i]);
    }

  } catch (const std::exception&) {

    out_.spoil(); // No memory for a line: the exit status tells.
  }

  bool has_to_stop() {
    const std::scoped_lock hold(lock_);
    if (options_.hashing.tree.stop.stop_requested()) report_.stopped = stopped::by_request;
    if (limit_.expired()) report_.stopped = stopped::by_deadline;
    return report_.stopped != stopped::no;
  }

  void check(const listed_hash& file) {
    heard found;
    const auto done =
        algorithms::hash_file(path_handle::working_directory(), file.name, options_.hashing, found);
    if (!done) return fail(file, done.assume_error());
    const bool same = found.is.hash == file.hash;
    tell(file, found.is, same);
    const std::scoped_lock hold(lock_);
    ++report_.files;
    report_.mismatches += same ? 0 : 1;
  }

  void tell(const listed_hash& file, const algorithms::file_hash& is, bool same) {
    if (options_.json) {
      return out_.print(json_line("checked")
                            .name("path", file.name)
                            .text("hash", hex_of(is.hash))
                            .number("size", static_cast<std::int64_t>(is.size))
                            .boolean("same", same)
                            .str());
    }
    if (same && options_.only_failures) return;
    out_.print(quoted_name(file.name) + (same ? ": OK" : ": FAILED") + end());
  }

  void fail(const listed_hash& file, const error& why) {
    if (algorithms::is_interruption(why)) {
      const std::scoped_lock hold(lock_);
      report_.stopped = stopped::by_request;
      return;
    }
    if (!options_.json) out_.print(quoted_name(file.name) + ": FAILED open or read" + end());
    out_.failed(name_of(operation::hash), file.name, why);
    const std::scoped_lock hold(lock_);
    ++report_.failures;
    report_.kept_changing += why == errc::kept_changing ? 1 : 0;
    if (options_.hashing.tree.on_failure == algorithms::on_failure::stop)
      report_.stopped = stopped::by_failure;
  }

  /// As sha256sum does: only what would break the line.
  std::string quoted_name(const std::string& name) const {
    const std::string line = line_of({{}, name}, options_.lines);
    constexpr std::size_t hash = 34; // And two blanks.
    if (!line.starts_with('\\')) return name;
    return '\\' + line.substr(hash + 1, line.size() - hash - 2);
  }

  char end() const { return options_.lines == hash_lines::nul ? '\0' : '\n'; }

  const check_options& options_;
  output& out_;
  const deadline::running limit_ = options_.hashing.tree.deadline.start();
  std::vector<listed_hash> wanted_;
  std::atomic<std::size_t> next_{0};
  std::mutex lock_;
  check_report report_;
};

} // namespace

check_report check_list(std::string_view list, const std::string& shown,
                        const check_options& options, output& out) {
  checker c(options, out);
  c.parse(list, shown);
  return c.run();
}

} // namespace afio::cli
