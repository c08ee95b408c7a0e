// afio-update: each option, what is printed, and what the exit status says.
#include "tests/cli/flat_json.hpp"
#include "tests/cli/tool.hpp"

#include <fstream>
#include <map>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace afio::cli {
namespace {

namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;

/// Something to create, replace, change, link, delete, and to leave alone.
constexpr const char* trees = R"(
  f s/d/same 20
  f s/d/new 10
  f s/d/size 7
  f s/mode 4 0600
  f s/a 5
  h s/b = s/a
  l s/l -> x
  d s/was-file/in
  f s/was-directory 3
  f t/d/same 20
  f t/d/size 8
  f t/mode 4 0644
  f t/gone/deep/f 1
  f t/extra 1
  l t/l -> y
  f t/was-file 2
  f t/was-directory/f 2
)";

class Update : public tool {
protected:
  Update() : tool("afio-update") {}

  void SetUp() override {
    if (::geteuid() != 0) return;
    ASSERT_EQ(::chmod(scratch.parent_path().c_str(), 0755), 0);
    // Where the tool is, only its builder may come.
    ASSERT_EQ(::chmod(open_to_all_.path().c_str(), 0755), 0);
  }

  void expect(const testing::ending& end, int code, const std::string& output,
              const std::string& errors = "") {
    EXPECT_TRUE(end.exited_with(code)) << describe(end);
    EXPECT_EQ(end.output, output);
    EXPECT_EQ(end.errors, errors);
  }

  testing::manifest tree(const char* name) const { return testing::manifest(scratch / name); }

  /// In all but which inodes they are.
  bool equal(const char* a, const char* b) const {
    const auto left = tree(a), right = tree(b);
    if (left.entries.size() != right.entries.size()) return false;
    for (const auto& [name, entry] : left.entries) {
      const auto found = right.entries.find(name);
      const testing::facts& facts = entry;
      if (found == right.entries.end() || !(facts == found->second)) return false;
    }
    return true;
  }

  /// What a file of `trees` has in "t" gets the contents and times of its namesake in "s", so that
  /// it is the same.
  void make_trees() {
    make(trees);
    for (const char* name : {"d/same", "mode"}) {
      fs::copy_file(scratch / "s" / name, scratch / "t" / name,
                    fs::copy_options::overwrite_existing);
      fs::last_write_time(scratch / "t" / name, fs::last_write_time(scratch / "s" / name));
    }
    fs::permissions(scratch / "t/mode", fs::perms(0644));
  }

  testing::ending run_as_nobody(const arguments& args) {
    testing::program what = program(args);
    const fs::path copy = open_to_all_ / "afio-update";
    fs::copy_file(tool_path("afio-update"), copy, fs::copy_options::overwrite_existing);
    what.arguments[0] = copy;
    if (::geteuid() == 0) what.user = nobody;
    return testing::run(what);
  }

private:
  testing::scratch_directory open_to_all_;
};

/// The words of a plan, as those of what was done.
std::string done_in(std::string plan) {
  for (const auto& [would, did] :
       {std::pair("would copy", "copied"), std::pair("would link", "linked"),
        std::pair("would replace", "replaced"), std::pair("would change", "changed"),
        std::pair("would delete", "deleted"), std::pair("would move", "moved")}) {
    for (auto at = plan.find(would); at != plan.npos; at = plan.find(would))
      plan.replace(at, std::string(would).size(), did);
  }
  return plan;
}

TEST_F(Update, MakesATreeLikeAnotherAndThenDoesNothing) {
  for (const arguments& command :
       {arguments{"--delete", "s", "t"}, arguments{"-aHAXx", "--delete", "s/", "t/"},
        arguments{"-j1", "--delete", "--sync=all", "s", "t"},
        arguments{"--delete", "--compare=content", "./s/.", "./t"}}) {
    make_trees();
    expect(run(command), 0, "");
    EXPECT_TRUE(equal("s", "t"));
    const auto before = tree("t");
    arguments again = command;
    again.push_back("-v");
    expect(run(again), 0, "");
    EXPECT_EQ(tree("t"), before) << testing::difference(before, tree("t"));
    fs::remove_all(scratch / "s");
    fs::remove_all(scratch / "t");
  }
}

TEST_F(Update, KeepsWhatTheSourceLacksUnlessToldOtherwise) {
  make("f s/a 1\n f t/b 1\n f t/d/c 1");
  expect(run({"s", "t"}), 0, "");
  EXPECT_EQ(names("t") + "|" + names("t/d"), "a b d|c");
  expect(run({"--delete", "s", "t"}), 0, "");
  EXPECT_EQ(names("t"), "a");
}

TEST_F(Update, PlansWhatItDoes) {
  make_trees();
  const auto before = tree("t");
  const auto plan = run({"-n", "-j1", "--delete", "s", "t"});
  EXPECT_TRUE(plan.exited_with(0)) << describe(plan);
  EXPECT_EQ(tree("t"), before);
  for (const char* line :
       {"would copy \"s/d/new\"\n", "would replace the namesake of \"s/d/size\"\n",
        "would change the namesake of \"s/mode\"\n", "would link \"s/b\"\n",
        "would delete \"t/gone/deep/f\"\n", "would delete \"t/gone\"\n",
        "would replace the namesake of \"s/was-file\"\n", "would delete \"t/was-directory/f\"\n"}) {
    EXPECT_NE(plan.output.find(line), std::string::npos) << line << plan.output;
  }
  EXPECT_EQ(plan.output.find("same"), std::string::npos) << plan.output;
  const auto done = run({"-v", "-j1", "--delete", "s", "t"});
  EXPECT_TRUE(done.exited_with(0)) << describe(done);
  EXPECT_EQ(done.output, done_in(plan.output));
  EXPECT_TRUE(equal("s", "t"));
}

TEST_F(Update, MakesATargetThatIsNotThere) {
  make("f s/a/f 3\n l s/l -> a\n l way -> s");
  const auto plan = run({"-n", "-j1", "s", "new"});
  EXPECT_FALSE(exists("new"));
  EXPECT_EQ(run({"-v", "-j1", "s", "new"}).output, done_in(plan.output));
  EXPECT_TRUE(equal("s", "new"));
  for (const char* source : {"way", "way/", "s/.", "s/a/.."}) {
    expect(run({"--delete", source, "other"}), 0, "");
    EXPECT_TRUE(equal("s", "other")) << source;
    expect(run({"-v", "--delete", source, "other"}), 0, "");
    fs::remove_all(scratch / "other");
  }
  expect(run({"s", "none/t"}), 1, "",
         "afio-update: cannot create \"none/t\": No such file or directory\n");
}

TEST_F(Update, TellsScriptsAllInJson) {
  make_trees();
  const auto end = run({"--json", "-j1", "--delete", "s", "t"});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  std::map<std::string, std::string> types;
  std::map<std::string, std::string> last;
  for (const std::string& line : lines_of(end.output)) {
    const auto object = parse_flat_json(line);
    ASSERT_TRUE(object) << line;
    last = *object;
    if (last.contains("path")) types[last["path"]] += last["type"] + " " + last["entry"] + ";";
  }
  EXPECT_EQ(types["s/d/new"], "created file;");
  EXPECT_EQ(types["s/d/size"], "replaced file;");
  EXPECT_EQ(types["s/mode"], "changed file;");
  EXPECT_EQ(types["s/b"], "linked file;");
  EXPECT_EQ(types["s/l"], "replaced symlink;");
  EXPECT_EQ(types["s/was-file"], "replaced directory;");
  EXPECT_EQ(types["t/extra"], "deleted file;");
  EXPECT_EQ(types["t/gone"], "deleted directory;");
  EXPECT_EQ(types["t/was-directory"], "deleted directory;");
  EXPECT_EQ(last["type"], "summary");
  EXPECT_EQ(last["created"], "3"); // d/new, a, was-file/in
  EXPECT_EQ(last["replaced"], "4");
  EXPECT_EQ(last["linked"], "1");
  EXPECT_EQ(last["moved"], "0");
  EXPECT_EQ(last["deleted"], "6");
  EXPECT_EQ(last["bytes"], "25"); // d/new, d/size, a, was-directory
  EXPECT_EQ(last["failures"], "0");
  EXPECT_FALSE(last.contains("dry_run"));
  const auto plan = lines_of(run({"-n", "--json", "s", "new"}).output).back();
  EXPECT_EQ(parse_flat_json(plan)->at("dry_run"), "true") << plan;
}

TEST_F(Update, EndsNamesWithNulsWhereAsked) {
  make("f s/a\\x0ab 1\n f t/c 1");
  using namespace std::string_literals;
  expect(run({"-0", "-n", "-j1", "--delete", "s", "t"}), 0, "s/a\nb\0t/c\0s\0"s);
  expect(run({"-n", "-j1", "--delete", "s", "t"}), 0,
         "would copy \"s/a\\nb\"\nwould delete \"t/c\"\nwould change the namesake of \"s\"\n");
  EXPECT_TRUE(run({"-0", "--json", "s", "t"}).exited_with(2));
}

TEST_F(Update, DoesNothingWhereTooMuchWouldGo) {
  make("f s/new 1\n f t/a 1\n f t/d/b 1");
  const auto before = tree("t");
  for (const arguments& command : {arguments{"--delete", "--max-delete", "2", "s", "t"},
                                   arguments{"-n", "--delete", "--max-delete=2", "s", "t"}}) {
    expect(run(command), 3, "",
           "afio-update: cannot update \"t\": Refused: 3 entries would be deleted (--max-delete "
           "2); nothing was changed\n");
  }
  EXPECT_EQ(tree("t"), before);
  const auto told = lines_of(run({"--json", "--delete", "--max-delete=0", "s", "t"}).output);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(parse_flat_json(told[0])->at("type"), "failed");
  EXPECT_EQ(parse_flat_json(told[1])->at("failures"), "1");
  expect(run({"--delete", "--max-delete", "3", "s", "t"}), 0, "");
  EXPECT_TRUE(equal("s", "t"));
}

TEST_F(Update, BelievesTimesUnlessContentsAreCompared) {
  make("f s/f 3\n f t/f 3");
  std::ofstream(scratch / "t/f") << "xyz"; // Of the same size.
  fs::last_write_time(scratch / "t/f", fs::last_write_time(scratch / "s/f"));
  expect(run({"-v", "--preserve=timestamps", "s", "t"}), 0, "changed the namesake of \"s\"\n");
  EXPECT_FALSE(equal("s", "t"));
  expect(run({"-v", "--compare=content", "s", "t"}), 0, "replaced the namesake of \"s/f\"\n");
  EXPECT_TRUE(equal("s", "t"));
}

TEST_F(Update, LeavesAloneWhatIsExcludedOnBothSides) {
  make("f s/a 1\n f s/a.o 1\n f t/b 1\n f t/b.o 1\n f t/d/c.o 1\n f t/d/c 1");
  expect(run({"--delete", "--exclude", "*.o", "s", "t"}), 0, "");
  EXPECT_EQ(names("t") + "|" + names("t/d"), "a b.o d|c.o");
}

TEST_F(Update, UpdatesOnlyWhatAListHas) {
  make("f s/a/f 1\n f s/a/g 1\n f s/b 1\n f t/a/gone 1\n f t/c 1");
  std::ofstream(scratch / "list") << "a/f\na/gone\n";
  expect(run({"-v", "-j1", "--delete", "--preserve=none", "--from-file", "list", "s", "t"}), 0,
         "copied \"s/a/f\"\ndeleted \"t/a/gone\"\n");
  EXPECT_EQ(names("t") + "|" + names("t/a"), "a c|f");
}

TEST_F(Update, TellsWhichListedPathsAreInNoneOfTheTrees) {
  make("f s/a 1\n f t/a 1\n f t/mine 1\n f o/old 1");
  std::ofstream(scratch / "list") << "a\nmine\nd/none\nold\n";
  const std::string none = "afio-update: cannot update \"s/d/none\": No such file or directory\n";
  const std::string old = "afio-update: cannot update \"s/old\": No such file or directory\n";
  expect(run({"-j1", "--from-file", "list", "s", "t"}), 1, "", none + old);
  expect(run({"-j1", "--from-file", "list", "--base", "o", "s", "t"}), 1, "", none);
  const std::string mine = "afio-update: cannot update \"s/mine\": No such file or directory\n";
  expect(run({"-j1", "--from-file", "list", "s", "new"}), 1, "", none + mine + old);
  EXPECT_EQ(names("new"), "a");
  EXPECT_EQ(names("t"), "a mine");
}

TEST_F(Update, RenamesFilesThatHaveMoved) {
  make("f s/old 5000\n d s/d");
  expect(run({"s", "t"}), 0, "");
  const auto inode = tree("t").entries.at("old").inode;
  fs::rename(scratch / "s/old", scratch / "s/d/new");
  const auto plan = run({"-n", "-j1", "--delete", "--detect-moves", "s", "t"});
  EXPECT_NE(plan.output.find("would move \"t/old\" to \"t/d/new\"\n"), std::string::npos)
      << plan.output;
  EXPECT_EQ(run({"-v", "-j1", "--delete", "--detect-moves", "s", "t"}).output,
            done_in(plan.output));
  EXPECT_EQ(tree("t").entries.at("d/new").inode, inode);
  EXPECT_TRUE(equal("s", "t"));
}

TEST_F(Update, BringsTheChangesSinceABase) {
  make("f o/mine 1\n f o/theirs 1\n f o/both 1\n f o/gone 1");
  for (const char* copy : {"s", "t"}) expect(run({"o", copy}), 0, "");
  fs::remove(scratch / "s/gone");
  std::ofstream(scratch / "s/theirs") << "their change";
  std::ofstream(scratch / "t/mine") << "my change";
  const arguments merge{"-v", "-j1", "--base", "o", "s", "t"};
  expect(run(merge), 0, "deleted \"t/gone\"\nreplaced the namesake of \"s/theirs\"\n");
  EXPECT_EQ(tree("t").entries.at("mine").size, 9U);
  std::ofstream(scratch / "s/both") << "theirs";
  std::ofstream(scratch / "t/both") << "mine";
  const auto before = tree("t");
  const auto refused = run(merge);
  EXPECT_TRUE(refused.exited_with(3)) << describe(refused);
  EXPECT_EQ(refused.output,
            "conflict: \"both\": content (1 → 6 bytes, times); content (1 → 4 bytes, times)\n");
  EXPECT_EQ(refused.errors,
            "afio-update: nothing was changed: --conflict says what shall become of them\n");
  EXPECT_EQ(tree("t"), before);
  expect(run({"-q", "--base", "o", "--conflict=both", "s", "t"}), 0, "");
  EXPECT_EQ(names("t"), "both both.from-source mine theirs");
}

TEST_F(Update, RefusesTreesThatAreNotTwo) {
  make("f s/in/f 1\n f s/a 1");
  const auto before = tree("s");
  for (const auto& [from, to] :
       {std::pair("s", "s"), std::pair("s", "s/in"), std::pair("s/in", "s"), std::pair("s", "."),
        std::pair(".", "s"), std::pair("/", "s")}) {
    expect(run({"--delete", from, to}), 3, "",
           std::string("afio-update: cannot update \"") + to +
               "\": Refused: SRC and DST are one tree, or one lies in the other\n");
  }
  EXPECT_TRUE(run({"s", "s/new"}).exited_with(3));
  EXPECT_EQ(tree("s"), before);
}

TEST_F(Update, BeginsNothingWithoutTwoDirectories) {
  make("f s/a 1\n f f 1\n f t/mine 1\n l way -> t");
  const auto cannot = [](const std::string& what) { return "afio-update: cannot open " + what; };
  const std::string gone = "No such file or directory\n", no_directory = "Not a directory\n";
  const std::string symlink = "It is a symlink: name the directory that it leads to\n";
  expect(run({"--delete", "none", "t"}), 1, "", cannot("\"none\": ") + gone);
  expect(run({"--delete", "f", "t"}), 1, "", cannot("\"f\": ") + no_directory);
  expect(run({"--delete", "s", "f"}), 1, "", cannot("\"f\": ") + no_directory);
  expect(run({"--delete", "s", "way"}), 1, "", cannot("\"way\": ") + symlink);
  expect(run({"--delete", "s", "way/"}), 1, "", cannot("\"way/\": ") + symlink);
  // Unset variables of a script are not the working directory.
  expect(run({"--delete", "", "t"}), 1, "", cannot("\"\": ") + gone);
  expect(run({"--delete", "s", ""}), 1, "", cannot("\"\": ") + gone);
  expect(run({"--base", "", "s", "t"}), 1, "", cannot("\"\": ") + gone);
  expect(run({"--base", "s", "s", "none"}), 1, "", cannot("\"none\": ") + gone);
  EXPECT_EQ(names() + "|" + names("t"), "f s t way|mine");
}

TEST_F(Update, AnEmptyTargetIsNotTheWorkingDirectory) {
  make("f s/a 1\n f here/mine 1");
  const auto end = shell("cd here && exec \"$T\" --delete ../s \"$NONE\"");
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(names("here"), "mine");
}

TEST_F(Update, ContradictionsAreUsageErrors) {
  make("f s/a 1\n f t/mine 1");
  for (const arguments& command :
       {arguments{}, arguments{"s"}, arguments{"s", "t", "u"}, arguments{"--compare=sha", "s", "t"},
        arguments{"--delete", "--base", "s", "s", "t"}, arguments{"--conflict=both", "s", "t"},
        arguments{"--detect-moves", "s", "t"}, arguments{"--max-delete=-1", "s", "t"},
        arguments{"--exclude", "[", "s", "t"}, arguments{"--exclude-from", "none", "s", "t"}}) {
    const auto end = run(command);
    EXPECT_TRUE(end.exited_with(2)) << describe(end);
    EXPECT_EQ(end.output, "");
  }
  EXPECT_EQ(names("t"), "mine");
}

TEST_F(Update, WhatFailsIsNamedAndTheRestIsDone) {
  make("f s/a 1\n f s/b 1\n f t/a/in 1");
  expect(run({"s", "t"}), 1, "", "afio-update: cannot copy \"s/a\": Is a directory\n");
  EXPECT_EQ(names("t") + "|" + names("t/a"), "a b|in");
  const auto end = run({"--json", "-q", "s", "t"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(parse_flat_json(lines_of(end.output).back())->at("failures"), "1");
}

TEST_F(Update, NothingIsDeletedForADirectoryThatCannotBeRead) {
  make("f s/locked/f 1\n f s/g 1\n f t/locked/f 1\n f t/locked/x/y 1\n f t/gone 1");
  if (::geteuid() == 0) {
    for (const auto& entry : fs::recursive_directory_iterator(scratch))
      ASSERT_EQ(::lchown(entry.path().c_str(), nobody, nobody), 0);
  }
  fs::permissions(scratch / "s/locked", fs::perms::none);
  const auto end = run_as_nobody({"--delete", "--preserve=mode", "s", "t"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.errors, "afio-update: cannot open \"s/locked\": Permission denied\n");
  fs::permissions(scratch / "t/locked", fs::perms::owner_all);
  EXPECT_EQ(names("t") + "|" + names("t/locked"), "g locked|f x");
  EXPECT_TRUE(exists("t/locked/x/y"));
}

TEST_F(Update, HelpNamesItsExitCodes) {
  const std::string help = run({"--help"}).output;
  EXPECT_NE(help.find("3 refused"), std::string::npos);
  for (const auto& line : lines_of(help)) EXPECT_LE(line.size(), 80U) << line;
}

} // namespace
} // namespace afio::cli
