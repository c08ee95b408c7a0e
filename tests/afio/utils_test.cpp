#include "afio/utils.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include <sys/resource.h>

namespace afio::unit {
namespace {

using ReserveDescriptors = scene;

TEST_F(ReserveDescriptors, LeavesNoneOpen) {
  for (const unsigned count : {0U, 1U, 64U, 500U}) {
    EXPECT_TRUE(succeeded(reserve_descriptors(dir, count))) << count;
  }
}

TEST_F(ReserveDescriptors, BeyondTheLimitIsAnError) {
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const ::rlimit limited{200, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limited), 0);
  EXPECT_TRUE(succeeded(reserve_descriptors(dir, 200)));
  EXPECT_TRUE(failed_with(reserve_descriptors(dir, 201), EINVAL));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

} // namespace
} // namespace afio::unit
