// afio-cptree: each option, and what the exit status says.
#include "tests/cli/tool.hpp"

#include <fstream>
#include <set>

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
  make("f t 1\n d d\n f f 1");
  const std::string name_it = "name the copy itself, not the directory to put it in)\n";
  const auto cannot = [](const std::string& what) { return "afio-cptree: cannot " + what; };
  expect(run({"s", "t"}), 2, "",
         cannot("create \"t\": It exists (--merge copies into it; ") + name_it);
  const std::string in_itself = "Refused: it is \"s\" itself, or lies in it\n";
  expect(run({"s", "s/a/new"}), 3, "", cannot("create \"s/a/new\": ") + in_itself);
  expect(run({"--merge", "s", "s"}), 3, "", cannot("create \"s\": ") + in_itself);
  expect(run({".", "new"}), 3, "",
         cannot("create \"new\": Refused: it is \".\" itself, or lies in it\n"));
  expect(run({"/", "new"}), 3, "",
         cannot("copy \"/\": Refused: every DST lies in the root directory; copy what is "
                "in it, or see afio-clone\n"));
  for (const char* unnamed : {".", "..", "d/.", "d/..", "/"}) {
    expect(run({"s", unnamed}), 3, "",
           cannot("create \"") + unnamed + "\": Refused: it has no name of its own (" + name_it);
  }
  expect(run({"none", "new"}), 1, "", cannot("copy \"none\": No such file or directory\n"));
  expect(run({"s", "none/new"}), 1, "", cannot("create \"none/new\": No such file or directory\n"));
  expect(run({"s", "f/new"}), 1, "", cannot("create \"f/new\": Not a directory\n"));
  expect(run({"--merge", "s", "f"}), 1, "",
         cannot("create \"f\": It is not a directory, and SRC is\n"));
  expect(run({"--merge", "f", "d"}), 1, "",
         cannot("create \"d\": It is a directory, and SRC is not (") + name_it);
  EXPECT_EQ(run({"s"}).errors,
            "afio-cptree: DST is required\nafio-cptree: see afio-cptree --help\n");
  EXPECT_TRUE(run({"s"}).exited_with(2));
  EXPECT_TRUE(run({"--exclude", "[", "s", "new"}).exited_with(2));
  EXPECT_TRUE(run({"--exclude-from", "none", "s", "new"}).exited_with(2));
  EXPECT_EQ(names(), "d f s t");
}

TEST_F(Cptree, CopiesWhatIsCalledByDots) {
  make(tree);
  expect(run({"s/.", "t"}), 0, "", "");
  expect(run({"s/a/..", "u"}), 0, "", "");
  EXPECT_TRUE(equal("s", "t"));
  EXPECT_TRUE(equal("s", "u"));
}

TEST_F(Cptree, ContradictionsAreUsageErrors) {
  make(tree);
  const std::vector<std::pair<arguments, std::string>> wrong{
      {{"--absolute-links"}, "--absolute-links requires --link=symbolic"},
      {{"--absolute-links", "--link=hard"}, "--absolute-links requires --link=symbolic"},
      {{"--link=hard", "--verify"}, "--link makes no copies for --verify"},
      {{"--link=hard", "--reflink=always"}, "--link makes no copies for --reflink=always"},
      {{"--link=symbolic", "--sparse=always"}, "--link makes no copies for --sparse=always"},
      {{"--link=hard", "--fix-symlinks"}, "--link makes no copies of symlinks for --fix-symlinks"},
      {{"--link=hard", "--dereference=all"}, "--link makes no files for --dereference=hardlinks"},
      {{"--link=symbolic", "--dereference=symlinks"},
       "--link=symbolic leads through symlinks, --dereference=symlinks around them"},
      {{"--fix-symlinks", "--dereference=all"},
       "--dereference=symlinks leaves none for --fix-symlinks"},
      {{"--preserve=mode,links", "--dereference=hardlinks"},
       "--dereference=hardlinks leaves none for --preserve=links"}};
  for (auto [command, message] : wrong) {
    command.insert(command.end(), {"s", "t"});
    expect(run(command), 2, "", "afio-cptree: " + message + "\n");
  }
  EXPECT_TRUE(run({"--link=soft", "s", "t"}).exited_with(2));
  EXPECT_TRUE(run({"--dereference=none", "s", "t"}).exited_with(2));
  EXPECT_EQ(names(), "s");
}

TEST_F(Cptree, LinksInsteadOfCopies) {
  make(tree);
  expect(run({"--link=hard", "s", "hard"}), 0, "", "");
  expect(run({"--link=symbolic", "s", "soft"}), 0, "", "");
  expect(run({"--link", "symbolic", "--absolute-links", "s", "whole"}), 0, "", "");
  const auto file = testing::manifest(scratch / "s").entries.at("a/b/2").inode;
  EXPECT_EQ(testing::manifest(scratch / "hard").entries.at("a/b/2").inode, file);
  EXPECT_EQ(testing::manifest(scratch / "soft").entries.at("a/b/2").target, "../../../s/a/b/2");
  EXPECT_EQ(testing::manifest(scratch / "whole").entries.at("a/b/2").target,
            std::filesystem::canonical(scratch / "s/a/b/2"));
  const auto planned = run({"-n", "-j1", "--link=hard", "s", "new"});
  EXPECT_NE(planned.output.find("would link \"s/a/b/2\"\n"), std::string::npos) << planned.output;
  EXPECT_TRUE(run({"--link=hard", "--json", "s", "counted"}).output.find(R"("linked":4,)") !=
              std::string::npos);
}

TEST_F(Cptree, DereferencesWhatIsAsked) {
  make(tree);
  expect(run({"--dereference=hardlinks", "s", "parted"}), 0, "", "");
  expect(run({"--dereference=symlinks", "s", "followed"}), 0, "", "");
  expect(run({"--dereference=all", "s", "both"}), 0, "", "");
  const auto entry = [&](const char* copy, const char* name) {
    return testing::manifest(scratch / copy).entries.at(name);
  };
  EXPECT_EQ(entry("parted", "again").links, 1U);
  EXPECT_EQ(entry("parted", "link").type, 'l');
  EXPECT_EQ(entry("followed", "again").links, 2U);
  EXPECT_EQ(entry("followed", "link").type, 'f');
  EXPECT_EQ(entry("both", "again").links, 1U);
  EXPECT_EQ(entry("both", "link").content, entry("s", "a/1").content);
}

TEST_F(Cptree, TellsOfASymlinkThatIsFollowedWhatItLeadsTo) {
  make("f f 1\n d d\n l s/f -> ../f\n l s/d -> ../d");
  const auto lines = lines_of(run({"--json", "-j1", "--dereference=symlinks", "s", "t"}).output);
  const std::set<std::string> told(lines.begin(), lines.end());
  EXPECT_TRUE(told.contains(R"({"type":"created","path":"s/f","entry":"file"})"));
  EXPECT_TRUE(told.contains(R"({"type":"created","path":"s/d","entry":"directory"})"));
}

TEST_F(Cptree, SaysWhichSymlinksLeadNowhere) {
  make("f s/f 1\n l s/nowhere -> gone\n l s/round -> .\n l s/up -> ..");
  const auto end = run({"-j1", "--dereference=symlinks", "s", "t"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  for (const char* line :
       {"afio-cptree: cannot copy \"s/nowhere\": No such file or directory\n",
        "afio-cptree: cannot copy \"s/round\": Too many levels of symbolic links\n",
        "afio-cptree: cannot copy \"s/up\": Refused by a safety rule (it holds the copy, or is in "
        "it)\n"}) {
    EXPECT_NE(end.errors.find(line), std::string::npos) << end.errors;
  }
  EXPECT_EQ(names("t"), "f");
}

TEST_F(Cptree, FixesSymlinks) {
  make("f s/f 1\n l s/d/in -> ../../s/f\n l s/d/out -> ../../beside\n d x/y");
  expect(run({"--fix-symlinks", "s", "x/y/t"}), 0, "", "");
  EXPECT_EQ(testing::manifest(scratch / "x/y/t").entries.at("d/in").target, "../f");
  EXPECT_EQ(testing::manifest(scratch / "x/y/t").entries.at("d/out").target, "../../../../beside");
}

TEST_F(Cptree, NamesWhatAListHasAndTheSourceHasNot) {
  make(tree);
  std::ofstream(scratch / "list") << "a/b/2\na/gone\na\nlink/x\nempty/\n./none\n.\n";
  const std::string told = "afio-cptree: cannot copy \"s/a/gone\": No such file or directory\n"
                           "afio-cptree: cannot copy \"s/link/x\": Not a directory\n"
                           "afio-cptree: cannot copy \"s/none\": No such file or directory\n";
  expect(run({"--from-file", "list", "--all-or-nothing", "s", "t"}), 1, "", told);
  EXPECT_FALSE(exists("t"));
  expect(run({"--from-file", "list", "s", "t"}), 1, "", told);
  EXPECT_TRUE(exists("t/a/b/2"));
  const auto summary = lines_of(run({"-n", "--json", "--from-file", "list", "s", "u"}).output);
  EXPECT_NE(summary.back().find(R"("failures":3,)"), std::string::npos) << summary.back();
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
  EXPECT_NE(end.output.find("replaced the namesake of \"s/a/b/2\"\n"), std::string::npos)
      << end.output;
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
