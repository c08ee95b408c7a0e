#include "tests/support/descriptor_guard.hpp"
#include "tests/support/subprocess.hpp"

#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

namespace afio::testing {
namespace {

using namespace std::chrono_literals;

program shell(const std::string& script) { return {.arguments = {"/bin/sh", "-c", script}}; }

TEST(Run, TellsTheExitCodeAndWhatWasSaid) {
  const descriptor_guard guard;
  const auto end = run(shell("echo out; echo err >&2; exit 5"));
  EXPECT_TRUE(end.exited_with(5)) << describe(end);
  EXPECT_EQ(end.output, "out\n");
  EXPECT_EQ(end.errors, "err\n");
  EXPECT_GT(end.peak_kib, 0);
  EXPECT_GT(end.duration, 0us);
}

TEST(Run, TellsTheSignal) {
  const auto end = run(shell("kill -TERM $$"));
  EXPECT_EQ(end.signal, SIGTERM);
  EXPECT_FALSE(end.exited_with(0));
}

TEST(Run, EndsWhatTakesTooLong) {
  const auto end = run(shell("sleep 100"), 100ms);
  EXPECT_TRUE(end.hung);
  EXPECT_LT(end.duration, 5s);
}

TEST(Run, CutsOffWhoSaysTooMuch) {
  const auto end = run(shell("head -c 5000000 /dev/zero"));
  EXPECT_TRUE(end.exited_with(0)) << end.exit_code;
  EXPECT_EQ(end.output.size(), captured_limit);
}

TEST(Run, GivesTheEnvironmentAndTheFolder) {
  auto what = shell("echo $NAME $(pwd)");
  what.environment = {"NAME=value", "PATH=/bin"};
  what.directory = "/usr";
  EXPECT_EQ(run(what).output, "value /usr\n");
}

TEST(Run, SetsLimits) {
  auto what = shell("ulimit -n");
  what.limits = {{RLIMIT_NOFILE, 32}};
  EXPECT_EQ(run(what).output, "32\n");
}

TEST(Run, BecomesAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  auto what = shell("id -u; id -g; id -G");
  what.user = 65534;
  const auto end = run(what);
  EXPECT_EQ(end.output, "65534\n65534\n65534\n") << describe(end);
}

TEST(Run, AProgramThatIsNotThereIsAnError) {
  const descriptor_guard guard;
  EXPECT_THROW(run({.arguments = {"/none"}}), std::system_error);
}

} // namespace
} // namespace afio::testing
