// Installing and uninstalling are killed at each of their calls: whatever is there then is in the
// list of what is installed, whole, and the next run makes all well.
#include "afio/random_name.hpp"
#include "tests/packaging/installation.hpp"
#include "tests/support/supervisor.hpp"

#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <set>

#include <signal.h>

namespace afio::packaging {
namespace {

using testing::program;

constexpr const char* list = "share/afio/installed";

class Kills : public installation {
protected:
  void SetUp() override {
    if (const auto why = testing::no_supervision(); !why.empty()) GTEST_SKIP() << why;
    // Few files: with each of hundreds the same is done.
    const auto end = shell(R"(
      for version in old new; do
        mkdir -p $version/bin $version/include/afio/$version
        echo $version | tee $version/bin/afio-x >$version/include/afio/$version/a.hpp
        cd $version && find . -type f -printf '%P\n' | tar -cf ../$version.tar -T - && cd ..
      done
    )");
    ASSERT_TRUE(end.exited_with(0)) << describe(end);
    ASSERT_TRUE(install({tree("old")}).exited_with(0));
    std::ofstream(prefix / "bin/other") << "other\n";
    fs::rename(prefix, scratch / "before");
  }

  std::string tree(const std::string& version) const {
    return "--tree=" + (scratch / (version + ".tar")).string();
  }

  program naive(const std::string& script) const {
    return {.arguments = {"/bin/sh", "-ec", script, prefix}, .directory = scratch.path()};
  }

  /// Paths of files below the prefix but for what is in the documentation: temporary ones.
  std::set<std::string> files() const {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(prefix)) {
      if (!entry.is_directory() && !is_random_name(entry.path().filename().native()))
        found.insert(entry.path().lexically_relative(prefix));
    }
    return found;
  }

  std::string damage() const {
    std::string text;
    const std::string listed = content_of(prefix / list);
    if (content_of(prefix / "bin/other") != "other\n") text += "what is somebody else's is gone\n";
    for (const std::string& path : files()) {
      if (path == "bin/other" || path == list) continue;
      const std::string content = content_of(prefix / path);
      if (content != "old\n" && content != "new\n") text += path + " is half done\n";
      if (listed.find("  " + path + "\n") == listed.npos) text += path + " is in no list\n";
    }
    return text;
  }

  /// Kills `what` at each of its calls. Of how many kills `wrong` finds something, which is
  /// printed.
  std::uint64_t harmful(const program& what, const std::function<std::string()>& wrong) {
    std::uint64_t harm = 0;
    for (std::uint64_t number = 1;; ++number) {
      fs::remove_all(prefix);
      fs::copy(scratch / "before", prefix, fs::copy_options::recursive);
      const auto run = testing::supervise(what,
                                          [&](const testing::stop& here) {
                                            return here.ordinal == number
                                                       ? testing::action::kill()
                                                       : testing::action::continue_it();
                                          },
                                          {.count_from = prefix.native()});
      if (!run.killed_at) {
        EXPECT_TRUE(run.exited_with(0)) << describe(run);
        EXPECT_GT(number, 20U) << "there was nothing to be killed at";
        std::cout << number - 1 << " kills, " << harm << " harmful\n";
        return harm;
      }
      EXPECT_EQ(run.signal, SIGKILL);
      const std::string found = wrong();
      if (found.empty()) continue;
      if (++harm <= 3) std::cout << "killed at call " << number << ":\n" << found;
    }
  }
};

TEST_F(Kills, OfInstallAreMadeGoodByTheNext) {
  const auto wrong = [&] {
    std::string text = damage();
    const auto again = install({tree("new")});
    if (!again.exited_with(0)) text += "the next one: " + describe(again);
    const std::set<std::string> all{"bin/afio-x", "bin/other", "include/afio/new/a.hpp", list};
    if (files() != all || content_of(prefix / "bin/afio-x") != "new\n")
      text += "the next one was not complete\n";
    const auto gone = uninstall();
    if (!gone.exited_with(0)) text += "uninstall: " + describe(gone);
    if (files() != std::set<std::string>{"bin/other"}) text += "uninstall left files\n";
    return text;
  };
  EXPECT_EQ(harmful(installer({tree("new")}), wrong), 0U);
}

TEST_F(Kills, OfUninstallAreMadeGoodByTheNext) {
  const auto wrong = [&] {
    std::string text = damage();
    const bool any = fs::exists(prefix / list);
    const auto again = uninstall();
    if (!again.exited_with(any ? 0 : 2)) text += "the next one: " + describe(again);
    if (files() != std::set<std::string>{"bin/other"}) text += "the next one left files\n";
    return text;
  };
  EXPECT_EQ(harmful(uninstaller(), wrong), 0U);
}

TEST_F(Kills, HarmWhatIsNotWrittenForThem) {
  const auto wrong = [&] { return damage(); };
  EXPECT_GT(harmful(naive(R"(
    tar -xf new.tar -C "$0"
    cd "$0"
    sha256sum bin/afio-x include/afio/new/a.hpp >share/afio/installed
    rm include/afio/old/a.hpp
  )"),
                    wrong),
            0U);
  EXPECT_GT(harmful(naive(R"(
    cd "$0"
    names=$(sed '/^#/d; s/^[^ ]*  //' share/afio/installed)
    rm share/afio/installed
    rm -- $names
  )"),
                    wrong),
            0U);
}

} // namespace
} // namespace afio::packaging
