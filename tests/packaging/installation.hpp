// An installation below a prefix in a scratch directory, and the installer that makes it.
#pragma once

#include "tests/support/scratch.hpp"
#include "tests/support/subprocess.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace afio::packaging {

namespace fs = std::filesystem;

inline std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class installation : public ::testing::Test {
protected:
  installation() { fs::create_directory(prefix); }

  /// What `./bazelw run -c opt //:install -- ARGUMENTS` runs.
  testing::ending install(std::vector<std::string> arguments = {}) const {
    // These tests run in any mode of compilation.
    arguments.insert(arguments.begin(), {"./install", "--compilation-mode=opt", prefix_option()});
    return testing::run({.arguments = std::move(arguments)});
  }

  testing::ending uninstall() const {
    return testing::run({.arguments = {"./uninstall", prefix_option()}});
  }

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
