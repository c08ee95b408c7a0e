#include "afio/random_name.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace afio {
namespace {

TEST(RandomName, IsOfTheOnePattern) {
  for (int i = 0; i < 100; ++i) {
    const leaf_buffer name = random_name().value();
    EXPECT_TRUE(name.view().starts_with(".afio-"));
    EXPECT_EQ(name.view().find_first_not_of("0123456789abcdef", 6), name.view().npos);
    EXPECT_EQ(name.view().size(), 6U + 32U);
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

TEST(KeptName, IsAFreshOneThatIsNotTakenForALeftover) {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const leaf_buffer name = kept_name().value();
    EXPECT_TRUE(name.view().starts_with("afio-kept-"));
    EXPECT_EQ(name.view().size(), 10U + 32U);
    EXPECT_FALSE(is_random_name(name.view()));
    seen.emplace(name.view());
  }
  EXPECT_EQ(seen.size(), 1'000U);
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
