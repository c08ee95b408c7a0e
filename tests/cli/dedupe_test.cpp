// afio-dedupe: what it does with each option, what it prints in each form, and what its exit status
// says.
#include "tests/cli/tool.hpp"
#include "tests/support/content.hpp"
#include "tests/support/mounts.hpp"

#include <fstream>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

class Dedupe : public tool {
protected:
  Dedupe() : tool("afio-dedupe") {}

  /// Files below `scratch`, or at absolute paths. Each is a second older than the one before, so
  /// that the last is the oldest.
  void write(const fs::path& name, const std::string& content) {
    fs::create_directories((scratch / name).parent_path());
    std::ofstream(scratch / name, std::ios::binary) << content;
    const timespec times[] = {{time_, 0}, {time_, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (scratch / name).c_str(), times, 0), 0);
    --time_;
  }

  std::string content_of(const fs::path& name) const { return testing::content_of(scratch / name); }

  struct stat status_of(const fs::path& name) const {
    struct stat s {};

    EXPECT_EQ(::lstat((scratch / name).c_str(), &s), 0) << name;
    return s;
  }

  bool are_one(const fs::path& a, const fs::path& b) const {
    return status_of(a).st_ino == status_of(b).st_ino;
  }

  void expect(const testing::ending& end, int code, const std::string& output,
              const std::string& errors = "") {
    EXPECT_TRUE(end.exited_with(code)) << describe(end);
    EXPECT_EQ(end.output, output);
    EXPECT_EQ(end.errors, errors);
  }

private:
  time_t time_ = 1'000'000'000;
};

const std::string small(4096, 's');
const std::string large(300'000, 'l');

TEST_F(Dedupe, SaysWhatItWouldDoThenDoesIt) {
  write("t/b", small);
  write("t/d/a", small);
  write("t/alone", "1");
  const testing::manifest before(scratch);
  const std::string room = std::to_string(status_of("t/b").st_blocks / 2) + ".0 KiB";
  expect(run({"-n", "--link=hard", "t"}), 0,
         "would link \"t/b\" to \"t/d/a\"\n1 duplicate in 1 group: " + room +
             " would be given back\n");
  expect(run({"-n", "-q", "--link=hard", "t"}), 0, "");
  EXPECT_EQ(difference(before, testing::manifest(scratch)), "");
  expect(run({"-v", "--link=hard", "t/"}), 0,
         "linked \"t/b\" to \"t/d/a\"\n1 duplicate in 1 group: 1 file was merged, " + room +
             " given back\n");
  EXPECT_TRUE(are_one("t/b", "t/d/a"));
  EXPECT_EQ(content_of("t/b"), small);
  EXPECT_EQ(names("t"), "alone b d");
  expect(run({"--link=hard", "t"}), 0, "no duplicates in 2 files\n");
  expect(run({"-q", "--link=hard", "t"}), 0, "");
}

TEST_F(Dedupe, TellsScriptsInJson) {
  write("t/\xff", small);
  write("t/a", small);
  fs::create_hard_link(scratch / "t/\xff", scratch / "t/c");
  const std::string bytes = std::to_string(status_of("t/a").st_blocks * 512);
  const std::string event = R"({"type":"linked","path":"t/c","to":"t/a","entry":"file"})";
  const std::string hostile = R"({"type":"linked","path_base64":"dC//","to":"t/a","entry":"file"})";
  for (const bool dry : {true, false}) {
    arguments command{"--json", "--link=hard", "-q", "t"};
    if (dry) command.push_back("-n");
    const auto end = run(command);
    EXPECT_TRUE(end.exited_with(0)) << describe(end);
    const auto lines = lines_of(end.output);
    ASSERT_EQ(lines.size(), 3U) << end.output;
    EXPECT_EQ((std::set{lines[0], lines[1]}), (std::set{event, hostile}));
    EXPECT_TRUE(lines[2].starts_with(
        R"({"type":"summary",)"s + (dry ? R"("dry_run":true,)" : "") +
        R"("linked":2,"shared":0,"files":2,"groups":1,"duplicates":1,"merged":1,"reclaimed":)" +
        bytes + R"(,"changed":0,"busy":0,"bytes":)" + (dry ? "8192" : "12288") +
        R"(,"failures":0,"seconds":)"))
        << lines[2];
  }
}

TEST_F(Dedupe, TellsNamesAsTheyAre) {
  write("t/b\n", small);
  write("t/a", small);
  expect(run({"-0", "-n", "--link=hard", "t"}), 0, "t/b\n\0"s);
  expect(run({"-0", "-q", "--link=hard", "t"}), 0, "t/b\n\0"s);
  EXPECT_TRUE(are_one("t/b\n", "t/a"));
}

TEST_F(Dedupe, QuotesNames) {
  write("t/\x1b[31m\"", small);
  write("t/a", small);
  const auto end = run({"-n", "t"});
  EXPECT_EQ(end.output.find('\x1b'), std::string::npos);
  EXPECT_NE(end.output.find(R"("t/\x1b[31m\"" to "t/a")"), std::string::npos) << end.output;
}

TEST_F(Dedupe, LeavesAFileInUseAloneAndSaysSo) {
  write("t/b", small);
  write("t/c", small);
  write("t/a", small);
  const int writer = ::open((scratch / "t/b").c_str(), O_WRONLY | O_CLOEXEC);
  const auto end = run({"--link=hard", "t"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_TRUE(end.output.ends_with(" given back, 1 in use\n")) << end.output;
  EXPECT_EQ(end.errors, "afio-dedupe: left alone \"t/b\": in use\n");
  const auto json = lines_of(run({"--json", "-q", "--link=hard", "t"}).output);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0], R"({"type":"skipped","path":"t/b","operation":"link","errno":16,)"
                     R"("error":"Device or resource busy"})");
  EXPECT_NE(json[1].find(R"("busy":1)"), std::string::npos) << json[1];
  EXPECT_NE(json[1].find(R"("failures":0)"), std::string::npos) << json[1];
  EXPECT_EQ(::pwrite(writer, "X", 1, 0), 1);
  ::close(writer);
  EXPECT_EQ(content_of("t/b")[0], 'X');
  EXPECT_EQ(content_of("t/a"), small);
  EXPECT_TRUE(are_one("t/a", "t/c"));
}

TEST_F(Dedupe, KeepsTheOneAskedFor) {
  const std::pair<const char*, const char*> kept[] = {
      {"oldest", "t/d"}, {"newest", "t/b"}, {"first", "t/a"}, {"most-linked", "t/c"}};
  for (const auto& [which, name] : kept) {
    fs::remove_all(scratch / "t");
    for (const char* one : {"t/b", "t/c", "t/a", "t/d"}) write(one, small);
    fs::create_hard_link(scratch / "t/c", scratch / "t/c2");
    const auto inode = status_of(name).st_ino;
    EXPECT_TRUE(run({"-q", "--link=hard", "--keep", which, "t"}).exited_with(0));
    for (const char* one : {"t/b", "t/c", "t/a", "t/d"})
      EXPECT_EQ(status_of(one).st_ino, inode) << which << one;
  }
  EXPECT_TRUE(run({"--keep=best", "t"}).exited_with(2));
}

TEST_F(Dedupe, FirstIsByTheOrderOfTrees) {
  write("a/1", small);
  write("b/1", small);
  EXPECT_TRUE(
      run({"-n", "--keep=first", "b", "a"}).output.starts_with("would link \"a/1\" to \"b/1\"\n"));
}

TEST_F(Dedupe, WhatMustMatchIsAChoice) {
  write("t/b", small);
  write("t/a", small);
  ASSERT_EQ(::chmod((scratch / "t/b").c_str(), 0600), 0);
  expect(run({"-n", "t"}), 0, "no duplicates in 2 files\n");
  expect(run({"-n", "--match=all", "t"}), 0, "no duplicates in 2 files\n");
  expect(run({"-0", "-n", "--match=ownership,xattr,acl", "t"}), 0, "t/b\0"s);
  expect(run({"-0", "-n", "--match=none", "t"}), 0, "t/b\0"s);
  expect(run({"-n", "--match=timestamps", "t"}), 0, "no duplicates in 2 files\n");
  make("d u");
  expect(run({"-0", "-n", "--match=ownership,acl", "t", "u"}), 0, "t/b\0"s);
  for (const char* no : {"flags", "mode,links"})
    expect(run({"--match", no, "t"}), 2, "",
           "afio-dedupe: --match: "s + (no == "flags"s ? no : "links") +
               " not in {all,none,mode,ownership,timestamps,xattr,acl}\n"
               "afio-dedupe: see afio-dedupe --help\n");
  EXPECT_TRUE(run({"--match=content", "t"}).exited_with(2));
}

TEST_F(Dedupe, SmallFilesAreLeftAlone) {
  write("t/b", small);
  write("t/a", small);
  write("t/0", "");
  write("t/00", "");
  for (const char* size : {"4097", "5K", "1M", "1G"})
    EXPECT_EQ(run({"-0", "-n", "--min-size", size, "t"}).output, "") << size;
  for (const char* size : {"0", "1", "4096", "4K"})
    EXPECT_EQ(run({"-0", "-n", "--min-size", size, "t"}).output, "t/b\0"s) << size;
  for (const std::string size : {"x", "-1", "1.5K", "K", "99999999999999999999"})
    expect(run({"--min-size=" + size, "t"}), 2, "",
           "afio-dedupe: --min-size: '" + size +
               "' is not a size: write 4096, 64K, 1M or 2G\n"
               "afio-dedupe: see afio-dedupe --help\n");
}

TEST_F(Dedupe, FilesOfOthersAreLeftAlone) {
  write("t/b", small);
  write("t/a", small);
  for (const char* name : {"t/a", "t/b"}) {
    if (::chown((scratch / name).c_str(), 65534, 65534) != 0) GTEST_SKIP() << "needs root";
  }
  expect(run({"-n", "-0", "t"}), 0, "");
  expect(run({"-n", "-0", "--all-owners", "t"}), 0, "t/b\0"s);
}

TEST_F(Dedupe, LeavesOutWhatIsExcluded) {
  write("t/b", small);
  write("t/c", small);
  write("t/a", small);
  expect(run({"-n", "-0", "--exclude=/c", "t"}), 0, "t/b\0"s);
}

TEST_F(Dedupe, ChangesNothingWhereATreeIsNone) {
  write("t/b", small);
  write("t/a", small);
  make("l link -> t");
  const std::string cannot = "afio-dedupe: cannot open ";
  expect(run({"t", "none"}), 2, "", cannot + "\"none\": No such file or directory\n");
  expect(run({"t", ""}), 2, "", cannot + "\"\": No such file or directory\n"); // An unset variable.
  expect(run({"link"}), 2, "",
         cannot + "\"link\": It is a symlink: name the directory that it leads to\n");
  expect(run({"t", "t/a"}), 2, "",
         cannot + "\"t/a\": Not a directory: name the one that it is in, and choose by --from-file "
                  "or --include\n");
  const auto json = lines_of(run({"--json", "-q", "none"}).output);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_TRUE(json[0].starts_with(R"({"type":"failed","path":"none","operation":"open",)"));
  EXPECT_TRUE(run({}).exited_with(2));
  EXPECT_TRUE(run({"--json", "-0", "t"}).exited_with(2));
  EXPECT_FALSE(are_one("t/a", "t/b"));
}

TEST_F(Dedupe, StopsAtTheDeadline) {
  write("t/b", small);
  write("t/a", small);
  expect(run({"--deadline=0s", "t"}), 1, "", "afio-dedupe: stopped by --deadline\n");
  EXPECT_FALSE(are_one("t/a", "t/b"));
}

TEST_F(Dedupe, SaysWhenOutputIsLost) {
  write("t/a", small);
  const auto end = shell("\"$T\" t >/dev/full");
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.errors, "afio-dedupe: could not write all output\n");
}

TEST_F(Dedupe, LinksWhereBlocksCannotBeShared) {
  const testing::loop_fs other(testing::file_system::tmpfs);
  if (!other) GTEST_SKIP() << other.why_not();
  const std::string t = other.path();
  write(other / "b", large);
  write(other / "a", large);
  const std::string cannot = "afio-dedupe: cannot share the blocks of \"" + t + "/b\": ";
  const auto refused = run({"-q", "--json", "--link=reflink", t});
  EXPECT_TRUE(refused.exited_with(1)) << describe(refused);
  EXPECT_NE(refused.output.find(R"("operation":"share the blocks of")"), std::string::npos);
  EXPECT_TRUE(run({"--link=reflink", t}).errors.starts_with(cannot));
  EXPECT_FALSE(are_one(other / "a", other / "b"));
  const auto planned = run({"-n", t});
  EXPECT_TRUE(planned.output.ends_with(" (names are linked only where blocks cannot be shared)\n"))
      << planned.output;
  expect(run({"-0", t}), 0, t + "/b\0"s);
  EXPECT_TRUE(are_one(other / "a", other / "b"));
}

TEST_F(Dedupe, SharesBlocksWhereThatCanBe) {
  const testing::loop_fs other(testing::file_system::xfs);
  if (!other) GTEST_SKIP() << other.why_not();
  const std::string t = other.path();
  for (const char* how : {"auto", "reflink", "hard"}) {
    write(other / "d/b", large);
    write(other / "d/a", large);
    const std::string command = "--link="s + how;
    const std::string kind = how == "hard"s ? "linked" : "shared";
    const auto lines = lines_of(run({"--json", command, t + "/d"}).output);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], R"({"type":")" + kind + R"(","path":")" + t + R"(/d/b","to":")" + t +
                            R"(/d/a","entry":"file"})");
    EXPECT_NE(lines[1].find('"' + kind + "\":1"), std::string::npos) << lines[1];
    EXPECT_EQ(are_one(other / "d/a", other / "d/b"), how == "hard"s);
    EXPECT_EQ(content_of(other / "d/b"), large);
    fs::remove_all(other / "d");
  }
}

} // namespace
} // namespace afio::cli
