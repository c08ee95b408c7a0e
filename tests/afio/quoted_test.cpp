#include "afio/quoted.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace afio {
namespace {

using namespace std::string_view_literals;

TEST(Quoted, LeavesPrintableTextAsItIs) {
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("a b~!'$*"), "\"a b~!'$*\"");
  EXPECT_EQ(quoted("Füße 東京 🙂"), "\"Füße 東京 🙂\"");
}

TEST(Quoted, MarksItsOwnQuotes) { EXPECT_EQ(quoted(R"(a"b\c)"), R"("a\"b\\c")"); }

TEST(Quoted, EscapesControlCharacters) {
  EXPECT_EQ(quoted("\n\t\r"), R"("\n\t\r")");
  EXPECT_EQ(quoted("\0\x01\x1b[2J\x7f"sv), R"("\x00\x01\x1b[2J\x7f")");
  EXPECT_EQ(quoted("\xc2\x9b"), R"("\xc2\x9b")") << "U+009B starts an escape sequence as ESC [";
  EXPECT_EQ(quoted("\xc2\x9f\xc2\xa0"), "\"\\xc2\\x9f\xc2\xa0\"");
}

TEST(Quoted, EscapesWhatReordersOrHidesText) {
  EXPECT_EQ(quoted("\u202Etxt"), R"("\xe2\x80\xaetxt")");
  EXPECT_EQ(quoted("\u2066"), R"("\xe2\x81\xa6")");
  EXPECT_EQ(quoted("\u061C"), R"("\xd8\x9c")");
  EXPECT_EQ(quoted("\u200B"), R"("\xe2\x80\x8b")");
  EXPECT_EQ(quoted("\uFEFF"), R"("\xef\xbb\xbf")");
}

TEST(Quoted, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(quoted("a\xff"
                   "b"),
            R"("a\xffb")");
  EXPECT_EQ(quoted("\xe6\x9d"), R"("\xe6\x9d")") << "cut in the middle of a character";
  EXPECT_EQ(quoted("\xc0\xaf"), R"("\xc0\xaf")") << "overlong slash";
}

TEST(Quoted, GivesEveryByteADifferentText) {
  for (int byte = 0; byte < 256; ++byte) {
    const char name = static_cast<char>(byte);
    const std::string text = quoted({&name, 1});
    EXPECT_TRUE(is_utf8(text)) << byte;
    for (const char c : text) {
      EXPECT_TRUE(c >= 0x20 && c < 0x7f) << byte;
    }
    for (int other = 0; other < byte; ++other) {
      const char another = static_cast<char>(other);
      EXPECT_NE(text, quoted({&another, 1}));
    }
  }
}

TEST(Utf8, AcceptsTheFirstAndLastOfEachLength) {
  for (const auto text :
       {""sv, "\0"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
        "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv}) {
    EXPECT_TRUE(is_utf8(text)) << quoted(text);
  }
}

TEST(Utf8, RefusesOverlongSurrogatesBeyondUnicodeAndCutOnes) {
  for (const auto text :
       {"\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv,
        "\xed\xbf\xbf"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv,
        "\xff"sv, "\xc2"sv, "\xe2\x82"sv, "\xf0\x9f\x98"sv, "\xe2\x28\xa1"sv, "a\xe2\x82"sv}) {
    EXPECT_FALSE(is_utf8(text)) << quoted(text);
  }
}

} // namespace
} // namespace afio
