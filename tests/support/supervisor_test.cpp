#include "tests/support/descriptor_guard.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/supervisor.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <signal.h>

namespace afio::testing {
namespace {

using namespace std::chrono_literals;

program shell(const std::string& script) {
  return {.arguments = {"/bin/sh", "-c", script}, .environment = {"PATH=/bin", "LC_ALL=C"}};
}

action go_on(const stop&) { return action::continue_it(); }

class SupervisorTest : public ::testing::Test {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
  }

  scratch_directory scratch_;
  const std::string here_ = scratch_.path();
};

TEST_F(SupervisorTest, PassesOnWhatTheProgramSaysAndHowItEnds) {
  const descriptor_guard guard;
  const auto end = supervise(shell("echo out; echo err >&2; exit 3"), go_on);
  EXPECT_TRUE(end.exited_with(3)) << describe(end);
  EXPECT_EQ(end.output, "out\n");
  EXPECT_EQ(end.errors, "err\n");
  EXPECT_GT(end.stops, 0U);
}

TEST_F(SupervisorTest, CountsFromTheFirstPathThatIsMeant) {
  std::vector<std::string> first;
  const auto end = supervise(shell("cat /dev/null; rm " + here_ + "/none"),
                             [&](const stop& at) {
                               if (at.ordinal == 1) first = at.subjects();
                               return action::continue_it();
                             },
                             {.count_from = here_});
  EXPECT_GT(end.skipped, 0U);
  EXPECT_EQ(first, std::vector<std::string>{here_ + "/none"});
}

TEST_F(SupervisorTest, AFailedCallIsNotMade) {
  make_tree(here_, "f kept 10");
  const auto end = supervise(shell("rm " + here_ + "/kept"), [](const stop& at) {
    return at.call.name == "unlinkat" ? action::fail_with(EIO) : action::continue_it();
  });
  EXPECT_TRUE(end.exited_with(1));
  EXPECT_NE(end.errors.find("Input/output error"), std::string::npos) << end.errors;
  EXPECT_TRUE(std::filesystem::exists(here_ + "/kept"));
}

TEST_F(SupervisorTest, AKillTakesEffectBeforeTheCall) {
  make_tree(here_, "f kept 10");
  const auto end = supervise(shell("exec rm " + here_ + "/kept"), [](const stop& at) {
    return at.call.name == "unlinkat" ? action::kill() : action::continue_it();
  });
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_TRUE(end.killed_at.has_value());
  EXPECT_FALSE(end.hung);
  EXPECT_TRUE(std::filesystem::exists(here_ + "/kept"));
}

TEST_F(SupervisorTest, AProgramThatHangsIsKilledWithAllThatItStarted) {
  const auto begin = std::chrono::steady_clock::now();
  const auto end = supervise(shell("sleep 100 & wait"), go_on, {.time = 200ms});
  EXPECT_TRUE(end.hung);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(SupervisorTest, SomethingLeftRunningDoesNotHoldUpTheEnd) {
  const auto end = supervise(shell("sleep 100 & exit 0"), go_on);
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
}

TEST_F(SupervisorTest, AThrowingHandlerEndsTheProgram) {
  const descriptor_guard guard;
  EXPECT_THROW(supervise(shell("exit 0"), [](const stop&) -> action { throw 1; }), int);
}

TEST_F(SupervisorTest, AProgramThatIsNotThereIsAnError) {
  const descriptor_guard guard;
  EXPECT_THROW(supervise({.arguments = {"/none"}}, go_on), std::system_error);
}

TEST_F(SupervisorTest, ReadsAndWritesAreStoppedAtWhenAskedFor) {
  const auto writes = [&](enum supervision::streams streams) {
    const auto end = supervise(shell("echo a"), go_on, {.streams = streams});
    return end.stops_at.contains("write");
  };
  EXPECT_FALSE(writes(supervision::streams::passed_by));
  EXPECT_TRUE(writes(supervision::streams::stopped_at));
}

TEST_F(SupervisorTest, NamesWhatADescriptorRefersTo) {
  make_tree(here_, "f tree/a/b 1");
  std::vector<std::string> subjects;
  const identity parent = manifest(here_).entries.at("tree/a").inode;
  bool seen = false;
  supervise(shell("rm -r " + here_ + "/tree"),
            [&](const stop& at) {
              for (auto& path : at.subjects()) subjects.push_back(std::move(path));
              seen = seen || (at.call.name == "getdents64" && at.opened(0) == parent);
              return action::continue_it();
            },
            {.count_from = here_});
  EXPECT_EQ(std::count(subjects.begin(), subjects.end(), here_ + "/tree/a/b") > 0, true);
  EXPECT_TRUE(seen);
}

TEST_F(SupervisorTest, StopsAreFast) {
  std::string literal;
  for (int name = 0; name < 5000; ++name) literal += "f tree/" + std::to_string(name) + " 0\n";
  make_tree(here_, literal);
  const auto end = supervise(shell("rm -r " + here_ + "/tree"), go_on, {.count_from = here_});
  EXPECT_GT(end.stops, 5000U);
  // 280,000 a second were measured; below this rate the sweeps would be of no use.
  EXPECT_LT(end.duration.count() / static_cast<double>(end.stops), 1000.0);
}

} // namespace
} // namespace afio::testing
