// What is installed works, and goes again without a trace; what is somebody else's stays.
#include "cli/common/version.hpp"
#include "tests/packaging/installation.hpp"

#include <cerrno>
#include <fstream>
#include <regex>

#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace afio::packaging {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// In a new process: root may write anywhere, but for this. Takes no privilege. Zero, or the errno.
int minding_permissions() noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return errno;
  constexpr auto overriding = 1U << CAP_DAC_OVERRIDE;
  sets[0].effective &= ~overriding;
  sets[0].permitted &= ~overriding;
  sets[0].inheritable &= ~overriding;
  const bool done = ::syscall(SYS_capset, &header, sets) == 0 &&
                    // Else it had all capabilities again after execve.
                    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  return done ? 0 : errno;
}

class Install : public installation {
protected:
  void write(const std::string& name, std::string_view content) {
    fs::create_directories((prefix / name).parent_path());
    std::ofstream(prefix / name) << content;
  }

  testing::manifest contents() const { return testing::manifest(prefix); }
};

TEST_F(Install, HasToolsThatTellTheVersion) {
  ASSERT_TRUE(install().exited_with(0));
  std::size_t tools = 0;
  for (const auto& tool : fs::directory_iterator(prefix / "bin")) {
    const auto end = testing::run({.arguments = {tool.path(), "--version"}});
    EXPECT_EQ(end.output, tool.path().filename().string() + ' ' + cli::version + '\n');
    EXPECT_TRUE(fs::exists(prefix / "share/man/man1" / (tool.path().filename().string() + ".1")));
    ++tools;
  }
  EXPECT_EQ(tools, 10U);
}

TEST_F(Install, HasThePagesThatHelpRefersTo) {
  ASSERT_TRUE(install().exited_with(0));
  for (const auto& tool : fs::directory_iterator(prefix / "bin")) {
    const std::string help = testing::run({.arguments = {tool.path(), "--help"}}).output;
    const auto at = help.find("docs/guide/");
    ASSERT_NE(at, help.npos) << tool;
    const std::string page = help.substr(at, help.find(".md", at) + 3 - at);
    EXPECT_TRUE(fs::exists(prefix / "share/doc/afio" / page)) << page;
  }
}

/// Manuals are elsewhere, and what is not in docs/ is in the sources only.
TEST_F(Install, HasThePagesThatItsPagesLinkTo) {
  ASSERT_TRUE(install().exited_with(0));
  const fs::path docs = prefix / "share/doc/afio/docs";
  const std::regex link(R"(\]\(([^)#: ]+)[)#])");
  std::size_t links = 0;
  for (const auto& page : fs::recursive_directory_iterator(docs)) {
    if (page.path().extension() != ".md") continue;
    const std::string text = content_of(page);
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
      const fs::path target = (page.path().parent_path() / (*at)[1].str()).lexically_normal();
      const std::string below = target.lexically_relative(docs);
      if (below.starts_with("..") || below.starts_with("man/")) continue;
      EXPECT_TRUE(fs::exists(target)) << page << " links to " << below;
      ++links;
    }
  }
  EXPECT_GT(links, 100U);
}

TEST_F(Install, SaysThatToolsAreNotFoundByName) {
  EXPECT_THAT(install().output, HasSubstr("export PATH=" + (prefix / "bin").string() + ":$PATH"));
  auto again = installer();
  again.arguments.insert(
      again.arguments.begin(),
      {"/usr/bin/env", "PATH=" + (prefix / "bin").string() + ':' + std::getenv("PATH")});
  EXPECT_THAT(testing::run(again).output, Not(HasSubstr("PATH")));
}

TEST_F(Install, IsFoundByPkgConfig) {
  ASSERT_TRUE(install().exited_with(0));
  const auto end = shell(R"(
    mkdir -p tree/a/b
    pkg-config --modversion afio
    g++ -std=c++20 -o consumer "$CONSUMER/main.cpp" $(pkg-config --cflags --libs afio)
    ./consumer tree
  )");
  EXPECT_EQ(end.output, std::string(cli::version) + "\ntree: 3 deleted\n") << describe(end);
}

TEST_F(Install, IsFoundByCMake) {
  ASSERT_TRUE(install().exited_with(0));
  const auto end = shell(R"(
    mkdir -p tree/a/b
    cmake -S "$CONSUMER" -B build -DVERSION=)" +
                         std::string(cli::version) + R"( -Werror=dev >log
    cmake --build build >>log
    build/consumer tree
  )");
  EXPECT_EQ(end.output, "tree: 3 deleted\n") << describe(end);
}

TEST_F(Install, OfAnotherVersionIsNotWhatCMakeLooksFor) {
  ASSERT_TRUE(install().exited_with(0));
  for (const char* version : {"99", "0.0"}) {
    const auto end = shell(R"(cmake -S "$CONSUMER" -B build -DVERSION=)" + std::string(version));
    EXPECT_FALSE(end.exited_with(0));
    EXPECT_THAT(end.errors, HasSubstr("not accepted"));
  }
}

TEST_F(Install, HasHeadersThatNeedNoOthers) {
  ASSERT_TRUE(install().exited_with(0));
  const auto end = shell(R"(
    cd "$PREFIX/include/afio"
    find . -name '*.hpp' | sed 's/.*/#include "&"/' >all.cpp
    g++ -std=c++20 -fsyntax-only -I. all.cpp
  )");
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
}

TEST_F(Install, IsListedAsSha256sumWouldListIt) {
  ASSERT_TRUE(install().exited_with(0));
  const auto end = shell(R"(cd "$PREFIX"; sha256sum --quiet --check share/afio/installed)");
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
}

TEST_F(Install, IsUndoneByUninstall) {
  ASSERT_TRUE(install().exited_with(0));
  const auto end = uninstall();
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_TRUE(fs::is_empty(prefix));
}

TEST_F(Install, IsUndoneWithoutWhatIsSomebodyElses) {
  write("bin/other", "x");
  write("share/man/man1/other.1", "x");
  const auto before = contents();
  ASSERT_TRUE(install().exited_with(0));
  write("include/afio/other.hpp", "x");
  EXPECT_TRUE(uninstall().exited_with(0));
  EXPECT_TRUE(fs::remove(prefix / "include/afio/other.hpp"));
  EXPECT_TRUE(fs::remove(prefix / "include/afio"));
  EXPECT_TRUE(fs::remove(prefix / "include"));
  EXPECT_EQ(contents(), before);
}

TEST_F(Install, DoesNothingWhereAFileOfSomebodyElseIs) {
  write("share/man/man1/afio-update.1", "x");
  const auto before = contents();
  const auto end = install();
  EXPECT_TRUE(end.exited_with(2));
  EXPECT_THAT(end.errors, HasSubstr((prefix / "share/man/man1/afio-update.1").string()));
  EXPECT_EQ(contents(), before);
}

TEST_F(Install, LeavesAFileThatWasChangedSince) {
  ASSERT_TRUE(install().exited_with(0));
  write("share/doc/afio/LICENSE", "x");
  const auto end = uninstall();
  EXPECT_TRUE(end.exited_with(1));
  EXPECT_THAT(end.errors, HasSubstr((prefix / "share/doc/afio/LICENSE").string()));
  EXPECT_EQ(content_of(prefix / "share/doc/afio/LICENSE"), "x");
  EXPECT_FALSE(fs::exists(prefix / "bin"));
}

TEST_F(Install, FollowsNoLinks) {
  const fs::path outside = scratch / "outside";
  fs::create_directory(outside);
  fs::create_directory_symlink(outside, prefix / "share");
  const auto end = install();
  EXPECT_TRUE(end.exited_with(2));
  EXPECT_THAT(end.errors, HasSubstr((prefix / "share").string()));
  EXPECT_TRUE(fs::is_empty(outside));
}

TEST_F(Install, RemovesNothingThroughALink) {
  ASSERT_TRUE(install().exited_with(0));
  const fs::path outside = scratch / "outside";
  fs::rename(prefix / "bin", outside);
  fs::create_directory_symlink(outside, prefix / "bin");
  const testing::manifest before(outside);
  EXPECT_TRUE(uninstall().exited_with(2));
  EXPECT_EQ(testing::manifest(outside), before);
}

TEST_F(Install, BelievesNoListThatLeadsOutside) {
  ASSERT_TRUE(install().exited_with(0));
  std::ofstream(scratch / "victim") << "x";
  const std::string digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
  for (const char* path : {"../victim", "bin/../../victim", "/victim"}) {
    std::ofstream(prefix / "share/afio/installed", std::ios::app) << digest << "  " << path << '\n';
    const auto end = uninstall();
    EXPECT_TRUE(end.exited_with(2));
    EXPECT_THAT(end.errors, HasSubstr("damaged"));
  }
  EXPECT_TRUE(fs::exists(scratch / "victim"));
  EXPECT_TRUE(fs::exists(prefix / "bin/afio-rmtree"));
}

TEST_F(Install, BelievesNoListThatIsNoText) {
  ASSERT_TRUE(install().exited_with(0));
  std::ofstream(prefix / "share/afio/installed") << "\xff\n";
  const auto end = uninstall();
  EXPECT_TRUE(end.exited_with(2)) << describe(end);
  EXPECT_THAT(end.errors, HasSubstr("uninstall: "));
  EXPECT_THAT(end.errors, HasSubstr("damaged: '\\udcff'"));
}

TEST_F(Install, ReplacesAnEarlierVersion) {
  ASSERT_TRUE(install().exited_with(0));
  const auto first = contents();
  // What a version had that this one has not, and another text of one file.
  const auto end = shell(R"(
    cd "$PREFIX"
    mkdir share/old
    echo old >share/old/file
    echo old >share/doc/afio/LICENSE
    sed -i '/LICENSE$/d' share/afio/installed
    echo '# made the directory share/old' >>share/afio/installed
    sha256sum share/old/file share/doc/afio/LICENSE >>share/afio/installed
  )");
  ASSERT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_TRUE(install().exited_with(0));
  EXPECT_FALSE(fs::exists(prefix / "share/old"));
  EXPECT_NE(content_of(prefix / "share/doc/afio/LICENSE"), "old\n");
  EXPECT_EQ(contents().entries.size(), first.entries.size());
  EXPECT_TRUE(uninstall().exited_with(0));
  EXPECT_TRUE(fs::is_empty(prefix));
}

TEST_F(Install, CanBeStartedWithoutBazel) {
  fs::copy_file("install", scratch / "install");
  fs::create_directory(scratch / "install.runfiles");
  fs::create_directory_symlink(fs::current_path(),
                               scratch / "install.runfiles" / fs::current_path().filename());
  // As in the sources, where people are when they start bazel-bin/install.
  fs::create_directory(scratch / "packaging");
  std::ofstream(scratch / "packaging/install.py") << "";
  auto what = installer({"--prefix=prefix"});
  what.arguments.insert(what.arguments.begin(), {"/usr/bin/env", "--unset=TEST_SRCDIR"});
  what.directory = scratch.path();
  const auto end = testing::run(what);
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_TRUE(fs::exists(prefix / "bin/afio-rmtree"));
}

TEST_F(Install, GoesBelowDestdir) {
  const auto end = install({"--destdir=" + (scratch / "root").string()});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_TRUE(fs::is_empty(prefix));
  EXPECT_TRUE(fs::exists((scratch / "root").string() + prefix.string() + "/bin/afio-rmtree"));
}

TEST_F(Install, SaysWhatToDoWhereItMayNotWrite) {
  fs::permissions(prefix, fs::perms(0555));
  testing::child running(installer(), minding_permissions);
  pollfd ended{running.ended_fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&ended, 1, 30'000), 1);
  running.drain();
  const auto end = running.reap();
  EXPECT_TRUE(end.exited_with(2)) << describe(end);
  EXPECT_THAT(end.errors, HasSubstr((prefix / "share").string() + ": Permission denied"));
  EXPECT_THAT(end.errors, HasSubstr("--prefix=$HOME/.local"));
  EXPECT_TRUE(fs::is_empty(prefix));
}

TEST_F(Install, RefusesABuildThatIsNotOptimized) {
  const auto end = install({"--compilation-mode=fastbuild"});
  EXPECT_TRUE(end.exited_with(2));
  EXPECT_THAT(end.errors, HasSubstr("./bazelw run -c opt //:install"));
  EXPECT_TRUE(fs::is_empty(prefix));
}

TEST_F(Install, TakesNoEmptyPrefixForTheWorkingDirectory) {
  const auto end = install({"--prefix="});
  EXPECT_TRUE(end.exited_with(2));
  EXPECT_THAT(end.errors, HasSubstr("--prefix is empty"));
}

TEST_F(Install, MustBeThereToBeRemoved) {
  const auto end = uninstall();
  EXPECT_TRUE(end.exited_with(2));
  EXPECT_THAT(end.errors, HasSubstr("nothing is installed in " + prefix.string()));
}

} // namespace
} // namespace afio::packaging
