// Until when a call may wait: never ending, for a while, or until a time of day.
#pragma once

#include <chrono>
#include <cstdint>

namespace afio {

/// A value of 16 bytes. Relative deadlines count on the steady clock from the moment that the
/// called operation starts; absolute ones are compared with the system clock and so follow its
/// adjustments. Nanoseconds; an overlong duration saturates at about 292 years.
class deadline {
public:
  /// Waits for as long as it takes.
  constexpr deadline() noexcept = default;

  static constexpr deadline never() noexcept { return {}; }

  /// Waits for `span` at the most; a span of zero or less does not wait at all.
  static constexpr deadline in(std::chrono::nanoseconds span) noexcept {
    return {kind::relative, span.count()};
  }

  /// Waits until `moment` of the system clock.
  static constexpr deadline at(std::chrono::system_clock::time_point moment) noexcept {
    using std::chrono::nanoseconds;
    return {kind::absolute,
            std::chrono::duration_cast<nanoseconds>(moment.time_since_epoch()).count()};
  }

  /// A deadline in force: what an operation makes of the deadline it is given when it starts.
  class running;

  /// Starts the clock. No allocation, never fails.
  running start() const noexcept;

  constexpr bool unlimited() const noexcept { return kind_ == kind::none; }

private:
  enum class kind : std::uint8_t { none, relative, absolute };

  constexpr deadline(kind k, std::int64_t ns) noexcept : ns_(ns), kind_(k) {}

  std::int64_t ns_ = 0;
  kind kind_ = kind::none;
};

class deadline::running {
public:
  explicit running(deadline from) noexcept;
  bool expired() const noexcept;
  /// Time left, never negative; nanoseconds::max() where there is no limit.
  std::chrono::nanoseconds remaining() const noexcept;

  bool unlimited() const noexcept { return limit_.unlimited(); }

private:
  deadline limit_;
  std::chrono::steady_clock::time_point start_;
};

inline deadline::running deadline::start() const noexcept { return running(*this); }

} // namespace afio
