// The power fails while afio-cptree --merge --sync=files replaces files: each name is old or new,
// whole. AFIO_POWER_CUTS says how often.
#include "tests/faults/power_cut.hpp"
#include "tests/race/contenders.hpp"
#include "tests/support/own_mounts.hpp" // Else others' namespaces may keep a file system mounted.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace afio::testing {
namespace {

std::uint64_t cuts() {
  const char* given = std::getenv("AFIO_POWER_CUTS");
  return given != nullptr ? std::stoull(given) : 25;
}

class PowerCut : public ::testing::TestWithParam<file_system> {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
    if (const loop_fs fs(GetParam()); !fs) GTEST_SKIP() << fs.why_not();
  }

  static power_tally cut(const contender& tool) {
    const auto counted = cut_power(tool, GetParam(), cuts());
    print_line(tool, GetParam(), counted);
    EXPECT_EQ(counted.cuts, cuts());
    return counted;
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, PowerCut, ::testing::Values(file_system::ext4, file_system::xfs),
                         [](const auto& one) { return name_of(one.param); });

TEST_P(PowerCut, WithSyncEachNameIsOldOrNew) {
  const auto counted = cut(afio_cptree({"--merge", "--sync=files"}));
  EXPECT_EQ(counted.lost, 0U) << counted.first_loss;
  EXPECT_EQ(counted.completed, counted.cuts);
  EXPECT_GT(counted.replaced, 0U);
  EXPECT_GT(counted.kept, 0U);
}

TEST_P(PowerCut, TheControlWithoutSyncLoses) {
  const auto counted = cut(afio_cptree({"--merge"}));
  EXPECT_GT(counted.lost, 0U);
}

} // namespace
} // namespace afio::testing
