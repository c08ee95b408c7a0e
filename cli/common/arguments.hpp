// The options that all tools have.
#pragma once

#include "algorithms/options.hpp"
#include "cli/common/output.hpp"
#include "cli/common/signals.hpp"

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Validator;
} // namespace CLI

namespace afio::cli {

struct common_arguments {
  bool dry_run = false;
  bool verbose = false;
  bool quiet = false;
  bool json = false;
  bool null = false;
  bool cross_mounts = false;
  unsigned threads = 0;
  std::string progress = "auto";
  std::string on_error = "continue";
  std::string deadline;
  std::string retry;
  std::string log_file;

  /// Adds the options to `app`. *this must outlive the parse.
  void add_to(CLI::App& app);

  /// `counted`: what the summary of --json counts.
  output_options for_output(std::vector<algorithms::event_kind> counted) const;
  /// For work that `interrupts` stop and that is counted in `done`.
  algorithms::tree_options for_trees(const signals& interrupts, algorithms::progress& done) const;
  /// --retry, where it was given.
  afio::deadline retry_or(afio::deadline otherwise) const;
  bool wants_progress() const;
};

/// For the value of an option which nothing follows from if it is empty, as from an unset variable
/// of a script: that is a usage error.
std::string check_not_empty(const std::string& text);

/// For the value of an option: "4096", "64K" or "1M", units of 1024, becomes a number of bytes.
/// Anything else is a usage error, also what is below zero.
CLI::Validator as_size();

/// Parses; prints help, version and usage errors. Nothing: go on. Else the exit status.
std::optional<int> parse(CLI::App& app, int argc, char** argv);

} // namespace afio::cli
