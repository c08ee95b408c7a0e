#include "cli/common/arguments.hpp"

#include "cli/common/duration.hpp"
#include "cli/common/exit_code.hpp"
#include "cli/common/version.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

namespace afio::cli {

namespace {

/// Empty where `text` is a duration, else what is wrong with it.
std::string check_duration(const std::string& text) {
  if (parse_duration(text)) return {};
  return "'" + text + "' is not a duration: write 90s, 1.5s, 250ms, 10m or 1h30m";
}

} // namespace

void common_arguments::add_to(CLI::App& app) {
  app.add_flag("-n,--dry-run", dry_run, "Say what would be done, do nothing (implies -v)");
  app.add_flag("-v,--verbose", verbose, "Print a line for every entry");
  app.add_flag("-q,--quiet", quiet, "Print no failures; the exit status still tells");
  app.add_option("-j,--threads", threads, "Workers (default: the processors available)")
      ->type_name("N")
      ->check(CLI::Range(1U, 1024U));
  app.add_option("--progress", progress, "auto, always or never: a bar on stderr")
      ->type_name("WHEN")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.add_flag("--json", json, "One JSON object a line on stdout, last a summary");
  app.add_flag("--cross-mounts", cross_mounts, "Enter other mounts, devices and subvolumes");
  app.add_option("--deadline", deadline, "Begin nothing new after so long (90s, 10m, 1h30m)")
      ->type_name("TIME")
      ->check(check_duration);
  app.add_option("--retry", retry, "Try busy entries again for so long")
      ->type_name("TIME")
      ->check(check_duration);
  app.add_option("--on-error", on_error, "continue or stop at the first failure")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"continue", "stop"}));
  app.add_option("--log-file", log_file, "Append what happened to FILE")->type_name("FILE");
  app.set_version_flag("--version", app.get_name() + " " + version);
  app.set_help_flag("-h,--help", "This page");
}

output_options common_arguments::for_output(const std::string& tool) const {
  return {tool, verbose || dry_run, quiet, json, log_file};
}

algorithms::tree_options common_arguments::for_trees() const {
  algorithms::tree_options options;
  options.threads = threads;
  options.mounts = cross_mounts ? crossing::any_mount : crossing::same_mount;
  options.on_failure =
      on_error == "stop" ? algorithms::on_failure::stop : algorithms::on_failure::proceed;
  if (!deadline.empty()) options.deadline = afio::deadline::in(*parse_duration(deadline));
  return options;
}

afio::deadline common_arguments::retry_deadline() const {
  return afio::deadline::in(retry.empty() ? std::chrono::nanoseconds::zero()
                                          : *parse_duration(retry));
}

bool common_arguments::wants_progress() const {
  if (progress == "auto") return ::isatty(STDERR_FILENO) == 1 && !quiet && !verbose && !dry_run;
  return progress == "always";
}

std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    const int status = app.exit(e);
    return status == 0 ? 0 : static_cast<int>(exit_code::unusable);
  }
}

} // namespace afio::cli
