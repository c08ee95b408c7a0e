#include "tests/support/patience.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/swapper.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace afio::testing {
namespace {

TEST(Swapper, ExchangesManyTimesAndLosesNothing) {
  const scratch_directory scratch;
  make_tree(scratch.path(), "d a\n l b -> a\n");
  swapper swapping({{scratch / "a", scratch / "b"}});
  for (patience left(std::chrono::seconds(10)); swapping.count() <= 100 && !left.is_over();)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  swapping.stop();
  EXPECT_GT(swapping.count(), 100U);
  EXPECT_EQ(manifest(scratch.path()).entries.size(), 3U);
}

TEST(Swapper, CountsOnlyWhatHappened) {
  const scratch_directory scratch;
  make_tree(scratch.path(), "d a");
  swapper swapping({{scratch / "a", scratch / "none"}});
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  swapping.stop();
  EXPECT_EQ(swapping.count(), 0U);
}

} // namespace
} // namespace afio::testing
