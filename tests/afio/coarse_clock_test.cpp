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
  // Not always: once a file was dated more finely, no other is dated before it in that tick. On a
  // busy machine that may be so in many.
  for (int i = 0; i < 1000 || (dated == 0 && i < 200'000); ++i) {
    const timestamp before = coarse_clock_now();
    std::ofstream(scratch / std::to_string(i)) << i;
    const timestamp after = coarse_clock_now();
    stat_t made;
    take(made.stamp(dir, leaf(std::to_string(i).c_str())));
    EXPECT_LE(before, made.changed);
    dated += made.changed == before || made.changed == after;
  }
  EXPECT_GT(dated, 0);
}

// Also while others keep looking at files and changing them, whereupon these are dated more finely.
TEST(ChangeClock, ForetellsWhatAChangeIsDatedWith) {
  const testing::scratch_directory scratch;
  const path_handle dir = anchor(scratch.path());
  const auto changed_now = [&](const file_handle& file) {
    take(file.set_times({}, {}));
    return take(file.stat(want::times)).changed;
  };
  const auto busy = take(
      file_handle::file(dir, leaf("busy"), {.mode = mode::write, .creation = creation::if_needed}));
  const auto file = take(file_handle::in_memory());
  change_clock clock;
  int right = 0;
  for (int i = 0; i < 1000; ++i) {
    changed_now(busy);
    const timestamp before = changed_now(file);
    const timestamp foretold = clock.after(before);
    const timestamp changed = changed_now(file);
    EXPECT_LE(foretold, changed);
    right += foretold == changed;
  }
  EXPECT_GT(right, 500);
}

TEST(ChangeClock, ExpectsWhatItSawUntilTheNextTick) {
  change_clock clock;
  const timestamp later{coarse_clock_now().seconds + 1000, 1};
  clock.saw(later);
  EXPECT_EQ(clock.expected(), later);
  clock.saw({1, 1});
  EXPECT_GE(clock.expected().seconds, later.seconds - 1000);
}

} // namespace
} // namespace afio::unit
