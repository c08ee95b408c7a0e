// The options of the tools, as these describe them to the build (cli/common/help_page.hpp).
#pragma once

#include "tests/cli/tool.hpp"

#include <sstream>
#include <string>
#include <vector>

namespace afio::cli {

inline constexpr const char* all_tools[] = {
    "afio-clone", "afio-cptree", "afio-dedupe", "afio-diff",   "afio-hardlinks",
    "afio-hash",  "afio-holes",  "afio-mvtree", "afio-rmtree", "afio-update"};

/// An option, or an argument, whose name has no dash.
struct described_option {
  std::string names; ///< "-j,--threads"
  std::string value; ///< "N"; empty: a flag.
  std::vector<std::string> words;
  bool repeats = false;
  std::string help;

  [[nodiscard]] bool is_argument() const { return !names.starts_with('-'); }

  [[nodiscard]] std::string long_name() const { return names.substr(names.find("--")); }
};

inline std::vector<std::string> split(const std::string& text, char at) {
  std::istringstream in(text);
  std::vector<std::string> parts;
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

inline std::vector<described_option> options_of(const std::string& name) {
  const auto end = testing::run({.arguments = {tool_path(name), "--describe-options"}});
  std::vector<described_option> found;
  for (const std::string& line : lines_of(end.output)) {
    const auto fields = split(line + "\t", '\t');
    if (fields.size() < 4) throw std::runtime_error("not an option: " + line);
    found.push_back({fields[0], fields[1], split(fields[2], ','), fields[3] == "...",
                     fields.size() > 4 ? fields[4] : ""});
  }
  if (found.size() < 10) throw std::runtime_error(describe(end));
  return found;
}

} // namespace afio::cli
