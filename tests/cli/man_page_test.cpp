// The manual names the options that --help names, and no others.
#include "tests/cli/tool.hpp"

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace afio::cli {
namespace {

using option_names = std::set<std::string>;

option_names options_in(const std::string& text) {
  static const std::regex option(R"((^|[\s,|\[])(--?[A-Za-z0-9][a-z-]*))");
  option_names found;
  for (std::sregex_iterator at(text.begin(), text.end(), option), end; at != end; ++at) {
    found.insert((*at)[2]);
  }
  return found;
}

/// The names that stand before the words of each option.
option_names options_of_help(const std::string& page) {
  option_names found;
  for (const auto& line : lines_of(page)) {
    if (line.starts_with("  -")) found.merge(options_in(line.substr(0, line.find("  ", 2))));
  }
  return found;
}

std::string manual(const std::string& tool = "afio-rmtree") {
  std::ostringstream text;
  text << std::ifstream("docs/man/" + tool + ".1").rdbuf();
  // "\-" is a hyphen as typed; fonts are not read.
  return std::regex_replace(text.str(), std::regex(R"(\\(-)|\\f[BIRP])"), "$1");
}

/// The headings of the section OPTIONS: the line after each .TP.
option_names options_of_manual(const std::string& page) {
  const auto start = page.find("\n.SH OPTIONS\n");
  const auto end = page.find("\n.SH ", start + 1);
  option_names found;
  bool is_heading = false;
  for (const auto& line : lines_of(page.substr(start, end - start))) {
    if (is_heading) found.merge(options_in(line));
    is_heading = line == ".TP" || line == ".TQ";
  }
  return found;
}

class ManPage : public tool {};

TEST_F(ManPage, HasTheOptionsOfHelp) {
  const option_names helped = options_of_help(run({"--help"}).output);
  EXPECT_GE(helped.size(), 25U);
  EXPECT_TRUE(helped.contains("-j"));
  EXPECT_TRUE(helped.contains("--all-or-nothing"));
  EXPECT_EQ(options_of_manual(manual()), helped);
}

class CptreeManPage : public tool {
protected:
  CptreeManPage() : tool("afio-cptree") {}
};

TEST_F(CptreeManPage, HasTheOptionsOfHelp) {
  const option_names helped = options_of_help(run({"--help"}).output);
  EXPECT_TRUE(helped.contains("--merge"));
  EXPECT_EQ(options_of_manual(manual("afio-cptree")), helped);
}

class MvtreeManPage : public tool {
protected:
  MvtreeManPage() : tool("afio-mvtree") {}
};

TEST_F(MvtreeManPage, HasTheOptionsOfHelp) {
  const option_names helped = options_of_help(run({"--help"}).output);
  EXPECT_TRUE(helped.contains("--exchange"));
  EXPECT_EQ(options_of_manual(manual("afio-mvtree")), helped);
}

void expect_80_columns(const std::string& page) {
  for (const auto& line : lines_of(page)) EXPECT_LE(line.size(), 80U) << line;
}

TEST_F(ManPage, HelpFitsATerminal) { expect_80_columns(run({"--help"}).output); }

TEST_F(CptreeManPage, HelpFitsATerminal) { expect_80_columns(run({"--help"}).output); }

TEST_F(MvtreeManPage, HelpFitsATerminal) { expect_80_columns(run({"--help"}).output); }

class DiffManPage : public tool {
protected:
  DiffManPage() : tool("afio-diff") {}
};

TEST_F(DiffManPage, HasTheOptionsOfHelp) {
  const option_names helped = options_of_help(run({"--help"}).output);
  EXPECT_TRUE(helped.contains("--compare"));
  EXPECT_EQ(options_of_manual(manual("afio-diff")), helped);
}

TEST_F(DiffManPage, HelpFitsATerminal) { expect_80_columns(run({"--help"}).output); }

class CloneManPage : public tool {
protected:
  CloneManPage() : tool("afio-clone") {}
};

TEST_F(CloneManPage, HasTheOptionsOfHelp) {
  const option_names helped = options_of_help(run({"--help"}).output);
  EXPECT_TRUE(helped.contains("--series"));
  EXPECT_EQ(options_of_manual(manual("afio-clone")), helped);
}

TEST_F(CloneManPage, HelpFitsATerminal) { expect_80_columns(run({"--help"}).output); }

class HardlinksManPage : public tool {
protected:
  HardlinksManPage() : tool("afio-hardlinks") {}
};

TEST_F(HardlinksManPage, HasTheOptionsOfHelp) {
  const option_names helped = options_of_help(run({"--help"}).output);
  EXPECT_TRUE(helped.contains("--of"));
  EXPECT_EQ(options_of_manual(manual("afio-hardlinks")), helped);
}

TEST_F(HardlinksManPage, HelpFitsATerminal) { expect_80_columns(run({"--help"}).output); }

class HashManPage : public tool {
protected:
  HashManPage() : tool("afio-hash") {}
};

TEST_F(HashManPage, HasTheOptionsOfHelp) {
  const option_names helped = options_of_help(run({"--help"}).output);
  EXPECT_TRUE(helped.contains("--cache"));
  EXPECT_EQ(options_of_manual(manual("afio-hash")), helped);
}

TEST_F(HashManPage, HelpFitsATerminal) { expect_80_columns(run({"--help"}).output); }

class UpdateManPage : public tool {
protected:
  UpdateManPage() : tool("afio-update") {}
};

TEST_F(UpdateManPage, HasTheOptionsOfHelp) {
  const option_names helped = options_of_help(run({"--help"}).output);
  EXPECT_TRUE(helped.contains("--max-delete"));
  EXPECT_EQ(options_of_manual(manual("afio-update")), helped);
}

TEST_F(UpdateManPage, HelpFitsATerminal) { expect_80_columns(run({"--help"}).output); }

class DedupeManPage : public tool {
protected:
  DedupeManPage() : tool("afio-dedupe") {}
};

TEST_F(DedupeManPage, HasTheOptionsOfHelp) {
  const option_names helped = options_of_help(run({"--help"}).output);
  EXPECT_TRUE(helped.contains("--keep"));
  EXPECT_EQ(options_of_manual(manual("afio-dedupe")), helped);
}

TEST_F(DedupeManPage, HelpFitsATerminal) { expect_80_columns(run({"--help"}).output); }

class HolesManPage : public tool {
protected:
  HolesManPage() : tool("afio-holes") {}
};

TEST_F(HolesManPage, HasTheOptionsOfHelp) {
  const option_names helped = options_of_help(run({"--help"}).output);
  EXPECT_TRUE(helped.contains("--min-size"));
  EXPECT_EQ(options_of_manual(manual("afio-holes")), helped);
}

TEST_F(HolesManPage, HelpFitsATerminal) { expect_80_columns(run({"--help"}).output); }

TEST_F(ManPage, HasTheSectionsOfAManual) {
  for (const char* section :
       {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\"", "OUTPUT", "JSON",
        "LEFTOVERS", "SAFETY", "EXAMPLES", "\"SEE ALSO\""}) {
    EXPECT_NE(manual().find(std::string("\n.SH ") + section + "\n"), std::string::npos) << section;
  }
}

} // namespace
} // namespace afio::cli
