// afio-clone: each option, what people and scripts are told, and what the exit status says.
#include "tests/cli/tool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::cli {
namespace {

namespace fs = std::filesystem;

const std::string when = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)";

class Clone : public tool {
protected:
  Clone() : tool("afio-clone") { fs::create_directory(scratch / "backup"); }

  void expect(const testing::ending& end, int code, const std::string& output,
              const std::string& errors) {
    EXPECT_TRUE(end.exited_with(code)) << describe(end);
    EXPECT_EQ(end.output, output);
    EXPECT_EQ(end.errors, errors);
  }

  /// The same with a pattern of the output.
  void expect_like(const testing::ending& end, int code, const std::string& output) {
    EXPECT_TRUE(end.exited_with(code)) << describe(end);
    EXPECT_TRUE(std::regex_match(end.output, std::regex(output))) << end.output;
    EXPECT_EQ(end.errors, "");
  }

  testing::ending run_series(arguments more = {}) {
    more.insert(more.begin(), {"--series", "backup"});
    more.push_back("s");
    return run(more);
  }

  /// Names of the clones in the series, sorted.
  std::vector<std::string> clones() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(scratch / "backup")) {
      const std::string name = entry.path().filename();
      if (!name.starts_with('.')) found.push_back(name);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  ino_t inode(const std::string& name) const {
    struct stat s {};

    EXPECT_EQ(::lstat((scratch / name).c_str(), &s), 0) << name;
    return s.st_ino;
  }
};

// -------------------------------------------------------------------------------------- one clone

TEST_F(Clone, OfOneNameSharesWithWhatItIsTold) {
  make("f s/d/f 10\n f s/g 5000");
  expect(run({"s", "n1"}), 0, "", "");
  make("f s/new 1");
  expect(run({"s/", "--since", "n1/", "n2/", "-v", "-j1"}), 0,
         "copied \"s/d\"\nlinked \"s/g\"\ncopied \"s/new\"\nlinked \"s/d/f\"\ncopied \"s\"\n", "");
  EXPECT_EQ(inode("n1/g"), inode("n2/g"));
  EXPECT_EQ(names("n2"), "d g new");
  expect(run({"s", "--since=n1", "--share=reflink", "n3"}), 0, "", "");
  EXPECT_NE(inode("n1/g"), inode("n3/g"));
  expect(run({"s", "--since=n1", "--share=hard", "n4"}), 0, "", "");
  EXPECT_EQ(inode("n1/g"), inode("n4/g"));
}

TEST_F(Clone, FollowsASymlinkToItsSourceAndToThePreviousOne) {
  make("f s/f 10\n l link -> s");
  expect(run({"link", "n1"}), 0, "", "");
  make("l latest -> n1");
  expect(run({"link", "n2", "--since", "latest"}), 0, "", "");
  EXPECT_EQ(inode("n1/f"), inode("n2/f"));
  EXPECT_EQ(names("n1"), "f");
}

TEST_F(Clone, ComparesAsItIsTold) {
  make("f s/f 10");
  expect(run({"s", "n1"}), 0, "", "");
  const auto time = fs::last_write_time(scratch / "s/f");
  std::ofstream(scratch / "s/f") << "0123456789";
  fs::last_write_time(scratch / "s/f", time);
  expect(run({"s", "--since=n1", "quick"}), 0, "", "");
  EXPECT_EQ(inode("n1/f"), inode("quick/f"));
  expect(run({"s", "--since=n1", "--compare=content", "content"}), 0, "", "");
  EXPECT_NE(inode("n1/f"), inode("content/f"));
}

TEST_F(Clone, TakesAPathBehindAListForAPath) {
  make("f s/f 10");
  expect(run({"--preserve=mode,timestamps", "s", "n1"}), 0, "", "");
  expect(run({"--preserve", "mode,timestamps", "s", "n2"}), 0, "", "");
  EXPECT_EQ(names("n1") + names("n2"), "ff");
}

TEST_F(Clone, LeavesOutWhatItIsTold) {
  make("f s/a.o 10\n f s/a.c 5");
  expect(run({"--exclude", "*.o", "s", "n"}), 0, "", "");
  EXPECT_EQ(names("n"), "a.c");
  const auto listed = shell("printf 'a.o\\nnone\\n' | \"$T\" --from-file - s m");
  EXPECT_TRUE(listed.exited_with(1)) << describe(listed);
  EXPECT_EQ(names("m"), "a.o");
}

TEST_F(Clone, OfASeriesThatLacksWhatIsListedIsIncompleteAndNoneGoesForIt) {
  make("f s/alice/f 1\n f s/bob/f 1\n d b");
  const std::string again = "printf 'alice\\nbob\\n' | \"$T\" --series b --keep 1 --from-file - s";
  EXPECT_TRUE(shell(again).exited_with(0));
  const std::string first = names("b");
  fs::rename(scratch / "s/bob", scratch / "elsewhere");
  const auto second = shell(again);
  EXPECT_TRUE(second.exited_with(1)) << describe(second);
  EXPECT_TRUE(names("b").starts_with(first + ' ')) << names("b");
  EXPECT_TRUE(names("b").ends_with(".incomplete")) << names("b");
  EXPECT_TRUE(shell(again + " --on-error=stop").exited_with(1));
  EXPECT_EQ(std::count_if(fs::directory_iterator(scratch / "b"), fs::directory_iterator(),
                          [](const auto& e) { return e.is_directory(); }),
            2);
}

TEST_F(Clone, RefusesWhatItCannotMean) {
  make("f s/f 10\n d taken\n f file 1");
  const std::string see = "afio-clone: see afio-clone --help\n";
  expect(run({"s", "taken"}), 2, "",
         "afio-clone: cannot clone to \"taken\": It exists: a clone gets a new name\n");
  expect(run({"s", "s/new"}), 3, "",
         "afio-clone: cannot clone to \"s/new\": Refused: it is \"s\" itself, or lies in it "
         "(--exclude it, or name one on another file system)\n");
  expect(run({"s", ".."}), 3, "",
         "afio-clone: cannot create \"..\": Refused: it has no name of its own\n");
  expect(run({"none", "new"}), 1, "",
         "afio-clone: cannot clone \"none\": No such file or directory\n");
  expect(run({"file", "new"}), 1, "", "afio-clone: cannot clone \"file\": Not a directory\n");
  expect(run({"s", "new", "--since", "none"}), 1, "",
         "afio-clone: cannot open \"none\": No such file or directory\n");
  expect(run({"s", "new", "--since", ""}), 1, "",
         "afio-clone: cannot open \"\": No such file or directory\n");
  expect(run({}), 2, "", "afio-clone: SRC and NEW are required, or --series\n");
  expect(run({"s"}), 2, "", "afio-clone: SRC and NEW are required, or --series\n");
  expect(run({"s", "new", "--compare=index"}), 2, "",
         "afio-clone: --compare=index needs --series\n");
  expect(run({"s", "new", "--keep=3"}), 2, "", "afio-clone: --keep requires --series\n" + see);
  expect(run({"s", "new", "--wait=3"}), 2, "", "afio-clone: --wait requires --series\n" + see);
  EXPECT_TRUE(run({"s", "new", "--keep=-1", "--series", "backup"}).exited_with(2));
  EXPECT_TRUE(run({"s", "--keep=x", "--series", "backup"}).exited_with(2));
  expect(run({"s", "new", "--series", "backup"}), 2, "",
         "afio-clone: --series names the new clone itself: SRC alone\n");
  expect(run({"s", "--series", "backup", "--since", "s"}), 2, "",
         "afio-clone: --series finds the previous clone itself: no --since\n");
  expect(run({"--series", "backup"}), 2, "", "afio-clone: SRC is required\n");
  expect(run({"--series", "backup", "--list", "s"}), 2, "", "afio-clone: --list takes no SRC\n");
  expect(run({"--series", "backup", "--list", "--keep=1"}), 2, "",
         "afio-clone: --list deletes nothing: no --keep\n");
  EXPECT_EQ(names(), "backup file s taken");
  EXPECT_EQ(names("backup"), "");
}

// ---------------------------------------------------------------------------------------- a series

TEST_F(Clone, OfASeriesSaysWhatItMade) {
  make("f s/d/f 3000\n f s/g 2000");
  expect_like(run_series(), 0, when + ": 4 entries, 4.9 KiB new, 0 B shared\n");
  make("f s/new 100");
  expect_like(run_series(), 0, when + ": 5 entries, 100 B new, 4.9 KiB shared\n");
  ASSERT_EQ(clones().size(), 2U);
  EXPECT_EQ(inode("backup/" + clones()[0] + "/g"), inode("backup/" + clones()[1] + "/g"));
  expect(run_series({"-q"}), 0, "", "");
  EXPECT_EQ(clones().size(), 3U);
}

TEST_F(Clone, OfASeriesDeletesWhatIsSuperseded) {
  make("f s/f 1\n f backup/2020-01-01T00:00:00Z/f 1\n f backup/2020-02-01T00:00:00Z/f 1\n f "
       "backup/2020-02-02T00:00:00Z/f 1");
  const auto plan = run_series({"-n", "--keep-monthly=3", "--compare=quick"});
  expect_like(plan, 0,
              "would (copy|link) \"s/f\"\nwould copy \"s\"\nwould delete "
              "\"backup/2020-02-01T00:00:00Z\"\nwould make " +
                  when + ": 2 entries, .* would delete 1 older\n");
  EXPECT_EQ(clones().size(), 3U);
  expect_like(run_series({"--keep-monthly=3", "--compare=quick"}), 0,
              when + ": .* shared; deleted 1 older\n");
  EXPECT_EQ(clones().size(), 3U);
  EXPECT_FALSE(exists("backup/2020-02-01T00:00:00Z"));
  expect_like(run_series({"--keep=1", "--keep-daily=0", "--keep-weekly=0"}), 0,
              when + ": .* shared; deleted 3 older\n");
  EXPECT_EQ(clones().size(), 1U);
}

TEST_F(Clone, OfASeriesWaitsForAnotherRunIfAsked) {
  make("f s/f 1");
  const fs::path lock = scratch / "backup/.afio-series.lock";
  const int held = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(held, 0);

  struct flock whole {};

  whole.l_type = F_WRLCK;
  ASSERT_EQ(::fcntl(held, F_OFD_SETLK, &whole), 0);
  const std::string refused =
      "afio-clone: cannot clone into \"backup/\": Another run is at work there and holds its lock, "
      "\"backup/.afio-series.lock\"; nothing was done (--wait TIME waits for it)\n";
  expect(run({"--series", "backup/", "s"}), 2, "", refused);
  expect(run({"--series", "backup/", "s", "--wait=50ms"}), 2, "", refused);
  EXPECT_EQ(clones().size(), 0U);
  expect_like(run_series({"-n"}), 0, "(.|\n)*would make " + when + ".*\n");
  std::jthread ends([held] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    ::close(held);
  });
  expect_like(run_series({"--wait=30s"}), 0, when + ": .*\n");
}

TEST_F(Clone, OfASeriesTellsScripts) {
  make("f s/f 1000\n f backup/2020-01-01T00:00:00Z/g 1");
  const auto end = run_series({"--json", "--keep=1", "-j1"});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  const auto lines = lines_of(end.output);
  ASSERT_EQ(lines.size(), 4U) << end.output;
  EXPECT_EQ(lines[0], R"({"type":"created","path":"s/f","entry":"file"})");
  EXPECT_EQ(lines[1], R"({"type":"created","path":"s","entry":"directory"})");
  EXPECT_EQ(lines[2],
            R"({"type":"deleted","path":"backup/2020-01-01T00:00:00Z","entry":"directory"})");
  EXPECT_TRUE(std::regex_match(
      lines[3],
      std::regex(R"(\{"type":"summary","name":")" + when +
                 R"(","previous":"2020-01-01T00:00:00Z","created":2,"linked":0,"deleted":1,)" +
                 R"("entries":2,"shared":0,"bytes_shared":0,"reaped":0,"bytes":1000,)" +
                 R"("failures":0,"seconds":.*\})")))
      << lines[3];
}

TEST_F(Clone, OfASeriesSaysWhenItsIndexIsOfNoUse) {
  make("f s/f 1000");
  expect_like(run_series(), 0, ".*\n");
  std::ofstream(scratch / "backup/.afio-series.index") << "damaged";
  auto end = run_series();
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_EQ(end.errors, "afio-clone: the index of the series is damaged: files were compared by "
                        "their contents\n");
  fs::remove(scratch / "backup/.afio-series.index");
  end = run_series();
  EXPECT_EQ(end.errors, "afio-clone: the index of the series is missing: files were compared by "
                        "their contents\n");
  fs::remove(scratch / "backup/.afio-series.index");
  expect_like(run_series({"--compare=quick"}), 0, when + ": 2 entries, 0 B new, 1.0 KiB shared\n");
  expect_like(run_series({"--preserve=mode"}), 0, ".*\n");
  end = run_series();
  EXPECT_EQ(end.errors,
            "afio-clone: the index of the series is of clones that kept less: files were "
            "compared by their contents\n");
}

TEST_F(Clone, OfASeriesRefusesItsOwnSource) {
  make("f s/f 1\n d s/backup");
  expect(run({"--series", "s/backup", "s"}), 3, "",
         "afio-clone: cannot clone into \"s/backup\": Refused: it is \"s\" itself, or lies in it "
         "(--exclude it, or name one on another file system)\n");
  expect(run({"--series", "s", "s"}), 3, "",
         "afio-clone: cannot clone into \"s\": Refused: it is \"s\" itself, or lies in it "
         "(--exclude it, or name one on another file system)\n");
  expect(run({"--series", "none", "s"}), 1, "",
         "afio-clone: cannot open \"none\": No such file or directory\n");
  EXPECT_EQ(names("s/backup"), "");
}

TEST_F(Clone, WhatIsStoppedIsDeletedByTheNextRun) {
  make("f s/f 1\n f s/g 1");
  const auto end = run_series({"--deadline=0"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.output, "");
  EXPECT_EQ(end.errors,
            "afio-clone: stopped by --deadline\n"
            "afio-clone: nothing was published; the next run deletes what was cloned so far\n");
  EXPECT_EQ(names("backup"), "* .afio-series.lock");
  const auto next = run_series({"--json"});
  EXPECT_NE(next.output.find(R"("reaped":1,)"), std::string::npos) << next.output;
  EXPECT_EQ(clones().size(), 1U);
}

TEST_F(Clone, ThatWasEndedEarlyIsNoneOfWhichAllButWhatKeepsChangingIsDone) {
  make("f s/f 1");
  const fs::path busy = scratch / "s/busy";
  std::ofstream(busy) << std::string(64 << 20, 'x'); // Reading it takes its time.
  const std::jthread writes([&](const std::stop_token& stop) {
    std::ofstream more(busy, std::ios::app);
    while (!stop.stop_requested()) more << 'x' << std::flush;
  });
  const std::string told =
      "afio-clone: cannot copy \"s/busy\": It kept changing while it was read\n";
  expect(run({"-j1", "--retry=0", "s", "finished"}), 4, "", told);
  EXPECT_EQ(names("finished"), "f");
  const auto ended = run({"-j1", "--retry=0", "--on-error=stop", "s", "ended"});
  EXPECT_TRUE(ended.exited_with(1)) << describe(ended);
  EXPECT_TRUE(ended.errors.starts_with(told + "afio-clone: stopped by --on-error\n"))
      << ended.errors;
  EXPECT_FALSE(exists("ended"));
}

// ---------------------------------------------------------------------------------------- the list

TEST_F(Clone, MayLieInItsSourceWhereItIsExcluded) {
  make("f s/a 1\n f s/d/b 1\n d s/d/backup");
  const arguments nightly{"-q", "--series", "s/d/backup", "--exclude=/d/backup", "s"};
  expect(run(nightly), 0, "", "");
  expect(run(nightly), 0, "", "");
  const std::string made = names("s/d/backup");
  EXPECT_EQ(std::count(made.begin(), made.end(), 'Z'), 2) << made;
  expect(run({"--exclude=/d/backup", "s", "s/d/backup/new"}), 0, "", "");
  EXPECT_EQ(names("s/d/backup/new") + "|" + names("s/d/backup/new/d"), "a d|b");
  EXPECT_TRUE(run({"--exclude=/d/back", "s", "s/d/backup/other"}).exited_with(3));
  EXPECT_TRUE(run({"--exclude=/d", "s", "s"}).exited_with(2));
  EXPECT_TRUE(run({"--exclude=/d", "s", "s/other"}).exited_with(3));
}

TEST_F(Clone, OfTheRootDirectoryIsMadeLikeAnyOther) {
  make("f s/a 1\n f s/b 2\n d in");
  // Nothing but what is listed is looked at.
  const std::string here = scratch.string().substr(1);
  const arguments only{"-n",          "-v",  "-j1", "--deadline=20s", "--cross-mounts",
                       "--from-file", "list"};
  const auto with = [&](std::initializer_list<const char*> more) {
    arguments all = only;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  std::ofstream(scratch / "list") << here + "/s/a\n";
  const auto planned = run(with({"/", "in/new"}));
  EXPECT_TRUE(planned.exited_with(0)) << describe(planned);
  EXPECT_NE(planned.output.find("would copy \"/" + here + "/s/a\"\n"), std::string::npos);
  EXPECT_EQ(planned.output.find("/s/b"), std::string::npos);
  std::ofstream(scratch / "list") << here + "/s/a\n" << here + "/in\n";
  const auto refused = run(with({"/", "in/new"}));
  EXPECT_TRUE(refused.exited_with(3)) << describe(refused);
  EXPECT_EQ(names("in"), "");
}

TEST_F(Clone, ListsWhatEachTakesAndGivesBack) {
  make("f backup/2020-01-01T00:00:00Z/a 40960\n f backup/2020-01-01T00:00:00Z/b 8192\n d "
       "backup/2021-01-01T00:00:00Z.incomplete\n h backup/2021-01-01T00:00:00Z.incomplete/a = "
       "backup/2020-01-01T00:00:00Z/a\n d backup/other\n f backup/2022-01-01T00:00:00Z 1");
  const auto json = run({"--series", "backup", "--list", "--json"});
  EXPECT_TRUE(json.exited_with(0)) << describe(json);
  const auto lines = lines_of(json.output);
  ASSERT_EQ(lines.size(), 3U) << json.output;
  // Directories take what the file system gives them.
  EXPECT_TRUE(std::regex_match(
      lines[0],
      std::regex(R"(\{"type":"clone","name":"2020-01-01T00:00:00Z","complete":true,"entries":3,)"
                 R"("bytes":49152,"bytes_new":49152,"reclaimable":\d+\})")))
      << lines[0];
  EXPECT_TRUE(lines[1].starts_with(
      R"({"type":"clone","name":"2021-01-01T00:00:00Z.incomplete","complete":false,"entries":2,"bytes":40960,"bytes_new":0,"reclaimable":)"))
      << lines[1];
  EXPECT_TRUE(lines[2].starts_with(R"({"type":"summary","clones":2,"failures":0,"seconds":)"));
  const auto text = run({"--series=backup", "--list"});
  expect_like(text, 0,
              "2020-01-01T00:00:00Z         3 entries   48 KiB   48 KiB new +\\S+ \\w+ of its own\n"
              "2021-01-01T00:00:00Z.incomplete         2 entries   40 KiB      0 B new +\\S+ \\w+ "
              "of its own\n");
  expect(run({"--series=backup", "--list", "-0"}), 0,
         std::string("2020-01-01T00:00:00Z\0002021-01-01T00:00:00Z.incomplete\0", 53), "");
  expect(run({"--series=backup/other", "--list"}), 0, "",
         "afio-clone: \"backup/other\" holds no clone of a series\n");
  expect(run({"--series=none", "--list"}), 1, "",
         "afio-clone: cannot list \"none\": No such file or directory\n");
  EXPECT_FALSE(exists("backup/.afio-series.lock")) << "a look changes nothing";
}

TEST_F(Clone, ReportsASeriesAsOnePage) {
  make("f a<b>/2020-01-01T00:00:00Z/a 40960\n f a<b>/2020-01-01T00:00:00Z/b 8192\n f "
       "a<b>/2020-01-02T00:00:00Z/c 2048\n h a<b>/2020-01-02T00:00:00Z/a = "
       "a<b>/2020-01-01T00:00:00Z/a");
  const auto page = run({"--series", "a<b>", "--report", "html"});
  EXPECT_TRUE(page.exited_with(0)) << describe(page);
  EXPECT_TRUE(page.output.starts_with("<!DOCTYPE html>\n")) << page.output;
  EXPECT_TRUE(page.output.ends_with("</html>\n"));
  const auto has = [&](std::string_view text) {
    return page.output.find(text) != page.output.npos;
  };
  EXPECT_TRUE(has("a&lt;b&gt;")) << "a name is a name, not a tag";
  EXPECT_FALSE(has("a<b>"));
  EXPECT_TRUE(has("<title>2020-01-02T00:00:00Z: 42 KiB, of which 2.0 KiB new</title>"));
  EXPECT_TRUE(has("<td>2020-01-02T00:00:00Z</td><td>3</td><td>42 KiB</td><td>40 KiB</td>"
                  "<td>2.0 KiB</td>"));
  EXPECT_TRUE(has("Copies without sharing would have <b>90 KiB</b>; these have <b>50 KiB</b>"));
  EXPECT_FALSE(has("src=") || has("href=") || has("url(")) << "it loads nothing";
  const auto none = run({"--series", ".", "--report=html"});
  EXPECT_TRUE(none.exited_with(0)) << describe(none);
  EXPECT_NE(none.output.find("There is no clone in it"), none.output.npos);
  expect(run({"--series=.", "--report=html", "--list"}), 2, "",
         "afio-clone: --list prints lines and --report a page: one of them\n");
  expect(run({"--series=.", "--report=html", "--json"}), 2, "",
         "afio-clone: --report prints a page: no --json, no -0\n");
  expect(run({"--series=.", "--report=html", "src"}), 2, "", "afio-clone: --report takes no SRC\n");
}

} // namespace
} // namespace afio::cli
