#include "cli/common/exit_code.hpp"
#include "cli/common/turns.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace afio::cli {
namespace {

using namespace std::chrono_literals;
using algorithms::stopped;

TEST(ExitCode, OfASourceThatKeptChangingIsReportedAlone) {
  using enum exit_code;
  EXPECT_EQ(worse(unstable, done), unstable);
  for (const exit_code other : {incomplete, unusable, refused}) {
    EXPECT_EQ(worse(unstable, other), other);
    EXPECT_EQ(worse(other, unstable), other);
  }
  EXPECT_EQ(worse(incomplete, refused), refused);
}

TEST(Turns, GoOnWhereNothingStops) {
  algorithms::tree_options options;
  turns all(options);
  EXPECT_TRUE(all.go_on(0));
  EXPECT_TRUE(all.go_on(7));
  EXPECT_EQ(all.why_stopped(), stopped::no);
  EXPECT_TRUE(options.deadline.unlimited());
}

TEST(Turns, ShareOneDeadline) {
  algorithms::tree_options options;
  options.deadline = deadline::in(1h);
  turns all(options);
  EXPECT_TRUE(all.go_on(0));
  const auto left = options.deadline.start().remaining();
  EXPECT_LT(left, 1h);
  EXPECT_GT(left, 30min);
  EXPECT_TRUE(all.go_on(0));
  EXPECT_LT(options.deadline.start().remaining(), left);
}

TEST(Turns, EndWithTheDeadline) {
  algorithms::tree_options options;
  options.deadline = deadline::in(0s);
  turns all(options);
  EXPECT_FALSE(all.go_on(0));
  EXPECT_EQ(all.why_stopped(), stopped::by_deadline);
}

TEST(Turns, EndWithARequest) {
  algorithms::tree_options options;
  std::stop_source request;
  options.stop = request.get_token();
  turns all(options);
  EXPECT_TRUE(all.go_on(0));
  request.request_stop();
  EXPECT_FALSE(all.go_on(0));
  EXPECT_EQ(all.why_stopped(), stopped::by_request);
}

TEST(Turns, EndWithAFailureIfThatStops) {
  algorithms::tree_options options;
  options.on_failure = algorithms::on_failure::stop;
  turns all(options);
  EXPECT_TRUE(all.go_on(0));
  EXPECT_FALSE(all.go_on(1));
  EXPECT_EQ(all.why_stopped(), stopped::by_failure);
}

TEST(Turns, EndWithWhatHasStoppedOneFirst) {
  algorithms::tree_options options;
  options.on_failure = algorithms::on_failure::stop;
  turns all(options);
  all.take(stopped::by_request);
  EXPECT_FALSE(all.go_on(1));
  EXPECT_EQ(all.why_stopped(), stopped::by_request);
}

} // namespace
} // namespace afio::cli
