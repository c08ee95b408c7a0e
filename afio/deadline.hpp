// Until when a call may wait: never ending, for a while, or until a time of day.
#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>

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
  template <class Rep, class Period>
  static constexpr deadline in(std::chrono::duration<Rep, Period> span) noexcept {
    return {kind::relative, saturated(span)};
  }

  /// Waits until `moment` of the system clock.
  template <class Duration>
  static constexpr deadline
  at(std::chrono::time_point<std::chrono::system_clock, Duration> moment) noexcept {
    return {kind::absolute, saturated(moment.time_since_epoch())};
  }

  /// A deadline in force: what an operation makes of the deadline it is given when it starts.
  class running;

  /// Starts the clock. No allocation, never fails.
  running start() const noexcept;

  constexpr bool unlimited() const noexcept { return kind_ == kind::none; }

private:
  enum class kind : std::uint8_t { none, relative, absolute };

  constexpr deadline(kind k, std::int64_t ns) noexcept : ns_(ns), kind_(k) {}

  /// Converting a coarse duration overflows, so it is compared as a floating-point number first.
  template <class Rep, class Period>
  static constexpr std::int64_t saturated(std::chrono::duration<Rep, Period> span) noexcept {
    using std::chrono::nanoseconds;
    constexpr long double limit = 0x1p63L;
    const long double wide = std::chrono::duration<long double, std::nano>(span).count();
    if (wide >= limit) return nanoseconds::max().count();
    if (wide < -limit) return nanoseconds::min().count();
    return std::chrono::duration_cast<nanoseconds>(span).count();
  }

  std::int64_t ns_ = 0;
  kind kind_ = kind::none;
};

class deadline::running {
public:
  explicit running(deadline from) noexcept;
  bool expired() const noexcept;
  /// Time left, never negative; nanoseconds::max() where there is no limit.
  std::chrono::nanoseconds remaining() const noexcept;

  /// What is left of it, for a part of the operation that starts a clock of its own.
  deadline rest() const noexcept { return unlimited() ? deadline() : in(remaining()); }

  bool unlimited() const noexcept { return limit_.unlimited(); }

private:
  deadline limit_;
  std::chrono::steady_clock::time_point start_;
};

inline deadline::running deadline::start() const noexcept { return running(*this); }

} // namespace afio
