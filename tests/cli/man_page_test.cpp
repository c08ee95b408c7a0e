// What is said of the options: by --help, by the manual, and by one tool and another.
#include "tests/cli/described_option.hpp"
#include "tests/support/content.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>

namespace afio::cli {
namespace {

/// What a line of the manual prints: the arguments of its macro in one, fonts and quotes gone.
std::string printed(const std::string& line) {
  const auto macro = line.starts_with('.') ? line.find(' ') + 1 : 0;
  std::string text = line.substr(macro);
  for (const auto& [what, with] :
       {std::pair{R"(\\\(aq)", "'"}, {R"(\\f[BIRP]|"| (?=")|\\(-))", "$1"}, {R"(\\\(rs)", "\\"}}) {
    text = std::regex_replace(text, std::regex(what), with);
  }
  return text;
}

std::vector<std::string> section_of(const std::string& page, const std::string& title) {
  const auto start = page.find("\n.SH " + title + "\n");
  if (start == page.npos) return {};
  return lines_of(page.substr(start + 1, page.find("\n.SH ", start + 1) - start));
}

/// An option in the section OPTIONS.
struct explained_option {
  std::string heading;            ///< "-j, --threads N"
  std::vector<std::string> bolds; ///< Lines in bold below it, as they are printed.
};

std::vector<explained_option> options_of_manual(const std::string& page) {
  std::vector<explained_option> found;
  bool is_heading = false;
  int depth = 0; // A list in the words of an option is none of options.
  for (const std::string& line : section_of(page, "OPTIONS")) {
    depth += line == ".RS" ? 1 : line == ".RE" ? -1 : 0;
    if (is_heading) found.push_back({printed(line), {}});
    if (!is_heading && !found.empty() && line.starts_with(".B")) {
      found.back().bolds.push_back(printed(line));
    }
    is_heading = line == ".TP" && depth == 0;
  }
  return found;
}

std::string heading_of(const described_option& option) {
  const std::string names = std::regex_replace(option.names, std::regex(","), ", ");
  return names + (option.value.empty() ? "" : ' ' + option.value);
}

/// Options that stand in `text`, wherever.
std::set<std::string> names_in(const std::string& text) {
  static const std::regex name(R"((^|[\s,(])(--?[A-Za-z0-9][a-z0-9-]*))");
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) {
    found.insert((*at)[2]);
  }
  return found;
}

class Explained : public ::testing::TestWithParam<const char*> {
protected:
  const std::string tool = GetParam();
  const std::vector<described_option> options = options_of(tool);
  const std::string help = testing::run({.arguments = {tool_path(tool), "--help"}}).output;
  const std::vector<std::string> lines = lines_of(help);
  const std::string manual = testing::content_of("docs/man/" + tool + ".1");

  /// Commands of the examples in --help, without what is said of them.
  [[nodiscard]] std::vector<std::string> examples() const {
    std::vector<std::string> found;
    const auto start = std::find(lines.begin(), lines.end(), "Examples:");
    for (auto line = start; line != lines.end(); ++line) {
      if (line->starts_with("  " + tool)) found.push_back(line->substr(2, line->find("  ", 2) - 2));
    }
    return found;
  }
};

INSTANTIATE_TEST_SUITE_P(All, Explained, ::testing::ValuesIn(all_tools),
                         [](const auto& tool) { return std::string(tool.param).substr(5); });

TEST_P(Explained, HelpFitsAScreen) {
  for (const auto& line : lines) EXPECT_LE(line.size(), 80U) << line;
  // Those that have few options of their own fit one of 24 lines.
  const bool is_small = tool == "afio-rmtree" || tool == "afio-mvtree";
  EXPECT_LE(lines.size(), is_small ? 24U : 40U);
}

TEST_P(Explained, HelpHasExamplesAndSaysWhereToReadOn) {
  EXPECT_GE(examples().size(), 3U);
  const std::string& last = lines.back();
  EXPECT_NE(last.find("Read on: man " + tool), std::string::npos) << last;
  static const std::regex guide("docs/guide/[^ ]+");
  if (std::smatch found; std::regex_search(last, found, guide)) {
    EXPECT_TRUE(std::ifstream(found.str()).is_open()) << found.str();
  }
}

TEST_P(Explained, HelpNamesEachOptionAndNoOther) {
  std::set<std::string> names;
  for (const auto& option : options) {
    if (option.is_argument()) continue;
    names.merge(names_in(option.names));
    const std::string label = option.names + (option.value.empty() ? "" : ' ' + option.value);
    EXPECT_NE(help.find("  " + label + ' '), std::string::npos) << label;
  }
  EXPECT_EQ(names_in(help.substr(0, help.find("\nExamples:"))), names);
}

TEST_P(Explained, HelpNamesTheWordsOfEachOption) {
  for (const auto& option : options) {
    for (const auto& word : option.words) {
      EXPECT_NE((' ' + option.help + ' ').find(' ' + word), std::string::npos)
          << option.names << ' ' << word;
    }
  }
}

TEST_P(Explained, ManualHasTheOptionsOfHelpInItsOrder) {
  std::vector<std::string> described, explained;
  for (const auto& option : options) {
    if (!option.is_argument()) described.push_back(heading_of(option));
  }
  for (const auto& option : options_of_manual(manual)) explained.push_back(option.heading);
  EXPECT_EQ(explained, described);
}

TEST_P(Explained, ManualHasTheWordsOfEachOption) {
  std::map<std::string, std::set<std::string>> bold;
  static const std::regex word("[a-z][a-z-]*");
  for (const auto& option : options_of_manual(manual)) {
    for (const std::string& line : option.bolds) {
      for (std::sregex_iterator at(line.begin(), line.end(), word), end; at != end; ++at) {
        bold[option.heading].insert(at->str());
      }
    }
  }
  for (const auto& option : options) {
    if (option.is_argument()) continue;
    for (const auto& one : option.words) {
      EXPECT_TRUE(bold[heading_of(option)].contains(one)) << option.names << ' ' << one;
    }
  }
}

TEST_P(Explained, ManualHasTheExamplesOfHelp) {
  std::set<std::string> shown;
  for (const auto& line : section_of(manual, "EXAMPLES")) shown.insert(printed(line));
  for (const auto& example : examples()) EXPECT_TRUE(shown.contains(example)) << example;
}

TEST_P(Explained, ManualHasItsSections) {
  for (const char* title : {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\"",
                            "EXAMPLES", "\"SEE ALSO\""}) {
    EXPECT_FALSE(section_of(manual, title).empty()) << title;
  }
}

TEST_P(Explained, ManualIsWellFormed) {
  const std::string page = "docs/man/" + tool + ".1";
  const auto groff = testing::run(
      {.arguments = {"/usr/bin/env", "groff", "-man", "-ww", "-z", "-T", "utf8", page}});
  EXPECT_TRUE(groff.exited_with(0)) << describe(groff);
  EXPECT_EQ(groff.errors, "");
  const auto mandoc =
      testing::run({.arguments = {"/usr/bin/env", "mandoc", "-T", "lint", "-W", "warning", page}});
  EXPECT_TRUE(mandoc.exited_with(0) || mandoc.exited_with(2)) << describe(mandoc);
  for (const auto& line : lines_of(mandoc.output + mandoc.errors)) {
    // A page is of the version that its footer names.
    if (line.find("missing date") == line.npos) ADD_FAILURE() << line;
  }
}

TEST(Tools, CallTheSameThingTheSame) {
  std::map<std::string, std::string> first_use;
  for (const char* const tool : all_tools) {
    for (const auto& option : options_of(tool)) {
      if (option.is_argument()) continue;
      if (option.long_name() == "--keep") continue; // So many clones; which duplicate.
      const auto [known, is_new] = first_use.emplace(option.long_name(), heading_of(option));
      EXPECT_EQ(heading_of(option), known->second) << tool;
    }
  }
}

} // namespace
} // namespace afio::cli
