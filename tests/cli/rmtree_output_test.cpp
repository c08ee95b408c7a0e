// afio-rmtree: what it prints, to people, to scripts and to a log.
#include "tests/cli/flat_json.hpp"
#include "tests/cli/tool.hpp"
#include "tests/support/content.hpp"

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

namespace afio::cli {
namespace {

/// Names that attack a terminal, a script or a parser.
constexpr const char* hostile = R"(
  f x/\x1b[31mred 1
  f x/line\x0afeed 1
  f x/\xff\xfe 1
  f x/quote"back\x5cslash 1
  f x/\xe2\x80\xae 1
  f x/\xc2\x9b 1
  f x/-rf 1
  f x/\xc3\xa9 1
)";

class RmtreeOutput : public tool {
protected:
  using event = std::map<std::string, std::string>;

  /// Checks each line, and that the last one is a summary that agrees with the others.
  std::vector<event> events_of(const testing::ending& end) {
    std::vector<event> events;
    for (const auto& line : lines_of(end.output)) {
      const auto read = parse_flat_json(line);
      EXPECT_TRUE(read) << line;
      if (read) events.push_back(*read);
    }
    if (events.empty() || events.back()["type"] != "summary") {
      ADD_FAILURE() << "no summary: " << describe(end);
      return {};
    }
    EXPECT_EQ(events.back()["deleted"], count(events, "deleted"));
    EXPECT_EQ(events.back()["moved"], count(events, "moved"));
    EXPECT_EQ(events.back()["failures"], count(events, "failed"));
    EXPECT_EQ(count(events, "summary"), "1");
    EXPECT_TRUE(std::regex_match(events.back()["seconds"], std::regex(R"(\d+\.\d{6})")));
    return events;
  }

  static std::string count(const std::vector<event>& events, const std::string& type) {
    return std::to_string(std::count_if(events.begin(), events.end(),
                                        [&](const event& e) { return e.at("type") == type; }));
  }

  static std::string path_of(const event& e) {
    const auto plain = e.find("path");
    return plain != e.end() ? plain->second : *from_base64(e.at("path_base64"));
  }

  std::string file(const char* name) const { return testing::content_of(scratch / name); }
};

TEST_F(RmtreeOutput, QuotesNames) {
  make(hostile);
  const std::set<std::string> wanted = {R"(deleted "x/\x1b[31mred")",
                                        R"(deleted "x/line\nfeed")",
                                        R"(deleted "x/\xff\xfe")",
                                        R"(deleted "x/quote\"back\\slash")",
                                        R"(deleted "x/\xe2\x80\xae")",
                                        R"(deleted "x/\xc2\x9b")",
                                        R"(deleted "x/-rf")",
                                        "deleted \"x/\xc3\xa9\"",
                                        R"(deleted "x")"};
  const auto lines = lines_of(run({"-v", "x"}).output);
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()), wanted);
}

TEST_F(RmtreeOutput, QuotesNamesInFailures) {
  const auto end = run({"no\033[2J\nsuch"});
  EXPECT_EQ(end.errors,
            "afio-rmtree: cannot delete \"no\\x1b[2J\\nsuch\": No such file or directory\n");
}

TEST_F(RmtreeOutput, NullEndsNamesAsTheyAre) {
  make(hostile);
  for (const arguments& how : {arguments{"-n", "-0"}, {"--null"}}) {
    arguments command = how;
    command.emplace_back("x");
    const auto end = run(command);
    EXPECT_TRUE(end.exited_with(0)) << describe(end);
    std::set<std::string> found;
    std::istringstream in(end.output);
    for (std::string name; std::getline(in, name, '\0');) found.insert(name);
    EXPECT_EQ(found, (std::set<std::string>{"x", "x/\x1b[31mred", "x/line\nfeed", "x/\xff\xfe",
                                            "x/quote\"back\\slash", "x/\xe2\x80\xae", "x/\xc2\x9b",
                                            "x/-rf", "x/\xc3\xa9"}));
  }
  EXPECT_FALSE(exists("x"));
}

TEST_F(RmtreeOutput, JsonTellsEveryEntryOnce) {
  for (const char* how : {"-j1", "-j2", "--hide", "--all-or-nothing", "--dry-run"}) {
    make(hostile);
    make("d x/deep/er\n l x/link -> nowhere\n p x/fifo\n s x/socket");
    const auto events = events_of(run({"--json", how, "x"}));
    std::set<std::string> told;
    for (const auto& e : events) {
      if (e.at("type") == "deleted") told.insert(e.at("entry") + " " + path_of(e));
    }
    EXPECT_EQ(told, (std::set<std::string>{
                        "directory x", "file x/\x1b[31mred", "file x/line\nfeed", "file x/\xff\xfe",
                        "file x/quote\"back\\slash", "file x/\xe2\x80\xae", "file x/\xc2\x9b",
                        "file x/-rf", "file x/\xc3\xa9", "directory x/deep", "directory x/deep/er",
                        "symlink x/link", "fifo x/fifo", "socket x/socket"}))
        << how;
    EXPECT_EQ(events.size(), told.size() + 1) << how;
  }
}

TEST_F(RmtreeOutput, JsonSaysThatItWasADryRun) {
  make("f x/y 1");
  EXPECT_EQ(events_of(run({"--json", "-n", "x"})).back()["dry_run"], "true");
  EXPECT_FALSE(events_of(run({"--json", "x"})).back().contains("dry_run"));
}

TEST_F(RmtreeOutput, JsonTellsFailures) {
  const auto end = run({"--json", "-q", "missing", "."});
  EXPECT_TRUE(end.exited_with(3)) << describe(end);
  EXPECT_EQ(end.errors, "");
  const auto events = events_of(end);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0], (event{{"type", "failed"},
                              {"path", "missing"},
                              {"operation", "delete"},
                              {"call", "statx"},
                              {"errno", "2"},
                              {"error", "No such file or directory"}}));
  EXPECT_EQ(events[1].at("path"), ".");
  EXPECT_TRUE(events[1].at("error").starts_with("Refused: ")) << events[1].at("error");
  EXPECT_EQ(events[1].at("errno"), "0");
}

TEST_F(RmtreeOutput, JsonHasASummaryWhereNothingIsDone) {
  make("f x/y 1");
  EXPECT_EQ(events_of(run({"--json", "--deadline=0", "x"})).size(), 1U);
  EXPECT_EQ(events_of(run({"--json", "-f", "missing"})).size(), 1U);
}

TEST_F(RmtreeOutput, NeedsStdoutToHoldWhatItSays) {
  for (const char* command :
       {"\"$T\" -v x >/dev/full", "\"$T\" --json x >/dev/full", "\"$T\" -0 x >/dev/full",
        "\"$T\" -v x >&-", "\"$T\" --help >/dev/full", "\"$T\" --version >/dev/full"}) {
    testing::remove_by_force(scratch / "x");
    make("f x/y 1");
    const auto end = shell(command);
    EXPECT_TRUE(end.exited_with(1)) << command << ' ' << describe(end);
    EXPECT_EQ(end.errors, "afio-rmtree: could not write all output\n") << command;
    EXPECT_EQ(exists("x"), std::string(command).find(" x ") == std::string::npos);
  }
}

TEST_F(RmtreeOutput, ADeletionOutlivesItsReader) {
  std::string literal;
  for (int i = 0; i < 5000; ++i) literal += "f x/name-" + std::to_string(i) + " 0\n";
  make(literal);
  const auto end = shell("{ \"$T\" -v x; echo $? >&2; } | head -n 1");
  EXPECT_EQ(lines_of(end.output).size(), 1U);
  EXPECT_EQ(end.errors, "afio-rmtree: could not write all output\n1\n");
  EXPECT_FALSE(exists("x"));
}

TEST_F(RmtreeOutput, ClosedStreamsAreNotWrittenTo) {
  make("f x/y 1\n f log 0");
  const auto end = shell("exec \"$T\" -v --log-file=log x missing <&- >&- 2>&-");
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  for (const auto& line : lines_of(file("log"))) EXPECT_TRUE(line.starts_with("[")) << line;
}

TEST_F(RmtreeOutput, LogsWhatHappened) {
  make("f x/y 1\n f log 0");
  EXPECT_TRUE(run({"--log-file=log", "x", "missing"}).exited_with(1));
  const auto lines = lines_of(file("log"));
  ASSERT_EQ(lines.size(), 4U) << file("log");
  EXPECT_TRUE(lines[0].ends_with("[info] deleted \"x/y\"")) << lines[0];
  EXPECT_TRUE(lines[1].ends_with("[info] deleted \"x\"")) << lines[1];
  EXPECT_TRUE(lines[2].ends_with("[error] cannot delete \"missing\": No such file or directory"))
      << lines[2];
  EXPECT_NE(lines[3].find("failures: 1"), std::string::npos) << lines[3];
}

TEST_F(RmtreeOutput, AppendsToTheLog) {
  make("f x 0\n f y 0");
  EXPECT_TRUE(run({"--log-file=log", "x"}).exited_with(0));
  EXPECT_TRUE(run({"--log-file=log", "y"}).exited_with(0));
  EXPECT_EQ(lines_of(file("log")).size(), 4U) << file("log");
}

TEST_F(RmtreeOutput, SaysWhereTheLogIsLost) {
  make("f x 0");
  const auto end = run({"--log-file=/dev/full", "x"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.errors, "afio-rmtree: could not write all of the log file\n");
}

TEST_F(RmtreeOutput, NoBarWithoutATerminal) {
  make("f x/y 1");
  const auto end = run({"x"});
  EXPECT_EQ(end.output + end.errors, "");
}

} // namespace
} // namespace afio::cli
