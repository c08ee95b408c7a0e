// afio-rmtree: SIGINT and SIGTERM, at a moment when it waits for its reader.
#include "tests/cli/flat_json.hpp"
#include "tests/cli/tool.hpp"
#include "tests/support/patience.hpp"

#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

#include <poll.h>
#include <sys/ioctl.h>

namespace afio::cli {
namespace {

using namespace std::chrono_literals;

class RmtreeSignals : public tool {
protected:
  void SetUp() override {
    std::string literal;
    for (int i = 0; i < 20'000; ++i) {
      literal +=
          "f x/" + std::to_string(i % 20) + "/a-rather-long-name-" + std::to_string(i) + " 0\n";
    }
    make(literal);
  }

  /// Until the tool has filled the pipe, so that it stands still in the middle.
  static bool fill(testing::child& running) {
    testing::patience left(20s);
    pollfd ended{running.ended_fd(), POLLIN, 0};
    for (int held = 0, before = -1; !left.is_over();) {
      if (::poll(&ended, 1, 100) != 0) return false;
      if (::ioctl(running.output_fd(), FIONREAD, &held) != 0) return false;
      if (held == before && held > 60'000) return true;
      before = held;
    }
    return false;
  }

  static void wait(testing::child& running) {
    testing::patience left(30s);
    pollfd ended{running.ended_fd(), POLLIN, 0};
    while (ended.revents == 0 && !left.is_over()) {
      running.drain();
      ::poll(&ended, 1, 10);
    }
  }

  /// Until the tool has taken the signal that was sent to it.
  static void wait_until_taken(const testing::child& running, int number) {
    const std::string status = "/proc/" + std::to_string(running.id()) + "/status";
    const auto is_pending = [&] {
      std::ifstream lines(status);
      for (std::string word; lines >> word;) {
        std::uint64_t pending = 0;
        if (word == "ShdPnd:" && lines >> std::hex >> pending)
          return (pending >> (number - 1) & 1) != 0;
      }
      return false;
    };
    for (testing::patience left(20s); is_pending() && !left.is_over();)
      std::this_thread::sleep_for(1ms);
  }

  /// Sends the signals while the tool stands still, then reads to the end.
  testing::ending interrupted(const arguments& command, std::initializer_list<int> signals) {
    testing::child running(program(command));
    EXPECT_TRUE(fill(running)) << "the tool is not in the middle of its work";
    for (const int number : signals) {
      ::kill(running.id(), number);
      wait_until_taken(running, number);
    }
    wait(running);
    return running.reap();
  }
};

TEST_F(RmtreeSignals, InterruptStopsAndSaysSo) {
  const auto end = interrupted({"-v", "x"}, {SIGINT});
  EXPECT_TRUE(end.exited_with(130)) << end.errors;
  const auto deleted = std::to_string(lines_of(end.output).size());
  EXPECT_EQ(end.errors, "afio-rmtree: interrupted: " + deleted + " deleted, the rest is left\n");
  EXPECT_TRUE(exists("x"));
}

TEST_F(RmtreeSignals, TerminateStopsAndSaysSo) {
  const auto end = interrupted({"-v", "-j2", "x"}, {SIGTERM});
  EXPECT_TRUE(end.exited_with(143)) << end.errors;
  EXPECT_TRUE(end.errors.starts_with("afio-rmtree: interrupted: ")) << end.errors;
  EXPECT_TRUE(exists("x"));
}

TEST_F(RmtreeSignals, AnInterruptedRunHasItsSummary) {
  const auto end = interrupted({"--json", "x", "missing"}, {SIGINT});
  EXPECT_TRUE(end.exited_with(130)) << end.errors;
  const auto lines = lines_of(end.output);
  ASSERT_GT(lines.size(), 2U);
  const auto last = parse_flat_json(lines.back());
  ASSERT_TRUE(last) << lines.back();
  EXPECT_EQ(last->at("type"), "summary");
  EXPECT_EQ(last->at("deleted"), std::to_string(lines.size() - 1));
  EXPECT_EQ(last->at("failures"), "0") << "no other argument is begun";
  EXPECT_TRUE(exists("x"));
}

TEST_F(RmtreeSignals, ASecondOneKills) {
  const auto end = interrupted({"-v", "x"}, {SIGINT, SIGINT});
  EXPECT_EQ(end.signal, SIGINT) << describe(end);
}

TEST_F(RmtreeSignals, SaysWhereAHiddenTreeIs) {
  const auto end = interrupted({"-v", "--hide", "x"}, {SIGINT});
  EXPECT_TRUE(end.exited_with(130)) << end.errors;
  EXPECT_EQ(names(), "*");
  const auto said = lines_of(end.errors);
  ASSERT_EQ(said.size(), 2U) << end.errors;
  EXPECT_TRUE(said[1].starts_with("afio-rmtree: what is left of \"x\" is in \"./.afio-"))
      << said[1];
  EXPECT_TRUE(said[1].ends_with("\": finish with afio-rmtree --reap .")) << said[1];
  EXPECT_TRUE(run({"--reap", "."}).exited_with(0));
  EXPECT_EQ(names(), "");
}

TEST_F(RmtreeSignals, SaysWhereAStagedTreeIs) {
  const auto end = interrupted({"--json", "--all-or-nothing", "x"}, {SIGINT});
  EXPECT_TRUE(end.exited_with(130)) << end.errors;
  EXPECT_EQ(names(), "*");
  const auto lines = lines_of(end.output);
  ASSERT_GT(lines.size(), 2U);
  const auto moved = parse_flat_json(lines[lines.size() - 2]);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->at("type"), "moved");
  EXPECT_EQ(moved->at("path"), "x");
  EXPECT_TRUE(exists(moved->at("to")));
  EXPECT_TRUE(run({"--reap", "."}).exited_with(0));
  EXPECT_EQ(names(), "");
}

} // namespace
} // namespace afio::cli
