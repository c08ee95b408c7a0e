// afio-rmtree: each option, and what the exit status says.
#include "tests/cli/tool.hpp"
#include "tests/support/unique_fd.hpp"

#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::cli {
namespace {

constexpr const char* tree = R"(
  f x/a/1 10
  f x/a/b/2 20
  d x/empty
  l x/link -> ../kept/file
  p x/fifo
  f kept/file 5
)";

class Rmtree : public tool {
protected:
  void expect(const testing::ending& end, int code, const std::string& output,
              const std::string& errors) {
    EXPECT_TRUE(end.exited_with(code)) << describe(end);
    EXPECT_EQ(end.output, output);
    EXPECT_EQ(end.errors, errors);
  }
};

// --------------------------------------------------------------------- a command and what it says

struct told {
  arguments command;
  int code;
  std::string errors;
  std::string left; ///< Names in the scratch directory.
  std::string output = {};
};

const std::string see = "afio-rmtree: see afio-rmtree --help\n";
const std::string dots = R"("." and ".." are not names (give the directory's own, or --contents))"
                         "\n";

TEST_F(Rmtree, SaysWhatItSays) {
  const std::string all = "kept x";
  const told cases[] = {
      {{"x"}, 0, "", "kept"},
      {{"-rf", "x"}, 0, "", "kept"},
      {{"-R", "-x", "--recursive", "--one-file-system", "x"}, 0, "", "kept"},
      {{"x///"}, 0, "", "kept"},
      {{"./x"}, 0, "", "kept"},
      {{"--", "x"}, 0, "", "kept"},
      {{"x/a", "x/empty/"}, 0, "", all},
      {{"x/link"}, 0, "", all},
      {{"x/fifo"}, 0, "", all},
      {{"x", "kept"}, 0, "", ""},
      {{"x", "-j1"}, 0, "", "kept"},
      {{"x", "-j", "1024"}, 0, "", "kept"},
      {{"x", "--threads=3"}, 0, "", "kept"},
      {{"--contents", "x"}, 0, "", all},
      {{"--hide", "x"}, 0, "", "kept"},
      {{"--all-or-nothing", "x"}, 0, "", "kept"},
      {{"--all-or-nothing", "x/a/1"}, 0, "", all},
      {{"--force-permissions", "--cross-mounts", "x"}, 0, "", "kept"},
      {{"--deadline=1h", "--retry=1ms", "--on-error=stop", "x"}, 0, "", "kept"},
      {{"--progress=never", "-q", "x"}, 0, "", "kept"},
      {{"--reap", "."}, 0, "", all},
      {{"-f"}, 0, "", all},
      {{"-f", "missing", "x"}, 0, "", "kept"},
      {{"--version"}, 0, "", all, "afio-rmtree 0.1.0\n"},

      {{"missing"}, 1, "afio-rmtree: cannot delete \"missing\": No such file or directory\n", all},
      {{"missing", "x"},
       1,
       "afio-rmtree: cannot delete \"missing\": No such file or directory\n",
       "kept"},
      {{""}, 1, "afio-rmtree: cannot delete \"\": No such file or directory\n", all},
      {{"--contents", ""}, 1, "afio-rmtree: cannot delete \"\": No such file or directory\n", all},
      {{"--reap", ""}, 1, "afio-rmtree: cannot delete \"\": No such file or directory\n", all},
      {{"-q", "missing"}, 1, "", all},
      {{"x/a/1/"}, 1, "afio-rmtree: cannot delete \"x/a/1/\": Not a directory\n", all},
      {{"x/link/"}, 1, "afio-rmtree: cannot delete \"x/link/\": Not a directory\n", all},
      {{"--contents", "x/a/1"}, 1, "afio-rmtree: cannot delete \"x/a/1\": Not a directory\n", all},
      {{"--reap", "missing"},
       1,
       "afio-rmtree: cannot delete \"missing\": No such file or directory\n",
       all},
      {{"--deadline", "0", "x"},
       1,
       "afio-rmtree: stopped by --deadline: 0 deleted, the rest is left\n",
       all},
      {{"--deadline", "0", "--hide", "x"},
       1,
       "afio-rmtree: stopped by --deadline: 0 deleted, the rest is left\n",
       all},
      {{"--on-error=stop", "missing", "x"},
       1,
       "afio-rmtree: cannot delete \"missing\": No such file or directory\n"
       "afio-rmtree: stopped by --on-error: 0 deleted, the rest is left\n",
       all},

      {{}, 2, "afio-rmtree: nothing to delete: name a PATH (see afio-rmtree --help)\n", all},
      {{"--nope", "x"},
       2,
       "afio-rmtree: the following argument was not expected: --nope\n" + see,
       all},
      {{"--\033[1m"},
       2,
       "afio-rmtree: the following argument was not expected: --\\x1b[1m\n" + see,
       all},
      {{"-j", "0", "x"}, 2, "afio-rmtree: --threads: Value 0 not in range 1 to 1024\n" + see, all},
      {{"-j1025", "x"},
       2,
       "afio-rmtree: --threads: Value 1025 not in range 1 to 1024\n" + see,
       all},
      {{"x", "--threads"}, 2, "afio-rmtree: --threads: 1 required N missing\n" + see, all},
      {{"--deadline", "soon", "x"},
       2,
       "afio-rmtree: --deadline: 'soon' is not a duration: write 90s, 1.5s, 250ms, 10m or 1h30m\n" +
           see,
       all},
      {{"--retry=-1s", "x"},
       2,
       "afio-rmtree: --retry: '-1s' is not a duration: write 90s, 1.5s, 250ms, 10m or 1h30m\n" +
           see,
       all},
      {{"--on-error=ask", "x"},
       2,
       "afio-rmtree: --on-error: ask not in {continue,stop}\n" + see,
       all},
      {{"--progress=maybe", "x"},
       2,
       "afio-rmtree: --progress: maybe not in {auto,always,never}\n" + see,
       all},
      {{"--hide", "--contents", "x"}, 2, "afio-rmtree: --contents excludes --hide\n" + see, all},
      {{"--all-or-nothing", "--contents", "x"},
       2,
       "afio-rmtree: --contents excludes --all-or-nothing\n" + see,
       all},
      {{"--all-or-nothing", "--hide", "x"},
       2,
       "afio-rmtree: --hide excludes --all-or-nothing\n" + see,
       all},
      {{"--json", "-0", "x"}, 2, "afio-rmtree: --json excludes --null\n" + see, all},
      {{"--log-file=none/log", "x"},
       2,
       "afio-rmtree: cannot open the log file \"none/log\": No such file or directory\n",
       all},
      {{"--log-file=x", "x"},
       2,
       "afio-rmtree: cannot open the log file \"x\": Is a directory\n",
       all},

      {{"."}, 3, "afio-rmtree: cannot delete \".\": Refused: " + dots, all},
      {{".."}, 3, "afio-rmtree: cannot delete \"..\": Refused: " + dots, all},
      {{"x/."}, 3, "afio-rmtree: cannot delete \"x/.\": Refused: " + dots, all},
      {{"x/a/../"}, 3, "afio-rmtree: cannot delete \"x/a/../\": Refused: " + dots, all},
      {{".", "missing", "x"},
       3,
       "afio-rmtree: cannot delete \".\": Refused: " + dots +
           "afio-rmtree: cannot delete \"missing\": No such file or directory\n",
       "kept"},
  };
  for (const told& each : cases) {
    testing::remove_by_force(scratch / "x");
    testing::remove_by_force(scratch / "kept");
    make(tree);
    SCOPED_TRACE(::testing::PrintToString(each.command));
    expect(run(each.command), each.code, each.output, each.errors);
    EXPECT_EQ(names(), each.left);
    // What a symlink in the tree points at is never touched.
    EXPECT_EQ(exists("kept/file"), each.left != "") << each.left;
  }
}

TEST_F(Rmtree, DeletesWhatIsNamedHoweverThatIsSpelled) {
  make("d 2024\n d [2024]\n d a\n d b\n d [a,b]\n d {}\n f ] 1");
  expect(run({"--", "[2024]", "[a,b]", "{}", "]"}), 0, "", "");
  EXPECT_EQ(names(), "2024 a b");
}

TEST_F(Rmtree, AnEmptyValueIsOneAndWhatFollowsHolds) {
  make("f x/a 1");
  expect(run({"--log-file=", "-n", "x"}), 2, "",
         "afio-rmtree: --log-file: the value is empty\n" + see);
  expect(run({"--log-file", "", "x"}), 2, "",
         "afio-rmtree: --log-file: the value is empty\n" + see);
  EXPECT_EQ(names(), "x");
}

TEST_F(Rmtree, ContentsKeepsTheDirectory) {
  make(tree);
  expect(run({"--contents", "x"}), 0, "", "");
  EXPECT_EQ(names("x"), "");
}

TEST_F(Rmtree, ContentsMayEmptyTheWorkingDirectory) {
  make(tree);
  expect(run({"--contents", "."}), 0, "", "");
  EXPECT_EQ(names(), "");
}

TEST_F(Rmtree, ContentsDoesNotFollowASymlink) {
  make("f kept/file 1\n l way -> kept");
  for (const char* path : {"way", "way/", "./way//"}) {
    const auto end = run({"--contents", path});
    EXPECT_TRUE(end.exited_with(1)) << describe(end);
    EXPECT_NE(end.errors.find("Too many levels of symbolic links"), std::string::npos);
  }
  EXPECT_TRUE(run({"--reap", "way"}).exited_with(1));
  EXPECT_EQ(names("kept"), "file");
}

TEST_F(Rmtree, RefusesWhatHoldsTheWorkingDirectory) {
  make("d x/in/side\n f x/file 1");
  const std::string why = "Refused: the working directory is in it (change to another one first)\n";
  expect(shell("cd x/in && exec \"$T\" ../../x"), 3, "",
         "afio-rmtree: cannot delete \"../../x\": " + why);
  expect(shell("cd x/in && exec \"$T\" \"$1\"", {scratch / "x"}), 3, "",
         "afio-rmtree: cannot delete \"" + (scratch / "x").string() + "\": " + why);
  expect(shell("cd x/in && exec \"$T\" --contents ../../x"), 3, "",
         "afio-rmtree: cannot delete \"../../x\": " + why);
  expect(shell("cd x/in/side && exec \"$T\" ../../../x/in/side"), 3, "",
         "afio-rmtree: cannot delete \"../../../x/in/side\": " + why);
  EXPECT_EQ(names("x"), "file in");
}

TEST_F(Rmtree, RefusesToStageWhatItHasLeftItself) {
  const std::string name = ".afio-00112233445566778899aabbccddeeff";
  make("f " + name + "/x 1");
  expect(run({"--all-or-nothing", name}), 3, "",
         "afio-rmtree: cannot delete \"" + name +
             "\": Refused: a killed run may have left it (--reap of its directory finishes it)\n");
  expect(run({name}), 0, "", "");
  EXPECT_EQ(names(), "");
}

TEST_F(Rmtree, ReapsOneDirectoryAnOption) {
  const std::string name = ".afio-00112233445566778899aabbccddeeff";
  make("f a/" + name + "/x 1\n f b/" + name + " 1\n f b/.afio-0 1\n f c/y 1");
  expect(run({"--reap", "a", "b", "c"}), 2, "",
         "afio-rmtree: --reap takes one DIR, and no PATH beside it: --reap a --reap b\n");
  EXPECT_EQ(names("a"), "*");
  expect(run({"--reap", "a", "--reap=b"}), 0, "", "");
  EXPECT_EQ(names() + "|" + names("a") + "|" + names("b"), "a b c||.afio-0");
}

TEST_F(Rmtree, DryRunDeletesNothing) {
  make(tree);
  const testing::manifest before(scratch);
  for (const char* how : {"-n", "--dry-run"}) {
    for (const char* what : {"--contents", "--hide", "--all-or-nothing", "--force-permissions"}) {
      const auto end = run({how, what, "x"});
      EXPECT_TRUE(end.exited_with(0)) << describe(end);
      EXPECT_NE(end.output.find("would delete \"x/a/b/2\"\n"), std::string::npos) << end.output;
    }
  }
  EXPECT_EQ(difference(before, testing::manifest(scratch)), "");
}

TEST_F(Rmtree, DryRunSaysWhatTheRunThenDoes) {
  make(tree);
  auto would = sorted_lines_of(run({"-n", "x"}).output);
  auto did = sorted_lines_of(run({"-v", "x"}).output);
  EXPECT_EQ(would.size(), 8U);
  for (std::string& line : would) line.replace(0, 13, "deleted ");
  EXPECT_EQ(would, did);
}

TEST_F(Rmtree, HelpFitsATerminal) {
  const auto end = run({"--help"});
  EXPECT_TRUE(end.exited_with(0));
  const auto lines = lines_of(end.output);
  EXPECT_LE(lines.size(), 40U);
  for (const auto& line : lines) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_EQ(end.output.find("\n\n\n"), std::string::npos);
  EXPECT_EQ(run({"-h"}).output, end.output);
}

// ------------------------------------------------------------------------------- depth and limits

/// Makes a chain of directories below the scratch directory, and returns the path of the deepest.
std::string make_chain(int from, unsigned depth, const std::string& name) {
  std::string path;
  int at = ::dup(from);
  for (unsigned i = 0; i < depth; ++i) {
    EXPECT_EQ(::mkdirat(at, name.c_str(), 0755), 0);
    const int next = ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::close(at);
    at = next;
    path += (path.empty() ? "" : "/") + name;
  }
  ::close(::openat(at, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ::close(at);
  return path;
}

TEST_F(Rmtree, GoesBeyondPathMax) {
  const testing::unique_fd here(::open(scratch.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string deepest = make_chain(here.get(), 40, std::string(200, 'd'));
  ASSERT_GT(deepest.size(), 4096U);
  expect(run({"-v", deepest + "/file"}), 0, "deleted \"" + deepest + "/file\"\n", "");
  expect(run({"-v", deepest + "/"}), 0, "deleted \"" + deepest + "\"\n", "");
  const auto end = run({"-v", deepest.substr(0, 200)});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_EQ(lines_of(end.output).size(), 39U);
  EXPECT_EQ(names(), "");
}

TEST_F(Rmtree, WorksWithSixteenDescriptors) {
  // The undefined behaviour sanitizer makes pipes to try whether memory can be read.
  const rlim_t sixteen = std::getenv("UBSAN_OPTIONS") != nullptr ? 64 : 16;
  const testing::unique_fd here(::open(scratch.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string way = make_chain(here.get(), 300, "d");
  for (const char* how : {"-j1", "-j2", "--all-or-nothing", "--hide"}) {
    if (!exists("d")) make_chain(here.get(), 300, "d");
    auto what = program({how, "d"});
    what.limits = {{RLIMIT_NOFILE, sixteen}};
    const auto end = testing::run(what);
    EXPECT_TRUE(end.exited_with(0)) << how << ' ' << describe(end);
    EXPECT_EQ(names(), "");
  }
}

} // namespace
} // namespace afio::cli
