#include "cli/common/progress_bar.hpp"

#include "cli/common/amounts.hpp"
#include "cli/common/duration.hpp"
#include "cli/common/terminal.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <unistd.h>

namespace afio::cli {

namespace {

using namespace std::chrono_literals;

std::string bar(double share, std::size_t columns) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(columns));
  return '[' + std::string(full, '#') + std::string(columns - full, '-') + ']';
}

} // namespace

std::string progress_line(const std::string& verb, const progress_state& state,
                          std::size_t columns) {
  std::string text = verb + ' ' + grouped(state.done);
  // While it is counted, the total only says: so many at least. The count misses what went before
  // it came by, so it stays an estimate.
  if (state.total_is_final)
    text += " of ~" + grouped(std::max(state.total, state.done));
  else if (state.total > state.done)
    text += " of " + grouped(state.total) + "+";
  const auto add = [&](const std::string& part) {
    if (text.size() + part.size() <= columns) text += part;
  };
  add(" entries");
  if (state.bytes != 0) add("  " + size_text(static_cast<double>(state.bytes)));
  if (state.total_is_final && state.rate > 0) {
    const auto left = state.total > state.done ? state.total - state.done : 0;
    const double seconds = std::ceil(static_cast<double>(left) / state.rate);
    add("  " + clock_text(std::chrono::seconds(static_cast<std::int64_t>(seconds))) + " left");
  }
  if (state.failures != 0) add("  " + grouped(state.failures) + " failed");
  if (state.rate > 0) add("  " + grouped(static_cast<std::uint64_t>(state.rate)) + "/s");
  if (state.byte_rate > 0) add("  " + size_text(state.byte_rate) + "/s");
  constexpr std::size_t narrowest = 12;
  if (state.total_is_final && state.total != 0 && text.size() + narrowest < columns) {
    const double share =
        std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total));
    const auto room = std::min<std::size_t>(columns - text.size() - 4, 30);
    add("  " + bar(share, room));
  }
  if (text.size() > columns) text.resize(columns);
  return text;
}

progress_bar::progress_bar(std::string verb, const algorithms::progress& done,
                           const algorithms::progress& total, const std::atomic<bool>& final_total)
    : verb_(std::move(verb)),
      done_(done),
      total_(total),
      final_total_(final_total),
      drawer_([this] { draw_until_done(); }) {}

progress_bar::~progress_bar() {
  {
    const std::scoped_lock hold(lock_);
    over_ = true;
  }
  ended_.notify_all();
  drawer_.join();
  clear();
}

void progress_bar::draw_until_done() {
  std::unique_lock hold(lock_);
  auto pause = 1000ms;
  while (!ended_.wait_for(hold, pause, [this] { return over_; })) {
    draw();
    pause = 100ms;
  }
}

void progress_bar::draw() {
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
  progress_state now;
  now.done = done_.entries.load();
  now.total = total_.entries.load();
  now.total_is_final = final_total_.load();
  now.failures = done_.failures.load();
  now.rate = static_cast<double>(now.done) / spent.count();
  now.bytes = done_.bytes.load();
  now.byte_rate = static_cast<double>(now.bytes) / spent.count();
  const std::string text = progress_line(verb_, now, columns_of(STDERR_FILENO) - 1);
  const std::scoped_lock hold(drawing_);
  std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
  drawn_ = true;
}

void progress_bar::clear() noexcept {
  const std::scoped_lock hold(drawing_);
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

} // namespace afio::cli
