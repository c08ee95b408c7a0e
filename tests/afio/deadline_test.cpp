#include "afio/deadline.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace afio {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using std::chrono::system_clock;

constexpr auto century = std::chrono::hours(24 * 365 * 100);

static_assert(sizeof(deadline) == 16);
static_assert(deadline().unlimited() && deadline::never().unlimited());
static_assert(!deadline::in(0ns).unlimited() &&
              !deadline::at(system_clock::time_point()).unlimited());

TEST(Deadline, NeverDoesNotExpire) {
  const auto running = deadline::never().start();
  EXPECT_TRUE(running.unlimited());
  EXPECT_FALSE(running.expired());
  EXPECT_EQ(running.remaining(), nanoseconds::max());
}

TEST(Deadline, OfZeroOrLessDoesNotWait) {
  for (const nanoseconds span : {0ns, -1ns, nanoseconds::min()}) {
    const auto running = deadline::in(span).start();
    EXPECT_TRUE(running.expired());
    EXPECT_EQ(running.remaining(), 0ns);
  }
}

TEST(Deadline, RelativeCountsFromTheStartOfTheOperation) {
  const auto limit = deadline::in(10s);
  std::this_thread::sleep_for(2ms);
  const auto running = limit.start();
  EXPECT_LE(running.remaining(), 10s);
  std::this_thread::sleep_for(2ms);
  EXPECT_LE(running.remaining(), 10s - 2ms);
  EXPECT_GT(limit.start().remaining(), running.remaining());
}

TEST(Deadline, RelativeExpires) {
  const auto running = deadline::in(2ms).start();
  std::this_thread::sleep_for(3ms);
  EXPECT_TRUE(running.expired());
  EXPECT_EQ(running.remaining(), 0ns);
}

TEST(Deadline, AbsoluteIsATimeOfDay) {
  const auto later = deadline::at(system_clock::now() + 10s).start();
  EXPECT_FALSE(later.expired());
  EXPECT_GT(later.remaining(), 5s);
  EXPECT_LE(later.remaining(), 10s);

  const auto past = deadline::at(system_clock::now() - 1ns).start();
  EXPECT_TRUE(past.expired());
  EXPECT_EQ(past.remaining(), 0ns);
  EXPECT_TRUE(deadline::at(system_clock::time_point::min()).start().expired());
}

TEST(Deadline, OverlongOnesSaturate) {
  EXPECT_GT(deadline::in(nanoseconds::max()).start().remaining(), 2 * century);
  EXPECT_GT(deadline::in(std::chrono::hours::max()).start().remaining(), 2 * century);
  EXPECT_GT(deadline::in(std::chrono::duration<double>(1e300)).start().remaining(), 2 * century);
  EXPECT_GT(deadline::at(system_clock::time_point::max()).start().remaining(), century);
  EXPECT_GT(deadline::at(std::chrono::sys_seconds::max()).start().remaining(), century);
}

TEST(Deadline, OverlongPastsSaturateToo) {
  EXPECT_TRUE(deadline::in(std::chrono::hours::min()).start().expired());
  EXPECT_TRUE(deadline::in(std::chrono::duration<double>(-1e300)).start().expired());
  EXPECT_TRUE(deadline::at(std::chrono::sys_seconds::min()).start().expired());
}

TEST(Deadline, TakesSpansOfAnyUnit) {
  static_assert(!deadline::in(1h).unlimited());
  EXPECT_GT(deadline::in(1h).start().remaining(), 59min);
  EXPECT_GT(deadline::in(std::chrono::duration<double>(0.5)).start().remaining(), 400ms);
  using picoseconds = std::chrono::duration<std::int64_t, std::pico>;
  EXPECT_LE(deadline::in(picoseconds::max()).start().remaining(), 9'223'373s);
}

} // namespace
} // namespace afio
