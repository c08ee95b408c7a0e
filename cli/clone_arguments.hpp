// The command line of afio-clone.
#pragma once

#include "algorithms/clone_tree/retention.hpp"
#include "cli/common/copying.hpp"
#include "cli/common/rules.hpp"
#include "cli/common/tool.hpp"

#include <string>

namespace afio::cli {

struct clone_arguments {
  common_arguments common;
  std::string source;
  std::string target;
  std::string since;
  const CLI::Option* since_option = nullptr;
  std::string series;
  bool list = false;
  std::string report;
  algorithms::retention keep;
  std::string wait;
  std::string share = "auto";
  std::string compare;
  copying_arguments copying;
  rules which;

  /// Also an empty one, as from an unset variable of a script.
  bool has_since() const { return since_option->count() != 0; }

  bool only_tells() const { return list || !report.empty(); }

  bool keeps_index() const { return !series.empty() && (compare.empty() || compare == "index"); }
};

void describe(CLI::App& app, clone_arguments& a);

/// What is wrong with it, for people; empty where nothing is. Reads the files that it names.
std::string problem_of(clone_arguments& a);

output_options output_for(const clone_arguments& a);

} // namespace afio::cli
