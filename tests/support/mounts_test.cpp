#include "tests/support/content.hpp"
#include "tests/support/descriptor_guard.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <sys/vfs.h>

namespace afio::testing {
namespace {

std::string mount_table() { return content_of("/proc/self/mountinfo"); }

class LoopFs : public ::testing::TestWithParam<file_system> {};

TEST_P(LoopFs, IsOfItsKindAndLeavesNothing) {
  const descriptor_guard guard;
  const std::string before = mount_table();
  {
    const loop_fs made(GetParam());
    if (!made) GTEST_SKIP() << made.why_not();
    EXPECT_NE(mount_table().find(std::string(" - ") + name_of(GetParam())), std::string::npos);
    make_tree(made / "t", "f a/b 10000");
    EXPECT_EQ(manifest(made / "t").entries.at("a/b").size, 10000U);
  }
  EXPECT_EQ(mount_table(), before);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LoopFs,
                         ::testing::Values(file_system::tmpfs, file_system::ext4, file_system::xfs,
                                           file_system::btrfs),
                         [](const auto& kind) { return name_of(kind.param); });

TEST(LoopFs, WhatCannotBeMadeHasAReason) {
  const std::string before = mount_table();
  const loop_fs too_small(file_system::xfs, 4096);
  EXPECT_FALSE(too_small);
  EXPECT_NE(too_small.why_not().find("xfs"), std::string::npos) << too_small.why_not();
  EXPECT_EQ(mount_table(), before);
}

TEST(Bind, ShowsAFileOrADirectoryTwice) {
  if (const auto reason = no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  const scratch_directory scratch;
  make_tree(scratch.path(), "f from/a 5\n d to\n f single 0");
  const auto directory = mounted::bind(scratch / "from", scratch / "to");
  const auto file = mounted::bind(scratch / "from/a", scratch / "single");
  const auto entries = manifest(scratch.path()).entries;
  EXPECT_EQ(entries.at("to/a"), entries.at("from/a"));
  EXPECT_EQ(entries.at("single"), entries.at("from/a"));
}

} // namespace
} // namespace afio::testing
