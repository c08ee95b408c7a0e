#include "cli/common/duration.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

namespace afio::cli {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsNumbersWithFallingUnits) {
  const std::pair<const char*, std::chrono::nanoseconds> cases[] = {
      {"0", 0ns},           {"90", 90s},       {"1.5", 1500ms},  {"90s", 90s},
      {"250ms", 250ms},     {"10m", 10min},    {"1h30m", 90min}, {"2d", 48h},
      {"1d2h3m4s", 93784s}, {"7us", 7us},      {"3ns", 3ns},     {"0.5h", 30min},
      {"1m0.5s", 60500ms},  {"1s1ms", 1001ms}, {"0010s", 10s},   {"1.s", 1s},
  };
  for (const auto& [text, span] : cases) {
    EXPECT_EQ(parse_duration(text), span) << text;
  }
}

TEST(Duration, IsNothingElse) {
  for (const char* text :
       {"",    " ",    "s",   "-1s", "+1s", "5x",    "1s1h",   "1m1m", "1 s", "1s ",
        "1e3", "0x10", "inf", "nan", ".5s", "1..5s", "1.5.5s", "1h30", "1H",  "10000000000000d",
        "1,5s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, MayReach292Years) {
  EXPECT_TRUE(parse_duration("106000d"));
  EXPECT_FALSE(parse_duration("107000d"));
}

TEST(ClockText, GrowsWithTheSpan) {
  const std::pair<std::int64_t, const char*> cases[] = {
      {0, "0:00"}, {7, "0:07"}, {754, "12:34"}, {3723, "1:02:03"}, {273906, "3d 4:05:06"}};
  for (const auto& [seconds, text] : cases) {
    EXPECT_EQ(clock_text(std::chrono::seconds(seconds)), text);
  }
}

} // namespace
} // namespace afio::cli
