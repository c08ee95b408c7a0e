// afio-hash: what it prints in each form, what --check says of it, and what the exit status says.
#include "tests/cli/tool.hpp"

#include <cstdlib>
#include <fstream>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace afio::cli {
namespace {

// Of tests/golden/spooky_v2.txt: no bytes, seed 0.
constexpr char of_nothing[] = "232706fc6bf50919 8b72ee65b4e851c7";

class Hash : public tool {
protected:
  Hash() : tool("afio-hash") {}

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((scratch / name).parent_path());
    std::ofstream(scratch / name, std::ios::binary) << text;
  }

  void expect(const testing::ending& end, int code, const std::vector<std::string>& lines,
              const std::string& errors = "") {
    EXPECT_TRUE(end.exited_with(code)) << describe(end);
    EXPECT_EQ(sorted_lines_of(end.output), lines);
    EXPECT_EQ(end.errors, errors);
  }

  static std::string hex_of_nothing() {
    std::string hex = of_nothing;
    hex.erase(16, 1);
    return hex;
  }
};

TEST_F(Hash, PrintsALineForEachFile) {
  write("t/empty", "");
  write("t/d/also", "");
  make("p t/fifo\n l t/link -> empty");
  const std::string h = hex_of_nothing();
  expect(run({"t"}), 0, {h + "  t/d/also", h + "  t/empty"});
  expect(run({"t/empty", "t/d/"}), 0, {h + "  t/d/also", h + "  t/empty"});
  expect(run({"t/link"}), 0, {h + "  t/link"});
  expect(run({"--exclude", "also", "t"}), 0, {h + "  t/empty"});
  expect(run({"-q", "t"}), 0, {});
}

TEST_F(Hash, EscapesNamesAsSha256sumDoes) {
  for (const char* const name : {"t/a\\b", "t/line\nfeed", "t/c\rr", "t/plain \x1b name"})
    write(name, "");
  const std::string h = hex_of_nothing();
  expect(run({"t"}), 0,
         {h + "  t/plain \x1b name", "\\" + h + "  t/a\\\\b", "\\" + h + "  t/c\\rr",
          "\\" + h + "  t/line\\nfeed"});
  // The same names, in the same form, after its own hashes.
  const auto theirs = shell(R"(sha256sum t/* | sed -E 's/^(\\?)[0-9a-f]{64}/\1/' | sort)");
  const auto ours = shell(R"("$T" t | sed -E 's/^(\\?)[0-9a-f]{32}/\1/' | sort)");
  EXPECT_EQ(ours.output, theirs.output);
}

TEST_F(Hash, ChecksTheListThatItMade) {
  write("t/a\nb", "one");
  write("t/c", "two");
  write("t/d", "three");
  for (const std::string null : {"", " -0"}) {
    const auto made = shell("\"$T\" t" + null + " > list");
    ASSERT_TRUE(made.exited_with(0)) << describe(made);
    const auto good = shell("\"$T\" -q --check list" + null);
    EXPECT_TRUE(good.exited_with(0)) << describe(good);
    EXPECT_EQ(good.output + good.errors, "");
    EXPECT_TRUE(shell("\"$T\" --check -" + null + " < list").exited_with(0));
  }
  ASSERT_TRUE(shell("\"$T\" t > list").exited_with(0));
  expect(run({"--check", "list"}), 0, {"\\t/a\\nb: OK", "t/c: OK", "t/d: OK"});
  write("t/c", "TWO");
  std::filesystem::remove(scratch / "t/d");
  expect(run({"--check", "list"}), 1, {"\\t/a\\nb: OK", "t/c: FAILED", "t/d: FAILED open or read"},
         "afio-hash: cannot hash \"t/d\": No such file or directory\n"
         "afio-hash: 1 of 2 files are not what the list says\n");
  EXPECT_EQ(sorted_lines_of(run({"-q", "--check", "list"}).output),
            (std::vector<std::string>{"t/c: FAILED", "t/d: FAILED open or read"}));
}

TEST_F(Hash, TellsOfLinesThatAreNone) {
  write("f", "");
  const std::string h = hex_of_nothing();
  write("list", h + "  f\nnonsense\n" + h + " f\n" + h.substr(1) + "  f\n" + h + " *f\n");
  expect(run({"-j1", "--check", "list"}), 1, {"f: OK", "f: OK"},
         "afio-hash: line 2 of \"list\" is not a hash and a name\n"
         "afio-hash: line 3 of \"list\" is not a hash and a name\n"
         "afio-hash: line 4 of \"list\" is not a hash and a name\n");
  write("none", "");
  expect(run({"--check", "none"}), 1, {}, "afio-hash: nothing in the list\n");
  expect(run({"--check", "none", "--exclude", "x"}), 2, {},
         "afio-hash: --check takes all that the list names: no --exclude and its like\n");
}

TEST_F(Hash, SaysWhyAFileOfTheCommandLineCannotBeRead) {
  make("d t");
  for (const char* const option : {"--check", "--exclude-from"}) {
    arguments all{option, "missing"};
    if (all[0] != "--check") all.emplace_back("t");
    expect(run(all), 2, {}, "afio-hash: cannot read \"missing\": No such file or directory\n");
    all[1] = "t";
    expect(run(all), 2, {}, "afio-hash: cannot read \"t\": Is a directory\n");
  }
}

TEST_F(Hash, SaysThatItHasNoMemory) {
  if (std::getenv("ASAN_OPTIONS") != nullptr || std::getenv("TSAN_OPTIONS") != nullptr)
    GTEST_SKIP() << "a sanitizer reserves more than there is";
  auto endless = program({"--check", "/dev/zero"});
  endless.limits = {{RLIMIT_AS, rlim_t{256} << 20}};
  expect(testing::run(endless), 2, {},
         "afio-hash: stopped, and not all may be done: std::bad_alloc\n");
}

TEST_F(Hash, StopsBetweenArguments) {
  write("f", "");
  expect(run({"missing", "f"}), 1, {hex_of_nothing() + "  f"},
         "afio-hash: cannot open \"missing\": No such file or directory\n");
  expect(run({"--on-error=stop", "missing", "f"}), 1, {},
         "afio-hash: cannot open \"missing\": No such file or directory\n"
         "afio-hash: stopped by --on-error\n");
  expect(run({"--deadline=0", "f", "f"}), 1, {}, "afio-hash: stopped by --deadline\n");
}

TEST_F(Hash, NeverReadsWhatIsNoFile) {
  make("p fifo\n d t\n p t/fifo");
  EXPECT_TRUE(run({"fifo"}).exited_with(1));
  expect(run({"t"}), 0, {});
  write("list", hex_of_nothing() + "  fifo\n");
  EXPECT_TRUE(run({"--check", "list"}).exited_with(1));
}

TEST_F(Hash, SaysTheSameInJson) {
  write("t/f", "");
  const auto end = run({"--json", "t", "none"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  const auto lines = lines_of(end.output);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], R"({"type":"hashed","path":"t/f","hash":")" + hex_of_nothing() +
                          R"(","size":0,"cached":false})");
  EXPECT_NE(lines[1].find(R"("type":"failed","path":"none")"), std::string::npos);
  EXPECT_EQ(lines[2].find(R"({"type":"summary","hashed":1,"cached":0,"bytes":0,"failures":1,)"),
            0U);
  ASSERT_TRUE(shell("\"$T\" t > list").exited_with(0));
  EXPECT_EQ(lines_of(run({"--json", "--check", "list"}).output)[0],
            R"({"type":"checked","path":"t/f","hash":")" + hex_of_nothing() +
                R"(","size":0,"same":true})");
}

TEST_F(Hash, RemembersOnlyWhenTold) {
  write("t/f", "text");
  const std::string file = scratch / "t/f";
  run({"t"});
  EXPECT_LT(::getxattr(file.c_str(), "user.afio.spookyhash", nullptr, 0), 0);
  EXPECT_FALSE(exists("t/.spookyhashes"));
}

TEST_F(Hash, WhatIsRememberedIsNoMetadata) {
  write("a/f", "text");
  ASSERT_TRUE(shell("cp -a a b").exited_with(0));
  const std::string file = scratch / "a/f";
  if (::setxattr(file.c_str(), "user.afio.spookyhash", "x", 1, 0) != 0)
    GTEST_SKIP() << "no user attributes here";
  const auto other = [&](const std::string& command) {
    const auto path = tool_path(command.substr(0, command.find(' ')));
    return shell(path + command.substr(command.find(' ')));
  };
  EXPECT_TRUE(other("afio-diff a b").exited_with(0));
  EXPECT_TRUE(other("afio-diff b a").exited_with(0));
  const auto updated = other("afio-update -v a b");
  EXPECT_TRUE(updated.exited_with(0));
  EXPECT_EQ(updated.output, "");
  EXPECT_TRUE(other("afio-update -v b a").exited_with(0));
  EXPECT_GT(::getxattr(file.c_str(), "user.afio.spookyhash", nullptr, 0), 0);
  EXPECT_TRUE(other("afio-cptree a c").exited_with(0));
  EXPECT_LT(::getxattr((scratch / "c/f").c_str(), "user.afio.spookyhash", nullptr, 0), 0);
}

TEST_F(Hash, RefusesWhatMakesNoSense) {
  for (const arguments& bad : {arguments{},
                               {"--check", "l", "t"},
                               {"--cache=what", "t"},
                               {"--check", "l", "--cache=ea"},
                               {"-n", "t"}}) {
    const auto end = run(bad);
    EXPECT_TRUE(end.exited_with(2)) << describe(end);
    EXPECT_EQ(end.output, "");
  }
  EXPECT_TRUE(run({""}).exited_with(1));
}

} // namespace
} // namespace afio::cli
