// afio-cptree: each option, and what the exit status says.
#include "tests/cli/tool.hpp"

#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::cli {
namespace {

constexpr const char* tree = R"(
  f s/a/1 10
  f s/a/b/2 20 0600
  h s/again = s/a/1
  l s/link -> a/1
  d s/empty 0700
)";

class Cptree : public tool {
protected:
  Cptree() : tool("afio-cptree") {}

  void expect(const testing::ending& end, int code, const std::string& output,
              const std::string& errors) {
    EXPECT_TRUE(end.exited_with(code)) << describe(end);
    EXPECT_EQ(end.output, output);
    EXPECT_EQ(end.errors, errors);
  }

  bool equal(const char* a, const char* b) const {
    const testing::manifest left(scratch / a), right(scratch / b);
    if (left.entries.size() != right.entries.size()) return false;
    for (const auto& [name, entry] : left.entries) {
      const auto found = right.entries.find(name);
      const testing::facts& facts = entry;
      if (found == right.entries.end() || !(facts == found->second)) return false;
    }
    return true;
  }
};

TEST_F(Cptree, CopiesAndSaysNothing) {
  make(tree);
  for (const arguments& command :
       {arguments{"s", "t1"}, arguments{"-a", "s/", "t2/"}, arguments{"-j1", "--verify", "s", "t3"},
        arguments{"--sync=all", "s", "t4"}, arguments{"--all-or-nothing", "-rx", "s", "t5"}}) {
    expect(run(command), 0, "", "");
  }
  for (const char* copy : {"t1", "t2", "t3", "t4", "t5"}) EXPECT_TRUE(equal("s", copy)) << copy;
  EXPECT_EQ(names(), "s t1 t2 t3 t4 t5");
}

TEST_F(Cptree, RefusesWhatItCannotMean) {
  make(tree);
  make("f t 1");
  const std::string name_it =
      " (--merge copies into it; name the copy itself, not the directory to put it in)\n";
  const std::string refused = "Refused: the copy would lie in the tree itself, or has no name\n";
  expect(run({"s", "t"}), 2, "", "afio-cptree: cannot copy \"s\": DST exists: \"t\"" + name_it);
  expect(run({"s", "s/a/new"}), 3, "", "afio-cptree: cannot copy \"s\": " + refused);
  expect(run({".", "new"}), 3, "", "afio-cptree: cannot copy \".\": " + refused);
  expect(run({"none", "new"}), 1, "",
         "afio-cptree: cannot copy \"none\": No such file or directory\n");
  expect(run({"s", "none/new"}), 1, "",
         "afio-cptree: cannot copy \"s\": No such file or directory\n");
  EXPECT_TRUE(run({"s"}).exited_with(2));
  EXPECT_TRUE(run({"--exclude", "[", "s", "new"}).exited_with(2));
  EXPECT_TRUE(run({"--exclude-from", "none", "s", "new"}).exited_with(2));
  EXPECT_EQ(names(), "s t");
}

TEST_F(Cptree, PlansWhatItDoes) {
  make(tree);
  const auto plan = run({"-n", "-j1", "s", "t"});
  EXPECT_EQ(names(), "s");
  const auto done = run({"-v", "-j1", "s", "t"});
  std::string told = plan.output;
  for (const auto& [would, did] :
       {std::pair("would copy", "copied"), std::pair("would link", "linked")}) {
    for (auto at = told.find(would); at != told.npos; at = told.find(would)) {
      told.replace(at, std::string(would).size(), did);
    }
  }
  EXPECT_EQ(done.output, told);
}

TEST_F(Cptree, RulesAreTakenInTheOrderOfTheCommandLine) {
  make(tree);
  expect(run({"--include", "/a/1", "--exclude", "/a/*", "s", "t"}), 0, "", "");
  EXPECT_EQ(names("t/a"), "1");
  expect(run({"--exclude", "/a/*", "--include", "/a/1", "s", "u"}), 0, "", "");
  EXPECT_EQ(names("u/a"), "");
  std::ofstream(scratch / "list") << "a/b/2\nempty\n";
  expect(run({"--from-file", "list", "s", "v"}), 0, "", "");
  EXPECT_EQ(names("v"), "a empty");
  EXPECT_EQ(names("v/a"), "b");
}

TEST_F(Cptree, MergesAndSaysWhatItReplaced) {
  make(tree);
  make("f t/a/b/2 99\n f t/mine 1");
  const auto end = run({"--merge", "-v", "-j1", "s", "t"});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_NE(end.output.find("replaced the namesake of \"s/a/b/2\"\n"), std::string::npos) << end.output;
  EXPECT_TRUE(exists("t/mine"));
  EXPECT_EQ(testing::manifest(scratch / "t").entries.at("a/b/2").size, 20U);
}

TEST_F(Cptree, TellsScriptsAllInJson) {
  make(tree);
  const auto end = run({"--json", "s", "t"});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  const auto lines = lines_of(end.output);
  ASSERT_EQ(lines.size(), 9U) << end.output;
  EXPECT_TRUE(lines.back().starts_with(
      R"({"type":"summary","created":7,"replaced":0,"linked":1,"bytes":30,"failures":0,)"))
      << lines.back();
}

TEST_F(Cptree, WhatIsNotToBeKeptIsNot) {
  make("f s 3 0640");
  const timespec old[] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (scratch / "s").c_str(), old, 0), 0);
  expect(run({"--preserve=none", "s", "t"}), 0, "", "");

  struct stat to {};

  ASSERT_EQ(::stat((scratch / "t").c_str(), &to), 0);
  EXPECT_NE(to.st_mtim.tv_sec, 1000);
  EXPECT_EQ(to.st_mode & 0007U, 0U);
}

} // namespace
} // namespace afio::cli
