// A line on stderr that tells how far a long work is.
#pragma once

#include "algorithms/observer.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace afio::cli {

/// What a bar shows at one moment.
struct progress_state {
  std::uint64_t done = 0;
  std::uint64_t total = 0; ///< So far as it is known.
  bool total_is_final = false;
  std::uint64_t failures = 0;
  double rate = 0; ///< Entries a second.
  std::uint64_t bytes = 0;
  double byte_rate = 0; ///< Bytes a second.
};

/// The line for `state`, at most `columns` wide, without escape sequences.
std::string progress_line(const std::string& verb, const progress_state& state,
                          std::size_t columns);

/// Draws ten times a second from when a second has passed, so that short work stays quiet, until it
/// is destroyed; leaves nothing behind on the terminal.
class progress_bar {
public:
  /// `done` and `total` are read while it lives; `final_total` is set once when `total` is
  /// complete.
  progress_bar(std::string verb, const algorithms::progress& done,
               const algorithms::progress& total, const std::atomic<bool>& final_total);
  ~progress_bar();
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;

  /// Takes the line away until it is drawn the next time. Safe from any thread.
  void clear() noexcept;

private:
  void draw_until_done();
  void draw();

  std::string verb_;
  const algorithms::progress& done_;
  const algorithms::progress& total_;
  const std::atomic<bool>& final_total_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::mutex lock_;
  std::condition_variable ended_;
  bool over_ = false;
  std::mutex drawing_;
  bool drawn_ = false;
  std::thread drawer_;
};

} // namespace afio::cli
