// Every block of shell or C++ in the documentation is run here, or says why it is not.
#include "tests/docs/confined.hpp"
#include "tests/docs/page.hpp"
#include "tests/support/content.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/subprocess.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace afio {
namespace {

namespace fs = std::filesystem;
using testing::block;
using testing::content_of;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

constexpr std::string_view anything = "…";

/// Whether a line is as a page shows it, where `…` stands for whatever was left out.
bool line_is(std::string_view shown, std::string_view line) {
  const auto gap = shown.find(anything);
  if (gap == shown.npos) return shown == line;
  if (!line.starts_with(shown.substr(0, gap))) return false;
  line.remove_prefix(gap);
  shown.remove_prefix(gap + anything.size());
  for (;; line.remove_prefix(1)) {
    if (line_is(shown, line)) return true;
    if (line.empty()) return false;
  }
}

/// The same of lines: a line that is `…` stands for any number of them.
bool lines_are(const std::vector<std::string>& shown, const std::vector<std::string>& lines,
               std::size_t s = 0, std::size_t l = 0) {
  if (s == shown.size()) return l == lines.size();
  if (shown[s] == anything) {
    for (; l <= lines.size(); ++l) {
      if (lines_are(shown, lines, s + 1, l)) return true;
    }
    return false;
  }
  return l < lines.size() && line_is(shown[s], lines[l]) && lines_are(shown, lines, s + 1, l + 1);
}

void expect_shown(std::string_view shown, std::string_view printed) {
  EXPECT_TRUE(lines_are(lines_of(shown), lines_of(printed))) << "the page says\n"
                                                             << shown << "and it was\n"
                                                             << printed;
}

/// Where the blocks of a page are run, one after another: a directory that is "/" to them.
class place {
public:
  explicit place(const testing::scratch_directory& scratch) : root_(scratch.path()) {}

  /// What it printed, with paths as the page has them.
  testing::ending shell(const std::string& script) const {
    auto end = testing::run({.arguments = {"/bin/bash", "-c", script},
                             .environment = environment(),
                             .directory = root_});
    for (auto* text : {&end.output, &end.errors}) {
      for (std::size_t at = 0; (at = text->find(root_.native(), at)) != text->npos;)
        text->erase(at, root_.native().size());
    }
    return end;
  }

  std::string confined(const std::string& commands) const {
    return testing::confined(commands, root_) + '\n';
  }

private:
  std::vector<std::string> environment() const {
    std::vector<std::string> all = {
        "PATH=" + fs::absolute("cli").native() + ":" + std::getenv("PATH"),
        "HOME=" + (root_ / "home/me").native(), "LC_ALL=C.UTF-8", "TZ=UTC"};
    for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
      if (const char* value = std::getenv(name)) all.push_back(std::string(name) + '=' + value);
    }
    return all;
  }

  fs::path root_;
};

std::string prepared(const place& in, const block& what) {
  return "set -euo pipefail\n{\n:\n" + in.confined(what.setup) + "} >/dev/null\n";
}

/// ```sh: every command succeeds; and prints `shown`, if the page shows that.
void run_commands(const place& in, const block& what, const block* shown) {
  const auto end = in.shell(prepared(in, what) + in.confined(what.text));
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  if (shown) expect_shown(shown->text, end.output);
}

/// ```console: each command, after "$ ", prints what follows it, on either stream.
void run_session(const place& in, const block& what) {
  constexpr char mark = '\1';
  // The mark keeps $? as the command before it has left it.
  std::string script = prepared(in, what) + "set +e\nexec 2>&1\nbegin() { local was=$?; printf '" +
                       mark + "'; return $was; }\n";
  std::vector<std::string> shown;
  for (const auto& line : lines_of(what.text)) {
    if (line.starts_with("$ ")) {
      script += "begin\n" + in.confined(line.substr(2));
      shown.emplace_back();
    } else if (shown.empty()) {
      ADD_FAILURE() << "something is printed before the first command: " << line;
      return;
    } else {
      shown.back() += line + '\n';
    }
  }
  const auto end = in.shell(script);
  std::vector<std::string> printed;
  for (const char c : end.output) {
    if (c == mark) {
      printed.emplace_back();
    } else if (!printed.empty()) {
      printed.back() += c;
    }
  }
  ASSERT_EQ(printed.size(), shown.size()) << describe(end);
  for (std::size_t i = 0; i < shown.size(); ++i) expect_shown(shown[i], printed[i]);
}

/// ```cpp: what a file says that is compiled, and what that prints.
void run_program(const fs::path& page, const block& what, const block* shown) {
  const bool whole = what.part_of.empty();
  const fs::path file = page.parent_path() / (whole ? what.file : what.part_of);
  ASSERT_TRUE(fs::is_regular_file(file)) << "names no file that //tests/docs has: " << file;
  const auto content = content_of(file);
  if (whole) {
    EXPECT_EQ(what.text, content);
  } else {
    EXPECT_NE(content.find(what.text), content.npos) << "not in " << file << ":\n" << what.text;
  }
  const testing::scratch_directory scratch;
  const place in(scratch);
  const auto ready = in.shell(prepared(in, what));
  ASSERT_TRUE(ready.exited_with(0)) << describe(ready);
  const auto end = testing::run({.arguments = {fs::absolute(fs::path(file).replace_extension())},
                                 .directory = scratch.path()});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  if (shown) expect_shown(shown->text, end.output);
}

bool is_run(const block& b) { return b.info == "sh" || b.info == "console" || b.info == "cpp"; }

/// Blocks of these are no commands and no programs.
bool is_illustration(const block& b) {
  static const std::set<std::string> known = {"text", "ini", "json", "python", "yaml"};
  return known.contains(b.info);
}

std::vector<std::string> all_pages() {
  std::vector<std::string> pages = {"README.md", "CONTRIBUTING.md"};
  for (const auto& entry : fs::recursive_directory_iterator("docs")) {
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  }
  std::sort(pages.begin(), pages.end());
  return pages;
}

class Page : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Documentation, Page, ::testing::ValuesIn(all_pages()),
                         [](const auto& page) {
                           std::string name = page.param;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return !std::isalnum(c); },
                               '_');
                           return name;
                         });

TEST_P(Page, RunsEachBlockOrSaysWhyNot) {
  const fs::path page = GetParam();
  const auto blocks = testing::blocks_of(page);
  std::optional<testing::scratch_directory> scratch(std::in_place);
  const block* before = nullptr;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const block& b = blocks[i];
    const std::string where = page.native() + ':' + std::to_string(b.line);
    SCOPED_TRACE(where);
    if (b.info.empty()) {
      EXPECT_TRUE(before && (before->info == "sh" || before->info == "cpp"))
          << "neither shell nor C++, nor what the block before it prints: ```text?";
    } else if (is_run(b)) {
      std::cout << where << ' ' << b.info << ": "
                << (b.not_run.empty() ? "run" : "not run: " + b.not_run) << '\n';
    } else {
      EXPECT_TRUE(is_illustration(b)) << "neither run nor marked: " << b.info;
    }
    if (b.afresh) scratch.emplace();
    const block* shown =
        i + 1 < blocks.size() && blocks[i + 1].info.empty() ? &blocks[i + 1] : nullptr;
    before = &b;
    if (!is_run(b) || !b.not_run.empty()) continue;
    try {
      const place here(*scratch);
      if (b.info == "sh") run_commands(here, b, shown);
      if (b.info == "console") run_session(here, b);
      if (b.info == "cpp") run_program(page, b, shown);
    } catch (const std::exception& refused) {
      ADD_FAILURE() << refused.what();
    }
  }
}

TEST(Index, HasEachPage) {
  const std::string index = content_of("docs/README.md");
  for (const fs::path page : all_pages()) {
    if (*page.begin() != "docs" || page.parent_path().native().starts_with("docs/benchmarks"))
      continue;
    const fs::path link = page.lexically_relative("docs");
    if (link == "README.md") continue;
    const bool is_there = index.find('(' + link.native() + ')') != index.npos ||
                          index.find('(' + link.native() + '#') != index.npos;
    EXPECT_TRUE(is_there) << link << " has no line in docs/README.md";
  }
}

TEST(Programs, AreAllShown) {
  std::set<fs::path> shown;
  for (const auto& page : all_pages()) {
    for (const auto& b : testing::blocks_of(page)) {
      for (const auto& file : {b.file, b.part_of}) {
        if (!file.empty()) shown.insert((fs::path(page).parent_path() / file).lexically_normal());
      }
    }
  }
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator("docs")) {
    if (entry.path().extension() != ".cpp") continue;
    ++files;
    EXPECT_TRUE(shown.contains(entry.path())) << entry.path() << " is on no page";
  }
  EXPECT_GT(files, 0U);
}

} // namespace
} // namespace afio
