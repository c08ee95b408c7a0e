// The Debian packages are what Debian wants of them, and run without any other.
#include "cli/common/version.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/subprocess.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

namespace afio::packaging {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

testing::ending shell(const std::string& script) {
  return testing::run({.arguments = {"/bin/sh", "-c", script},
                       .environment = {std::string("PATH=") + std::getenv("PATH"), "LC_ALL=C"}},
                      std::chrono::minutes(3));
}

std::string dependencies_of(const std::string& package) {
  return shell("dpkg-deb --show --showformat='${Depends}' packaging/deb/" + package + "_*.deb")
      .output;
}

TEST(DebianPackages, AreNamedByTheirVersion) {
  std::set<std::string> names;
  for (const auto& file : fs::directory_iterator("packaging/deb"))
    names.insert(file.path().filename());
  const std::string end = '_' + std::string(cli::version) + '_' +
                          shell("printf %s $(dpkg --print-architecture)").output + ".deb";
  EXPECT_EQ(names, (std::set{"afio" + end, "libafio-dev" + end}));
}

TEST(DebianPackages, AreAsLintianWantsThem) {
  const auto end = shell("lintian --allow-root --fail-on=error,warning,info --display-info "
                         "packaging/deb/*.deb 2>&1");
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
}

TEST(DebianPackages, OfToolsNeedNoOthers) {
  EXPECT_EQ(dependencies_of("afio"), "");
  // A program that needs a shared library names an interpreter, which looks for it.
  const testing::scratch_directory scratch;
  const auto end =
      shell("dpkg-deb --extract packaging/deb/afio_*.deb " + scratch.path().string() +
            " && readelf --program-headers " + scratch.path().string() + "/usr/bin/afio-*");
  EXPECT_THAT(end.output, HasSubstr("/usr/bin/afio-rmtree")) << describe(end);
  EXPECT_THAT(end.output, Not(HasSubstr("INTERP")));
}

TEST(DebianPackages, OfTheLibraryNeedItsHeadersOnly) {
  EXPECT_THAT(dependencies_of("libafio-dev"), HasSubstr("libboost"));
  const auto end = shell("dpkg-deb --contents packaging/deb/libafio-dev_*.deb");
  EXPECT_THAT(end.output, HasSubstr("/libafio.a\n"));
  EXPECT_THAT(end.output, HasSubstr("./usr/include/afio/afio/file_handle.hpp\n"));
  EXPECT_THAT(end.output, Not(HasSubstr("./usr/bin")));
}

} // namespace
} // namespace afio::packaging
