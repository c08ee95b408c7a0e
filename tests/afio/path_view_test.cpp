#include "afio/path_view.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

namespace afio {
namespace {

using namespace std::string_view_literals;

struct split {
  const char* path;
  const char* parent;
  const char* filename;
};

TEST(PathView, SplitsOffTheLastComponent) {
  for (const auto& [path, parent, filename] :
       {split{"", "", ""}, split{"/", "/", ""}, split{"//", "/", ""}, split{"a", "", "a"},
        split{"a/", "", "a"}, split{"/a", "/", "a"}, split{"a/b", "a/", "b"},
        split{"a/b//", "a/", "b"}, split{"a//b", "a//", "b"}, split{"//a", "//", "a"},
        split{"..", "", ".."}, split{"a/..", "a/", ".."}, split{"./a", "./", "a"}}) {
    EXPECT_EQ(path_view(path).parent().view(), parent) << path;
    EXPECT_EQ(path_view(path).filename(), filename) << path;
  }
}

std::vector<std::string_view> components(path_view path) {
  std::vector<std::string_view> all;
  while (const auto next = path.split_first()) {
    all.push_back(next->first);
    path = next->second;
  }
  return all;
}

TEST(PathView, SplitsOffTheFirstComponent) {
  using list = std::vector<std::string_view>;
  EXPECT_EQ(components(""), list());
  EXPECT_EQ(components("///"), list());
  EXPECT_EQ(components("a"), list({"a"}));
  EXPECT_EQ(components("//a//b/"), list({"a", "b"}));
  EXPECT_EQ(components("../a/./b"), list({"..", "a", ".", "b"}));
}

TEST(PathView, KnowsAnAbsolutePath) {
  EXPECT_TRUE(path_view("/").is_absolute());
  EXPECT_TRUE(path_view("/a").is_absolute());
  EXPECT_FALSE(path_view("a/").is_absolute());
  EXPECT_FALSE(path_view("").is_absolute());
}

result<std::string> through_c_str(path_view path) {
  return path.with_c_str([](const char* text) -> result<std::string> { return std::string(text); });
}

TEST(PathView, BecomesACStringOfTheSameBytes) {
  EXPECT_EQ(through_c_str("").value(), "");
  EXPECT_EQ(through_c_str("a/\xff\n").value(), "a/\xff\n");
  EXPECT_EQ(through_c_str("abc"sv.substr(0, 2)).value(), "ab") << "needs no NUL of its own";
  EXPECT_EQ(through_c_str(std::string(4095, 'x')).value(), std::string(4095, 'x'));
}

TEST(PathView, RefusesWhatNoCallTakes) {
  const auto too_long = through_c_str(std::string(4096, 'x'));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.assume_error().native(), ENAMETOOLONG);

  const auto with_nul = through_c_str("a\0b"sv);
  ASSERT_FALSE(with_nul);
  EXPECT_EQ(with_nul.assume_error().native(), EINVAL);
  EXPECT_EQ(with_nul.assume_error().name(), "a\0b"sv);
}

TEST(PathView, IsEqualByItsBytes) {
  EXPECT_EQ(path_view("a/b"), path_view(std::string("a/b")));
  EXPECT_FALSE(path_view("a/b") == path_view("a//b"));
}

} // namespace
} // namespace afio
