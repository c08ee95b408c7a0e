#include "afio/leaf_name.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace afio {
namespace {

using namespace std::string_view_literals;

TEST(LeafName, TakesEveryByteButSlashAndNul) {
  for (int byte = 1; byte < 256; ++byte) {
    const char name[] = {static_cast<char>(byte), 'x', '\0'};
    const auto leaf = leaf_name::from(name);
    EXPECT_EQ(leaf.has_value(), byte != '/') << byte;
    if (leaf) {
      EXPECT_EQ(leaf.assume_value().view(), name);
    }
  }
}

TEST(LeafName, RefusesWhatIsNotOneComponent) {
  for (const char* name : {"", ".", "..", "/", "a/", "/a", "a/b", "../a", "a/.."}) {
    const auto leaf = leaf_name::from(name);
    ASSERT_FALSE(leaf) << name;
    EXPECT_TRUE(leaf.assume_error() == errc::invalid_name);
    EXPECT_EQ(leaf.assume_error().name(), name);
  }
}

TEST(LeafName, TakesDotsThatAreNames) {
  for (const char* name : {"...", "..a", ".a", "a.", "a..", " "}) {
    EXPECT_TRUE(leaf_name::from(name)) << name;
  }
}

TEST(LeafName, HasUpTo255Bytes) {
  EXPECT_TRUE(leaf_name::from(std::string(255, 'x').c_str()));
  EXPECT_FALSE(leaf_name::from(std::string(256, 'x').c_str()));
  EXPECT_TRUE(leaf_buffer::from(std::string(255, 'x')));
  EXPECT_FALSE(leaf_buffer::from(std::string(256, 'x')));
}

TEST(LeafName, BorrowsItsBytes) {
  const char text[] = "name";
  const leaf_name leaf = leaf_name::from(text).assume_value();
  const leaf_name copy = leaf;
  EXPECT_EQ(copy.c_str(), text);
}

TEST(LeafName, IsEqualByItsBytes) {
  const std::string one = "name";
  const std::string other = "name";
  EXPECT_EQ(leaf_name::from(one.c_str()).assume_value(),
            leaf_name::from(other.c_str()).assume_value());
}

TEST(LeafBuffer, RefusesANulInside) {
  EXPECT_FALSE(leaf_buffer::from("a\0b"sv));
  EXPECT_FALSE(leaf_buffer::from("a\0"sv));
  EXPECT_FALSE(is_leaf_name("\0"sv));
}

TEST(LeafBuffer, OwnsItsBytesAndEndsThemWithNul) {
  std::string text = "name-and-more";
  const leaf_buffer owned = leaf_buffer::from(std::string_view(text).substr(0, 4)).assume_value();
  text.assign(text.size(), '?');
  EXPECT_STREQ(owned.name().c_str(), "name");
  EXPECT_EQ(owned.view(), "name");

  const leaf_buffer copy = owned;
  EXPECT_NE(copy.name().c_str(), owned.name().c_str());
  EXPECT_STREQ(copy.name().c_str(), "name");
}

TEST(LeafBuffer, IsMadeOfTheLongestName) {
  const std::string longest(255, 'x');
  const leaf_buffer owned = leaf_name::from(longest.c_str()).assume_value();
  EXPECT_EQ(owned.name().c_str(), longest);
}

static_assert(sizeof(leaf_buffer) == 264);

} // namespace
} // namespace afio
