#include "cli/common/json_line.hpp"
#include "tests/cli/flat_json.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace afio::cli {
namespace {

TEST(JsonLine, IsOneObjectOnOneLine) {
  json_line line("summary");
  line.text("a", "b").number("n", std::int64_t{-7}).number("s", 0.25).boolean("yes", true);
  EXPECT_EQ(line.str(),
            "{\"type\":\"summary\",\"a\":\"b\",\"n\":-7,\"s\":0.250000,\"yes\":true}\n");
}

TEST(JsonLine, EscapesWhatJsonForbids) {
  EXPECT_EQ(json_line("x").name("path", "\"\\\n\x1b\x7f").str(),
            "{\"type\":\"x\",\"path\":\"\\\"\\\\\\u000a\\u001b\x7f\"}\n");
}

TEST(JsonLine, EncodesNamesThatAreNotUtf8) {
  const std::pair<const char*, const char*> cases[] = {
      {"\xff", "/w=="}, {"a\xff", "Yf8="}, {"ab\xff", "YWL/"}, {"abc\xff", "YWJj/w=="}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(json_line("x").name("path", bytes).str(),
              std::string("{\"type\":\"x\",\"path_base64\":\"") + text + "\"}\n");
  }
}

TEST(JsonLine, BringsEveryByteBack) {
  for (int byte = 1; byte < 256; ++byte) {
    const std::string name{'a', static_cast<char>(byte), 'b'};
    std::string line = json_line("x").name("path", name).str();
    ASSERT_EQ(line.back(), '\n');
    line.pop_back();
    const auto read = parse_flat_json(line);
    ASSERT_TRUE(read) << line;
    const auto plain = read->find("path");
    EXPECT_EQ(plain != read->end() ? plain->second : from_base64(read->at("path_base64")), name);
  }
}

TEST(JsonLine, SeveralNamesAreArraysByWhatTheyAre) {
  const auto of = [](std::vector<std::string> names) {
    return json_line("t").names("n", names).str();
  };
  EXPECT_EQ(of({"a", "\xff", "b\"", "\xfe"}),
            "{\"type\":\"t\",\"n\":[\"a\",\"b\\\"\"],\"n_base64\":[\"/w==\",\"/g==\"]}\n");
  EXPECT_EQ(of({"a"}), "{\"type\":\"t\",\"n\":[\"a\"]}\n");
  EXPECT_EQ(of({}), "{\"type\":\"t\",\"n\":[]}\n");
}

} // namespace
} // namespace afio::cli
