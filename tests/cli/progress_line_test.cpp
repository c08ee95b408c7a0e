#include "cli/common/progress_bar.hpp"

#include <gtest/gtest.h>

namespace afio::cli {
namespace {

constexpr progress_state half{
    .done = 500'000, .total = 1'000'000, .total_is_final = true, .failures = 3, .rate = 125'000};

TEST(ProgressLine, ShowsWhatItsWidthHolds) {
  const std::pair<unsigned, const char*> cases[] = {
      {200, "deleting 500,000 of ~1,000,000 entries  0:04 left  3 failed  125,000/s  "
            "[###############---------------]"},
      {100, "deleting 500,000 of ~1,000,000 entries  0:04 left  3 failed  125,000/s  "
            "[#############-------------]"},
      {80, "deleting 500,000 of ~1,000,000 entries  0:04 left  3 failed  125,000/s"},
      {60, "deleting 500,000 of ~1,000,000 entries  0:04 left  3 failed"},
      {40, "deleting 500,000 of ~1,000,000 entries"},
      {37, "deleting 500,000 of ~1,000,000"},
      {10, "deleting 5"},
      {0, ""},
  };
  for (const auto& [columns, line] : cases) {
    EXPECT_EQ(progress_line("deleting", half, columns), line) << columns;
  }
}

TEST(ProgressLine, IsNeverWiderThanItMay) {
  for (unsigned columns = 0; columns < 250; ++columns) {
    for (const std::uint64_t done : {0ULL, 7ULL, 1'000'000ULL, ~0ULL}) {
      progress_state state = half;
      state.done = done;
      EXPECT_LE(progress_line("deleting", state, columns).size(), columns);
    }
  }
}

TEST(ProgressLine, SaysAtLeastWhileTheTotalIsCounted) {
  EXPECT_EQ(progress_line("deleting", {.done = 7, .total = 1234}, 80),
            "deleting 7 of 1,234+ entries");
  EXPECT_EQ(progress_line("deleting", {.done = 7, .total = 5}, 80), "deleting 7 entries");
}

TEST(ProgressLine, NeverShowsLessToDoThanIsDone) {
  const auto line =
      progress_line("deleting", {.done = 9, .total = 5, .total_is_final = true, .rate = 1}, 80);
  EXPECT_TRUE(line.starts_with("deleting 9 of ~9 entries  0:00 left")) << line;
  EXPECT_TRUE(line.ends_with("#]")) << line;
}

TEST(ProgressLine, TellsBytesWhereContentsAreWorkedOn) {
  EXPECT_EQ(
      progress_line("copying", {.done = 7, .rate = 2, .bytes = 1'572'864, .byte_rate = 999}, 80),
      "copying 7 entries  1.5 MiB  2/s  999 B/s");
  EXPECT_EQ(progress_line("copying", {.done = 7, .bytes = 1000}, 80), "copying 7 entries  1.0 KiB");
}

TEST(ProgressLine, OfNothingIsShort) {
  EXPECT_EQ(progress_line("deleting", {.total_is_final = true}, 80), "deleting 0 of ~0 entries");
}

} // namespace
} // namespace afio::cli
