// A file system that says ECANCELED is no Ctrl-C: what fails so is named, and the rest is done.
#include "tests/cli/tool.hpp"
#include "tests/support/supervisor.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>

namespace afio::cli {
namespace {

class CanceledCalls : public tool {
protected:
  void SetUp() override {
    if (const auto reason = testing::no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
  }

  /// Runs it where each call of that name that is about `file` fails.
  testing::supervised run_without(const std::string& file, std::string_view call,
                                  const std::string& name, const arguments& args) {
    testing::program what = program(args);
    what.arguments[0] = tool_path(name);
    const std::string meant = std::filesystem::canonical(scratch) / file;
    return testing::supervise(what, [&](const testing::stop& here) {
      const auto paths = here.subjects();
      const bool is_it =
          here.call.name == call && std::find(paths.begin(), paths.end(), meant) != paths.end();
      return is_it ? testing::action::fail_with(ECANCELED) : testing::action::continue_it();
    });
  }
};

TEST_F(CanceledCalls, AreAFailureOfAFileToBeHashed) {
  std::ofstream(scratch / "f") << "text";
  std::ofstream(scratch / "g") << "";
  const auto end = run_without("f", "statx", "afio-hash", {"f", "g"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.output, "232706fc6bf509198b72ee65b4e851c7  g\n");
  EXPECT_EQ(end.errors, "afio-hash: cannot hash \"f\": Operation canceled\n");
}

TEST_F(CanceledCalls, AreAFailureOfWhatIsToBeCompared) {
  make("f a 3\n f b 3");
  const auto end = run_without("a", "statx", "afio-diff", {"a", "b"});
  EXPECT_TRUE(end.exited_with(2)) << describe(end);
  EXPECT_EQ(end.errors, "afio-diff: cannot compare \"a\": Operation canceled\n");
}

TEST_F(CanceledCalls, AreAFailureOfASeriesToBeClonedInto) {
  make("f s/f 1\n d backup");
  const auto end =
      run_without("backup/.afio-series.lock", "openat2", "afio-clone", {"--series", "backup", "s"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.errors, "afio-clone: cannot clone into \"backup\": Operation canceled\n");
}

} // namespace
} // namespace afio::cli
