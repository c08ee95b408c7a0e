#include "cli/common/arguments.hpp"

#include "afio/quoted.hpp"
#include "cli/common/amounts.hpp"
#include "cli/common/command_line.hpp"
#include "cli/common/duration.hpp"
#include "cli/common/exit_code.hpp"
#include "cli/common/help_page.hpp"
#include "cli/common/terminal.hpp"
#include "cli/common/version.hpp"

#include <CLI/CLI.hpp>

#include <cctype>
#include <cstdio>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace afio::cli {

namespace {

/// Alone on the command line, it prints the table of options. The build asks for it; it is not one
/// of the options itself, nor promised to anyone.
constexpr std::string_view describe_options = "--describe-options";

/// The message of a usage error, which may repeat any byte of the command line.
std::string for_terminal(const std::string& text) {
  const std::string safe = afio::quoted(text);
  return safe.substr(1, safe.size() - 2);
}

/// "The following …" becomes "the following …"; "DST is …" and "A is …" begin with a name and stay.
std::string as_clause(std::string text) {
  const auto is_lower = [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; };
  if (text.size() > 1 && is_lower(text[1]))
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

} // namespace

void common_arguments::add_to(CLI::App& app) {
  const auto flag = [&](const char* names, bool& to, const char* help) {
    return app.add_flag(names, to, help)->group(common_group);
  };
  const auto option = [&](const char* names, auto& to, const char* value, const char* help) {
    return app.add_option(names, to, help)->type_name(value)->group(common_group);
  };
  flag("-n,--dry-run", dry_run, "Say what it would do");
  flag("-v,--verbose", verbose, "Tell of every entry");
  flag("-q,--quiet", quiet, "Only the exit status");
  option("-j,--threads", threads, "N", "1 to 1024 workers")
      ->check(CLI::Range(1U, 1024U).description(""));
  option("--progress", progress, "WHEN", "auto, always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  auto* const as_json = flag("--json", json, "JSON Lines on stdout");
  flag("-0,--null", null, "Names, ended by NULs")->excludes(as_json);
  flag("--cross-mounts", cross_mounts, "Enter other mounts");
  option("--deadline", deadline, "TIME", "Stop after 90s, 1h30m")->check(check_duration);
  option("--retry", retry, "TIME", "Try again for so long")->check(check_duration);
  option("--on-error", on_error, "WHAT", "continue or stop")
      ->check(CLI::IsMember({"continue", "stop"}));
  option("--log-file", log_file, "FILE", "Append events to FILE")->check(check_not_empty);
  app.set_version_flag("--version", app.get_name() + " " + version, "Print the version")
      ->group(common_group);
  app.set_help_flag("-h,--help", "Print this page")->group(common_group);
}

output_options common_arguments::for_output(std::vector<algorithms::event_kind> counted) const {
  return {.verbose = verbose || dry_run || null,
          .quiet = quiet,
          .json = json,
          .null = null,
          .dry_run = dry_run,
          .counted = std::move(counted),
          .log_file = log_file};
}

algorithms::tree_options common_arguments::for_trees(const signals& interrupts,
                                                     algorithms::progress& done) const {
  algorithms::tree_options options;
  options.stop = interrupts.token();
  options.counters = &done;
  options.threads = threads;
  options.mounts = cross_mounts ? crossing::any_mount : crossing::same_mount;
  options.on_failure =
      on_error == "stop" ? algorithms::on_failure::stop : algorithms::on_failure::proceed;
  if (!deadline.empty()) options.deadline = afio::deadline::in(*parse_duration(deadline));
  return options;
}

afio::deadline common_arguments::retry_or(afio::deadline otherwise) const {
  return retry.empty() ? otherwise : afio::deadline::in(*parse_duration(retry));
}

std::string check_not_empty(const std::string& text) {
  return text.empty() ? "the value is empty" : "";
}

CLI::Validator as_size() {
  const auto convert = [](std::string& text) -> std::string {
    const auto bytes = parse_size(text);
    if (!bytes) return "'" + text + "' is not a size: write 4096, 64K, 1M or 2G";
    text = std::to_string(*bytes);
    return {};
  };
  return {convert, ""};
}

bool common_arguments::wants_progress() const {
  if (progress != "auto") return progress == "always";
  return is_capable_terminal(STDERR_FILENO) && !quiet && !verbose && !dry_run && !null;
}

namespace {

/// Help and its like, to stdout.
int print_page(const CLI::App& app, const std::string& page) {
  std::fwrite(page.data(), 1, page.size(), stdout);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
  std::fprintf(stderr, "%s: could not write all output\n", app.get_name().c_str());
  return static_cast<int>(exit_code::incomplete);
}

} // namespace

std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == describe_options)
    return print_page(app, option_table(app));
  try {
    app.parse(command_line(app, argc, argv));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return print_page(app, help_page(app));
  } catch (const CLI::CallForVersion& e) {
    return print_page(app, std::string(e.what()) + '\n');
  } catch (const CLI::ParseError& e) {
    const std::string why = as_clause(for_terminal(e.what()));
    const char* const tool = app.get_name().c_str();
    std::fprintf(stderr, "%s: %s\n%s: see %s --help\n", tool, why.c_str(), tool, tool);
    return static_cast<int>(exit_code::unusable);
  }
}

} // namespace afio::cli
