// The programs of a guide are files that compile, and print what the guide says.
#include "tests/support/scratch.hpp"
#include "tests/support/subprocess.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

namespace afio {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct snippet {
  std::string program;
  std::string output;
};

/// Of each file that the guide names in a line `[name.cpp](…/name.cpp):`, the two blocks that
/// follow: ```cpp and, for what it prints, ```.
std::map<std::string, snippet> snippets_of(const fs::path& guide) {
  std::map<std::string, snippet> found;
  std::istringstream text(content_of(guide));
  std::string name;
  std::string* into = nullptr;
  for (std::string line; std::getline(text, line);) {
    if (into != nullptr) {
      if (line == "```") {
        into = nullptr;
      } else {
        *into += line + '\n';
      }
    } else if (line.starts_with('[') && line.ends_with(".cpp):")) {
      name = line.substr(1, line.find(".cpp]") - 1);
    } else if (line == "```cpp" && !name.empty()) {
      into = &found[name].program;
    } else if (line == "```") {
      into = &found[name].output;
    } else if (line.starts_with("```")) {
      ADD_FAILURE() << "a block that is no program: " << line;
    }
  }
  return found;
}

class Guide : public ::testing::TestWithParam<const char*> {
protected:
  const fs::path guide = fs::path("docs/guide") / GetParam();
  const fs::path programs = guide.parent_path() / guide.stem();
  const std::map<std::string, snippet> snippets = snippets_of(guide);
};

INSTANTIATE_TEST_SUITE_P(All, Guide, ::testing::Values("mapping.md"));

TEST_P(Guide, ShowsEachProgramAsItIs) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(programs)) {
    if (entry.path().extension() != ".cpp") continue;
    ++files;
    const auto shown = snippets.find(entry.path().stem());
    ASSERT_NE(shown, snippets.end()) << entry.path() << " is not in the guide";
    EXPECT_EQ(shown->second.program, content_of(entry.path())) << entry.path();
  }
  EXPECT_EQ(files, snippets.size());
  EXPECT_GT(files, 0U);
}

TEST_P(Guide, SaysWhatEachProgramPrints) {
  for (const auto& [name, shown] : snippets) {
    const testing::scratch_directory scratch;
    const auto end =
        testing::run({.arguments = {fs::absolute(programs / name)}, .directory = scratch.path()});
    EXPECT_TRUE(end.exited_with(0)) << name << ": " << describe(end);
    EXPECT_EQ(end.output, shown.output) << name;
  }
}

} // namespace
} // namespace afio
