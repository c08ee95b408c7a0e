// An installation below a prefix in a scratch directory, and the installer that makes it.
#pragma once

#include "tests/support/content.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/subprocess.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace afio::packaging {

namespace fs = std::filesystem;

using testing::content_of;

class installation : public ::testing::Test {
protected:
  installation() { fs::create_directory(prefix); }

  /// What `./bazelw run -c opt //:install -- ARGUMENTS` runs, in any mode of compilation.
  testing::program installer(const std::vector<std::string>& arguments = {}) const {
    testing::program what{.arguments = {"./install", "--compilation-mode=opt",
                                        "--tree=packaging/tree.tar", prefix_option()}};
    what.arguments.insert(what.arguments.end(), arguments.begin(), arguments.end());
    return what;
  }

  testing::ending install(const std::vector<std::string>& arguments = {}) const {
    return testing::run(installer(arguments));
  }

  testing::program uninstaller() const { return {.arguments = {"./uninstall", prefix_option()}}; }

  testing::ending uninstall() const { return testing::run(uninstaller()); }

  /// With a PATH, and the package files of this prefix.
  testing::ending shell(const std::string& script) const {
    return testing::run({.arguments = {"/bin/sh", "-ec", script},
                         .environment = {std::string("PATH=") + std::getenv("PATH"),
                                         "PREFIX=" + prefix.string(), "CONSUMER=" + consumer,
                                         "PKG_CONFIG_PATH=" + (prefix / "lib/pkgconfig").string(),
                                         "CMAKE_PREFIX_PATH=" + prefix.string()},
                         .directory = scratch.path()},
                        std::chrono::minutes(3));
  }

  const testing::scratch_directory scratch;
  const fs::path prefix = scratch / "prefix";

private:
  std::string prefix_option() const { return "--prefix=" + prefix.string(); }

  const std::string consumer = fs::absolute("tests/packaging/consumer");
};

} // namespace afio::packaging
