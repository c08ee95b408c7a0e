// Each argument is taken for what it is, whatever CLI11 would make of it.
#include "cli/common/command_line.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace afio::cli {
namespace {

using list = std::vector<std::string>;

class CommandLine : public ::testing::Test {
protected:
  CommandLine() {
    app_.add_option("PATH", paths);
    app_.add_option("--one,-o", one);
    app_.add_option("--some", some)->allow_extra_args(false);
    app_.add_flag("--flag", flag);
  }

  void parse(list words) {
    words.insert(words.begin(), "tool");
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    app_.parse(command_line(app_, static_cast<int>(argv.size()), argv.data()));
  }

  list paths;
  std::string one;
  list some;
  bool flag = false;

private:
  CLI::App app_;
};

TEST_F(CommandLine, PathsAreNoListsAndNoMarks) {
  const list odd{"[a]", "[a,b]", "[]", "[", "]", "a]", "[..]", "[[x]]", "{}", "%%", "++", "a,b"};
  parse(odd);
  EXPECT_EQ(paths, odd);
}

TEST_F(CommandLine, BehindTwoDashesTooAndThereNothingIsAnOption) {
  parse({"--", "[a]", "--one=", "--flag", "[b,c]"});
  EXPECT_EQ(paths, (list{"[a]", "--one=", "--flag", "[b,c]"}));
  EXPECT_FALSE(flag);
}

TEST_F(CommandLine, ValuesAreNoListsEither) {
  parse({"--one=[x]", "--some", "[a]", "--some=[b,c]", "path"});
  EXPECT_EQ(one, "[x]");
  EXPECT_EQ(some, (list{"[a]", "[b,c]"}));
  EXPECT_EQ(paths, list{"path"});
}

TEST_F(CommandLine, AnEmptyValueTakesNoOther) {
  one = "as it was";
  parse({"--one=", "--flag", "--some=", "path"});
  EXPECT_EQ(one, "");
  EXPECT_TRUE(flag);
  EXPECT_EQ(some, list{""});
  EXPECT_EQ(paths, list{"path"});
}

} // namespace
} // namespace afio::cli
