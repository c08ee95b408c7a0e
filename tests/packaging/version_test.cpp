// There is one version, cli/common/version.hpp's; what cannot take it from there says the same.
#include "cli/common/version.hpp"
#include "tests/support/content.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace afio::cli {
namespace {

namespace fs = std::filesystem;
using testing::content_of;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Version, IsTheOneOfTheBazelModule) {
  EXPECT_THAT(content_of("MODULE.bazel"),
              HasSubstr("\n    version = \"" + std::string(version) + "\",\n"));
}

TEST(Version, IsTheNewestOfTheDebianChangelog) {
  EXPECT_THAT(content_of("packaging/debian/changelog"),
              StartsWith("afio (" + std::string(version) + ") "));
}

TEST(Version, IsTheOneOfEachManPage) {
  std::size_t pages = 0;
  for (const auto& page : fs::directory_iterator("docs/man")) {
    if (page.path().extension() != ".1") continue;
    EXPECT_THAT(content_of(page), HasSubstr("\"afio " + std::string(version) + '"')) << page;
    ++pages;
  }
  EXPECT_GE(pages, 10U);
}

} // namespace
} // namespace afio::cli
