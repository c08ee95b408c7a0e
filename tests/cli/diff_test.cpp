// afio-diff: what it prints in each form, and what the exit status says.
#include "tests/cli/tool.hpp"

#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::cli {
namespace {

class Diff : public tool {
protected:
  Diff() : tool("afio-diff") {}

  void expect(const testing::ending& end, int code, const std::string& output,
              const std::string& errors = "") {
    EXPECT_TRUE(end.exited_with(code)) << describe(end);
    EXPECT_EQ(end.output, output);
    EXPECT_EQ(end.errors, errors);
  }

  /// All that is there is as old as all else.
  void settle() {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch)) {
      const timespec both[] = {{1000, 0}, {1000, 0}};
      ASSERT_EQ(::utimensat(AT_FDCWD, entry.path().c_str(), both, AT_SYMLINK_NOFOLLOW), 0);
    }
  }

  /// Two trees that differ in each way.
  void make_trees() {
    make("f a/mode 1 0644\n f b/mode 1 0600\n f a/size 1\n f b/size 20\n l a/target -> x\n"
         "l b/target -> y\n d a/type\n f b/type 1\n d a/left\n f b/right 1\n f a/same 3\n"
         "f b/same 3");
    settle();
  }
};

TEST_F(Diff, SaysNothingOfTreesThatAreTheSame) {
  make("f a/f 0\n d a/d\n f b/f 0\n d b/d");
  settle();
  for (const arguments& command :
       {arguments{"a", "b"}, arguments{"-r", "a/", "b/"}, arguments{"-q", "a", "b"},
        arguments{"-0", "a", "b"}, arguments{"--compare=content", "a", "b"}}) {
    expect(run(command), 0, "");
  }
}

TEST_F(Diff, TellsEachDifferenceInALine) {
  make_trees();
  expect(run({"-j1", "a", "b"}), 1,
         "only in \"a\": \"left\" (directory)\n"
         "metadata: \"mode\" (mode 0644 → 0600)\n"
         "only in \"b\": \"right\" (file)\n"
         "content: \"size\" (1 → 20 bytes)\n"
         "target: \"target\"\n"
         "type: \"type\" (directory → file)\n");
  expect(run({"-j1", "--metadata=none", "--exclude", "t*", "a", "b"}), 1,
         "only in \"a\": \"left\" (directory)\n"
         "only in \"b\": \"right\" (file)\n"
         "content: \"size\" (1 → 20 bytes)\n");
  expect(run({"-q", "a", "b"}), 1, "");
}

TEST_F(Diff, CountsInASummary) {
  make_trees();
  const std::string whole = std::string(61, '#') + "\n";
  expect(run({"--summary", "a", "b"}), 1,
         "only_left       1  " + whole + "only_right      1  " + whole + "types           1  " +
             whole + "content         1  " + whole + "target          1  " + whole +
             "metadata        1  " + whole);
}

TEST_F(Diff, TellsScriptsInJsonOrNames) {
  make_trees();
  const auto json = lines_of(run({"-j1", "--json", "a", "b"}).output);
  ASSERT_EQ(json.size(), 7U);
  EXPECT_EQ(json[0],
            R"({"type":"difference","kind":"only_left","path":"left","entry":"directory"})");
  EXPECT_EQ(
      json[1],
      R"({"type":"difference","kind":"metadata","path":"mode","entry":"file","metadata":"mode"})");
  EXPECT_TRUE(json[6].starts_with(
      R"({"type":"summary","only_left":1,"only_right":1,"types":1,"content":1,"target":1,"metadata":1,)"))
      << json[6];
  using namespace std::string_literals;
  expect(run({"-j1", "-0", "a", "b"}), 1, "left\0mode\0right\0size\0target\0type\0"s);
}

TEST_F(Diff, TellsWhatBecameOfABase) {
  make("f o/gone 1\n f o/mine 1\n f o/theirs 1\n f o/conflict 1\n f o/alike 1\n"
       "f a/mine 20\n f a/theirs 1\n f a/conflict 20\n f a/alike 5\n f a/new 1\n"
       "f b/gone 1\n f b/mine 1\n f b/theirs 20\n f b/conflict 1 0600\n f b/alike 5");
  settle();
  expect(run({"-j1", "--base", "o", "a", "b"}), 1,
         "changed in both alike: \"alike\": content (1 → 5 bytes)\n"
         "conflict: \"conflict\": content (1 → 20 bytes); metadata (mode 0644 → 0600)\n"
         "changed in \"a\": \"gone\": removed\n"
         "changed in \"a\": \"mine\": content (1 → 20 bytes)\n"
         "changed in \"a\": \"new\": added\n"
         "changed in \"b\": \"theirs\": content (1 → 20 bytes)\n");
  const auto json = lines_of(run({"-j1", "--base", "o", "--json", "a", "b"}).output);
  ASSERT_EQ(json.size(), 7U);
  EXPECT_EQ(
      json[1],
      R"({"type":"conflict","kind":"conflict","path":"conflict","left":"content","right":"metadata"})");
  EXPECT_TRUE(json[6].starts_with(R"({"type":"summary","changed_left":3,"changed_right":1,)"
                                  R"("changed_both":1,"conflict":1,)"))
      << json[6];
}

TEST_F(Diff, ComparesSingleEntries) {
  make("f a 3\n f b 3 0600\n l l -> a\n d d");
  settle();
  expect(run({"a", "a"}), 0, "");
  expect(run({"a", "b"}), 1, "metadata: \".\" (mode 0644 → 0600)\n");
  expect(run({"a", "l"}), 1, "type: \".\" (file → symlink)\n");
  expect(run({"d", "a"}), 1, "type: \".\" (directory → file)\n");
  expect(run({".", "a"}), 1, "type: \".\" (directory → file)\n");
}

TEST_F(Diff, ComparesByHashes) {
  make("f a/same 3\n f a/changed 3");
  std::filesystem::copy(scratch / "a", scratch / "b", std::filesystem::copy_options::recursive);
  std::ofstream(scratch / "b/changed") << "xyz";
  settle(); // Neither size nor time tells.
  for (int i = 0; i < 2; ++i)
    expect(run({"--compare=hash", "a", "b"}), 1, "content: \"changed\"\n");
}

TEST_F(Diff, WhatCannotBeComparedIsTrouble) {
  make("d a");
  expect(run({"a", "none"}), 2, "", "afio-diff: cannot open \"none\": No such file or directory\n");
  EXPECT_TRUE(run({"a"}).exited_with(2));
  EXPECT_TRUE(run({"-n", "a", "a"}).exited_with(2));
  EXPECT_TRUE(run({"--compare=sha", "a", "a"}).exited_with(2));
  EXPECT_TRUE(run({"--base", "none", "a", "a"}).exited_with(2));
  // An unset variable of a script.
  EXPECT_TRUE(run({"--base", "", "a", "a"}).exited_with(2));
  EXPECT_TRUE(run({"a", ""}).exited_with(2));
}

TEST_F(Diff, ItsNamesCannotAttackATerminal) {
  make("f a/\\x1b[2J\\x0a 1\n d b");
  settle();
  expect(run({"a", "b"}), 1, "only in \"a\": \"\\x1b[2J\\n\" (file)\n");
}

} // namespace
} // namespace afio::cli
