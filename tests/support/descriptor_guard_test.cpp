#include "tests/support/descriptor_guard.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace afio::testing {
namespace {

TEST(DescriptorGuard, IsContentWhenAllIsClosedAgain) {
  const descriptor_guard guard;
  ::close(::dup(0));
}

TEST(DescriptorGuard, FindsALeak) {
  static int leaked = -1;
  EXPECT_NONFATAL_FAILURE(
      {
        const descriptor_guard guard;
        leaked = ::dup(0);
      },
      "leaked");
  ::close(leaked);
}

TEST(DescriptorGuard, FindsOneThatWasClosedByMistake) {
  static int closed = -1;
  closed = ::dup(0);
  EXPECT_NONFATAL_FAILURE(
      {
        const descriptor_guard guard;
        ::close(closed);
      },
      "was closed");
}

} // namespace
} // namespace afio::testing
