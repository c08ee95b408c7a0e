// The coarse clock is the one that the kernel dates changes by.
#include "afio/coarse_clock.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/scratch.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace afio::unit {
namespace {

TEST(CoarseClock, IsNeverAheadOfAChangeAndMostlyDatesIt) {
  const testing::scratch_directory scratch;
  const path_handle dir = anchor(scratch.path());
  int dated = 0;
  for (int i = 0; i < 1000; ++i) {
    const timestamp before = coarse_clock_now();
    std::ofstream(scratch / std::to_string(i)) << i;
    const timestamp after = coarse_clock_now();
    stat_t made;
    take(made.stamp(dir, leaf(std::to_string(i).c_str())));
    EXPECT_LE(before, made.changed);
    dated += made.changed == before || made.changed == after;
  }
  // Not always: once a file was dated more finely, no other is dated before it in that tick.
  EXPECT_GT(dated, 500);
}

} // namespace
} // namespace afio::unit
