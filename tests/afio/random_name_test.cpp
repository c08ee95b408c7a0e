#include "afio/random_name.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

namespace afio {
namespace {

TEST(RandomName, IsOfTheOnePattern) {
  const std::regex pattern("\\.afio-[0-9a-f]{32}");
  for (int i = 0; i < 100; ++i) {
    const leaf_buffer name = random_name().value();
    EXPECT_TRUE(std::regex_match(std::string(name.view()), pattern)) << name.view();
    EXPECT_TRUE(is_random_name(name.view()));
  }
}

TEST(RandomName, IsAFreshOneEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    seen.emplace(random_name().value().view());
  }
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(RandomName, UsesEveryDigitEverywhere) {
  std::set<std::pair<std::size_t, char>> seen;
  for (int i = 0; i < 1'000; ++i) {
    const leaf_buffer name = random_name().value();
    for (std::size_t at = 6; at < name.view().size(); ++at) {
      seen.emplace(at, name.view()[at]);
    }
  }
  EXPECT_EQ(seen.size(), 32U * 16U);
}

TEST(RandomName, OthersAreNotTakenForOne) {
  const std::string name(random_name().value().view());
  EXPECT_FALSE(is_random_name(""));
  EXPECT_FALSE(is_random_name(".afio-"));
  EXPECT_FALSE(is_random_name(name.substr(0, name.size() - 1)));
  EXPECT_FALSE(is_random_name(name + "0"));
  EXPECT_FALSE(is_random_name("x" + name.substr(1)));
  EXPECT_FALSE(is_random_name(name.substr(0, name.size() - 1) + "g"));
  EXPECT_FALSE(is_random_name(name.substr(0, name.size() - 1) + "A"));
  EXPECT_FALSE(is_random_name(name.substr(0, 10) + '\0' + name.substr(11)));
}

} // namespace
} // namespace afio
