// afio-mvtree: each option, and what the exit status says.
#include "tests/cli/tool.hpp"
#include "tests/support/mounts.hpp"

namespace afio::cli {
namespace {

constexpr const char* tree = R"(
  f s/a/1 10
  f s/b 20 0600
  h s/again = s/a/1
)";

class Mvtree : public tool {
protected:
  Mvtree() : tool("afio-mvtree") {}

  void expect(const testing::ending& end, int code, const std::string& output,
              const std::string& errors) {
    EXPECT_TRUE(end.exited_with(code)) << describe(end);
    EXPECT_EQ(end.output, output);
    EXPECT_EQ(end.errors, errors);
  }
};

TEST_F(Mvtree, MovesAndSaysNothing) {
  make(tree);
  const testing::manifest before(scratch / "s");
  expect(run({"s", "t/"}), 0, "", "");
  expect(run({"-v", "t/", "u"}), 0, "moved \"t\" to \"u\"\n", "");
  expect(run({"--sync=all", "-0", "u", "v"}), 0, std::string("u\0", 2), "");
  expect(run({"v", "w"}), 0, "", "");
  EXPECT_EQ(difference(before, testing::manifest(scratch / "w")), "");
  EXPECT_EQ(names(), "w");
}

TEST_F(Mvtree, RefusesWhatItCannotMean) {
  make(tree);
  make("f t 1\n d dir");
  const std::string exists =
      ": It exists (--merge moves into it, --exchange swaps the two; DST is the new name itself, "
      "not a directory to put SRC in)\n";
  expect(run({"s", "t"}), 2, "", "afio-mvtree: cannot move \"t\"" + exists);
  expect(run({"t", "dir"}), 2, "", "afio-mvtree: cannot move \"dir\"" + exists);
  expect(run({"s", "s/a/new"}), 3, "",
         "afio-mvtree: cannot move \"s/a/new\": Refused: it is \"s\" itself, or lies in it\n");
  for (const char* same : {"t", "./t", "s/../t"}) {
    expect(run({"--merge", "t", same}), 3, "",
           "afio-mvtree: cannot move \"" + std::string(same) +
               "\": Refused: it is \"t\" itself, or lies in it\n");
  }
  for (const char* name : {".", "..", "/", "s/.."}) {
    expect(run({name, "new"}), 3, "",
           "afio-mvtree: cannot move \"" + std::string(name) +
               "\": Refused: \".\", \"..\" and \"/\" are not names\n");
  }
  expect(run({"none", "new"}), 1, "",
         "afio-mvtree: cannot move \"none\": No such file or directory\n");
  expect(run({"s", "none/new"}), 1, "",
         "afio-mvtree: cannot move \"none/new\": No such file or directory\n");
  expect(run({"--merge", "s", "t"}), 1, "", "afio-mvtree: cannot move \"t\": Not a directory\n");
  expect(run({"s"}), 2, "", "afio-mvtree: DST is required\nafio-mvtree: see afio-mvtree --help\n");
  expect(run({"--exchange", "s", "none"}), 1, "",
         "afio-mvtree: cannot move \"none\": No such file or directory (--exchange takes two that "
         "are there)\n");
  expect(run({}), 2, "", "afio-mvtree: SRC is required\nafio-mvtree: see afio-mvtree --help\n");
  EXPECT_TRUE(run({"--merge", "--exchange", "s", "t"}).exited_with(2));
  EXPECT_EQ(names(), "dir s t");
}

TEST_F(Mvtree, ExchangesAndMerges) {
  make(tree);
  make("f t/mine 1\n f t/b 2");
  expect(run({"--exchange", "s", "t"}), 0, "", "");
  EXPECT_EQ(names("s"), "b mine");
  expect(run({"--merge", "-v", "-j1", "t", "s"}), 0,
         "moved \"t/a\" to \"s/a\"\n"
         "moved \"t/again\" to \"s/again\"\n"
         "replaced the namesake of \"t/b\"\n",
         "");
  EXPECT_EQ(names(), "s");
  EXPECT_EQ(names("s"), "a again b mine");
}

TEST_F(Mvtree, BetweenFileSystemsItCopiesAndThenDeletes) {
  const testing::loop_fs other(testing::file_system::tmpfs);
  if (!other) GTEST_SKIP() << other.why_not();
  make(tree);
  const std::string target = other / "t";
  const auto plan = run({"-n", "-j1", "s", target});
  EXPECT_TRUE(plan.exited_with(0)) << describe(plan);
  EXPECT_EQ(names(), "s");
  const auto done = run({"-v", "-j1", "s", target});
  EXPECT_TRUE(done.exited_with(0)) << describe(done);
  // What is planned is what is done. A plan of deletions is not in their order.
  EXPECT_EQ(lines_of(done.output).size(), 10U);
  std::string told = plan.output;
  for (const auto& [would, did] :
       {std::pair("would copy", "copied"), std::pair("would link", "linked"),
        std::pair("would delete", "deleted")}) {
    for (auto at = told.find(would); at != told.npos; at = told.find(would))
      told.replace(at, std::string(would).size(), did);
  }
  EXPECT_EQ(sorted_lines_of(told), sorted_lines_of(done.output));
  EXPECT_EQ(names(), "");
  EXPECT_TRUE(std::filesystem::exists(other / "t/a/1"));
  expect(run({"--exchange", target, "s"}), 1, "",
         "afio-mvtree: cannot move \"s\": No such file or directory (--exchange takes two that are "
         "there)\n");
  make("f s 1");
  expect(run({"--exchange", target, "s"}), 1, "",
         "afio-mvtree: cannot move \"" + target +
             "\": The two are on different file systems, mounts or subvolumes\n");
}

TEST_F(Mvtree, WhereTheDiskIsFullTheRestStaysAndItSaysHowToGoOn) {
  const testing::loop_fs full(testing::file_system::tmpfs, 1 << 20);
  if (!full) GTEST_SKIP() << full.why_not();
  make("f s/large 4194304\n f s/small 10");
  const std::string target = full / "t";
  expect(run({"-j1", "s", target}), 1, "",
         "afio-mvtree: cannot copy \"s/large\": No space left on device\n"
         "afio-mvtree: what was named stays in \"s\": the same command with --merge moves it\n");
  EXPECT_EQ(names("s"), "large");
  EXPECT_TRUE(std::filesystem::exists(target + "/small"));
}

TEST_F(Mvtree, JsonTellsBothEnds) {
  make("f s 1");
  const auto end = run({"--json", "s", "t"});
  const auto lines = lines_of(end.output);
  ASSERT_EQ(lines.size(), 2U) << end.output;
  EXPECT_EQ(lines[0], R"({"type":"moved","path":"s","to":"t","entry":"file"})");
  EXPECT_TRUE(lines[1].starts_with(
      R"({"type":"summary","moved":1,"created":0,"replaced":0,"linked":0,"deleted":0,"bytes":0,"failures":0,"seconds":)"))
      << lines[1];
}

} // namespace
} // namespace afio::cli
