// afio-rmtree, run by a user who may not delete everything.
#include "tests/cli/tool.hpp"

#include <algorithm>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

namespace afio::cli {
namespace {

namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;

/// In `x`, only what is in `locked` can't be deleted.
constexpr const char* half_locked = R"(
  d x/locked 0555
  f x/locked/a 1
  f x/free/b 1
  f x/c 1
)";

class RmtreeFailures : public tool {
protected:
  void SetUp() override {
    if (::geteuid() != 0) return;
    if (::chown(scratch.c_str(), nobody, nobody) != 0) GTEST_SKIP() << "chown is denied";
    ASSERT_EQ(::chmod(scratch.parent_path().c_str(), 0755), 0);
    // Where the tool is, only its builder may come.
    ASSERT_EQ(::chmod(open_to_all_.path().c_str(), 0755), 0);
    fs::copy_file(tool_path(), open_to_all_ / "afio-rmtree");
  }

  void make_ours(std::string_view literal) {
    make(literal);
    if (::geteuid() != 0) return;
    for (const auto& entry : fs::recursive_directory_iterator(scratch)) {
      ASSERT_EQ(::lchown(entry.path().c_str(), nobody, nobody), 0);
    }
  }

  testing::ending run_as_nobody(const arguments& args) {
    testing::program what = program(args);
    if (::geteuid() == 0) {
      what.arguments[0] = open_to_all_ / "afio-rmtree";
      what.user = nobody;
    }
    return testing::run(what);
  }

private:
  testing::scratch_directory open_to_all_;
};

const std::string denied = "afio-rmtree: cannot delete \"x/locked/a\": Permission denied\n";

TEST_F(RmtreeFailures, EverythingElseIsDone) {
  make_ours(half_locked);
  const auto end = run_as_nobody({"x"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.errors, denied);
  EXPECT_EQ(names("x") + "|" + names("x/locked"), "locked|a");
}

TEST_F(RmtreeFailures, QuietSaysNothing) {
  make_ours(half_locked);
  const auto end = run_as_nobody({"-q", "--hide", "x"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.output + end.errors, "");
}

TEST_F(RmtreeFailures, StopStopsAtTheFirst) {
  make_ours("d x/locked 0555\n f x/locked/a 1\n f y 1");
  const auto end = run_as_nobody({"--on-error=stop", "-j1", "x", "y"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.errors,
            denied + "afio-rmtree: stopped by --on-error: 0 deleted, the rest is left\n");
  EXPECT_TRUE(exists("y"));
}

TEST_F(RmtreeFailures, HideSaysOnceWhereTheRestIs) {
  make_ours(half_locked);
  const auto end = run_as_nobody({"--hide", "./x/"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  const auto said = lines_of(end.errors);
  ASSERT_EQ(said.size(), 2U) << end.errors;
  EXPECT_EQ(said[0], "afio-rmtree: cannot delete \"./x/locked/a\": Permission denied");
  EXPECT_TRUE(said[1].starts_with("afio-rmtree: what is left of \"./x/\" is in \"./.afio-"))
      << said[1];
  EXPECT_TRUE(said[1].ends_with(": finish with afio-rmtree --reap .")) << said[1];
  EXPECT_EQ(names(), "*");
}

TEST_F(RmtreeFailures, AdvisesNoCommandThatAShellWouldRead) {
  make_ours("d $(id)/x/locked 0555\n f $(id)/x/locked/a 1");
  const auto end = run_as_nobody({"--hide", "$(id)/x"});
  EXPECT_TRUE(end.errors.ends_with(": finish with afio-rmtree --reap of its directory\n"))
      << end.errors;
}

TEST_F(RmtreeFailures, AllOrNothingLeavesAllInItsPlace) {
  make_ours(half_locked);
  const testing::manifest before(scratch);
  const auto end = run_as_nobody({"-v", "--all-or-nothing", "x"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.errors, "afio-rmtree: cannot rename \"x/locked/a\": Permission denied\n");
  EXPECT_EQ(end.output, "");
  EXPECT_EQ(difference(before, testing::manifest(scratch)), "");
}

TEST_F(RmtreeFailures, ForcePermissionsOpensWhatIsOurs) {
  make_ours(half_locked);
  const auto end = run_as_nobody({"--force-permissions", "x"});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_FALSE(exists("x"));
}

} // namespace
} // namespace afio::cli
