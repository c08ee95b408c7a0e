// afio-hardlinks: what it prints in each form, and what the exit status says.
#include "tests/cli/tool.hpp"

#include <filesystem>
#include <string>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace afio::cli {
namespace {

using namespace std::string_literals;

class Hardlinks : public tool {
protected:
  Hardlinks() : tool("afio-hardlinks") {}

  void expect(const testing::ending& end, int code, const std::string& output,
              const std::string& errors = "") {
    EXPECT_TRUE(end.exited_with(code)) << describe(end);
    EXPECT_EQ(end.output, output);
    EXPECT_EQ(end.errors, errors);
  }

  /// Three groups: one with a name elsewhere, one of symlinks, one that is whole.
  void make_trees() {
    make("f t/a 2048\n h t/d/a = t/a\n h u/a = t/a\n l t/l -> target\n h t/d/l = t/l\n"
         "f t/x 10\n h t/y = t/x\n f t/alone 1");
  }

  struct stat status(const char* name) const {
    struct stat s {};

    EXPECT_EQ(::lstat((scratch / name).c_str(), &s), 0);
    return s;
  }

  std::string inode(const char* name) const { return std::to_string(status(name).st_ino); }

  std::string device() const {
    const auto d = status("t").st_dev;
    return std::to_string(major(d)) + ":" + std::to_string(minor(d));
  }
};

TEST_F(Hardlinks, PrintsEachInodeWithItsNames) {
  make_trees();
  const std::string a = "file " + inode("t/a") +
                        ", 2.0 KiB, 3 links, 1 elsewhere:\n"
                        "  \"t/a\"\n  \"t/d/a\"\n";
  const std::string l = "symlink " + inode("t/l") + ", 6 B, 2 links:\n  \"t/d/l\"\n  \"t/l\"\n";
  const std::string x = "file " + inode("t/x") + ", 10 B, 2 links:\n  \"t/x\"\n  \"t/y\"\n";
  expect(run({"t"}), 0, a + l + x);
  expect(run({"-x", "t/"}), 0, a + l + x);
  expect(run({"--complete", "t"}), 0, l + x);
  expect(run({"--incomplete", "t"}), 0, a);
  expect(run({"--min-size=2K", "t"}), 0, a);
  expect(run({"--exclude=/[al]", "--exclude=d", "t"}), 0, x);
  expect(run({"u", "t", "--min-size", "2048"}), 0,
         "file " + inode("t/a") + ", 2.0 KiB, 3 links:\n  \"t/a\"\n  \"t/d/a\"\n  \"u/a\"\n");
  expect(run({"-q", "t"}), 0, "");
  expect(run({"-j3", "u"}), 0,
         "file " + inode("t/a") + ", 2.0 KiB, 3 links, 2 elsewhere:\n  \"u/a\"\n");
}

TEST_F(Hardlinks, TellsScriptsInJsonNamesOrNumbers) {
  make_trees();
  make("f t/\\xff 3\n h t/z = t/\\xff");
  const auto json = lines_of(run({"--json", "t"}).output);
  ASSERT_EQ(json.size(), 5U);
  const auto begin = [&](const char* type, const char* of) {
    return R"({"type":"group","entry":")"s + type + R"(","device":")" + device() + R"(","inode":)" +
           inode(of);
  };
  EXPECT_EQ(json[0], begin("file", "t/a") +
                         R"(,"size":2048,"links":3,"elsewhere":1,"paths":["t/a","t/d/a"]})");
  EXPECT_EQ(json[1], begin("symlink", "t/l") +
                         R"(,"size":6,"links":2,"elsewhere":0,"paths":["t/d/l","t/l"]})");
  EXPECT_EQ(json[3],
            begin("file", "t/z") +
                R"(,"size":3,"links":2,"elsewhere":0,"paths":["t/z"],"paths_base64":["dC//"]})");
  EXPECT_TRUE(json[4].starts_with(
      R"({"type":"summary","groups":4,"incomplete":1,"names":8,"elsewhere":1,"saved":2067,)"
      R"("bytes":2067,"failures":0,"seconds":)"))
      << json[4];
  expect(run({"-0", "--exclude=\xff", "t"}), 0, "t/a\0t/d/a\0\0t/d/l\0t/l\0\0t/x\0t/y\0\0t/z\0\0"s);
  expect(run({"--summary", "t"}), 0,
         "groups 4\nincomplete 1\nnames 8\nelsewhere 1\nsaved 2067\nbytes 2067\n");
}

TEST_F(Hardlinks, FindsAllNamesOfAFile) {
  make_trees();
  const std::string here = scratch.string();
  const std::string all = "\"" + here + "/t/a\"\n\"" + here + "/t/d/a\"\n\"" + here + "/u/a\"\n";
  expect(run({"--of", "t/d/a"}), 0, all);
  expect(run({"--of", "u/a", "t", "u"}), 0, "\"t/a\"\n\"t/d/a\"\n\"u/a\"\n");
  expect(run({"-0", "--of=t/l", "t"}), 0, "t/d/l\0t/l\0"s);
  expect(run({"--of", "t/alone", "t"}), 0, "\"t/alone\"\n");
  const auto json = lines_of(run({"--json", "--of", "t/l", "t"}).output);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_TRUE(json[0].ends_with(R"("size":6,"links":2,"elsewhere":0,"paths":["t/d/l","t/l"]})"))
      << json[0];
}

TEST_F(Hardlinks, SaysWhatItDidNotFindOfAFile) {
  make_trees();
  expect(run({"--of", "t/a", "t/d"}), 1, "\"t/d/a\"\n", "afio-hardlinks: 2 of 3 names not found\n");
  expect(run({"-q", "--of", "t/a", "t/d"}), 1, "");
  const auto json = lines_of(run({"-q", "--json", "--of", "t/a", "t/d"}).output);
  EXPECT_EQ(json.size(), 1U);
}

TEST_F(Hardlinks, FindsAllNamesThoughATreeIsNotThere) {
  make_trees();
  expect(run({"--of", "t/a", "none", "t", "u"}), 0, "\"t/a\"\n\"t/d/a\"\n\"u/a\"\n",
         "afio-hardlinks: cannot open \"none\": No such file or directory\n");
}

TEST_F(Hardlinks, FailsWhereATreeIsNotThere) {
  make_trees();
  const std::string error = "afio-hardlinks: cannot open \"none\": No such file or directory\n";
  expect(run({"none", "u", "-0"}), 1, "u/a\0\0"s, error);
  expect(run({""}), 1, "", "afio-hardlinks: cannot open \"\": No such file or directory\n");
  expect(run({"t/a"}), 1, "", "afio-hardlinks: cannot open \"t/a\": Not a directory\n");
}

TEST_F(Hardlinks, RefusesWhatMakesNoSense) {
  make_trees();
  for (const auto& [command, reason] : std::vector<std::pair<arguments, std::string>>{
           {{}, "name a TREE, or --of FILE"},
           {{"--of", "t/a", "--exclude=x"}, "patterns and lists are about TREEs: name one"},
           {{"--of", "none"}, "cannot find the names of \"none\": No such file or directory"},
           {{"--of", ""}, "cannot find the names of \"\": No such file or directory"},
           {{"--of", "t"}, "cannot find the names of \"t\": A directory has one name only"},
           {{"--of", "t/.."}, "cannot find the names of \"t/..\": A directory has one name only"},
           {{"--of", "/"}, "cannot find the names of \"/\": A directory has one name only"}}) {
    expect(run(command), 2, "", "afio-hardlinks: " + reason + "\n");
  }
  for (const arguments& command :
       {arguments{"--of", "t/a", "--incomplete"}, arguments{"--complete", "--incomplete", "t"},
        arguments{"--min-size=x", "t"}, arguments{"--min-size=-1", "t"}, arguments{"-n", "t"}})
    EXPECT_TRUE(run(command).exited_with(2)) << command.back();
}

TEST_F(Hardlinks, StopsAtTheDeadline) {
  make_trees();
  expect(run({"--deadline=0s", "t"}), 1, "", "afio-hardlinks: stopped by --deadline\n");
}

TEST_F(Hardlinks, SaysWhenOutputIsLost) {
  make_trees();
  const auto end = shell("\"$T\" t >/dev/full");
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.errors, "afio-hardlinks: could not write all output\n");
}

} // namespace
} // namespace afio::cli
