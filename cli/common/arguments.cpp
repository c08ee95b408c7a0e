#include "cli/common/arguments.hpp"

#include "afio/quoted.hpp"
#include "cli/common/amounts.hpp"
#include "cli/common/duration.hpp"
#include "cli/common/exit_code.hpp"
#include "cli/common/version.hpp"

#include <CLI/CLI.hpp>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

#include <unistd.h>

namespace afio::cli {

namespace {

/// Empty where `text` is a duration, else what is wrong with it.
std::string check_duration(const std::string& text) {
  if (parse_duration(text)) return {};
  return "'" + text + "' is not a duration: write 90s, 1.5s, 250ms, 10m or 1h30m";
}

/// `check` without the description that CLI11 would add to the option's type.
CLI::Validator plainly(CLI::Validator check) { return check.description(""); }

/// Without what CLI11 adds to an option's line, and the second blank line it leaves before a
/// footer.
class help_page final : public CLI::Formatter {
public:
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return {};
    const bool several = option->get_positional() && option->get_expected_max() > 1;
    return ' ' + option->get_type_name() + (several ? "..." : "");
  }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string page = Formatter::make_help(app, std::move(name), mode);
    for (auto at = page.find("\n\n\n"); at != page.npos; at = page.find("\n\n\n", at))
      page.erase(at, 1);
    return page;
  }
};

/// The message of a usage error, which may repeat any byte of the command line.
std::string for_terminal(const std::string& text) {
  const std::string safe = afio::quoted(text);
  return safe.substr(1, safe.size() - 2);
}

} // namespace

void common_arguments::add_to(CLI::App& app) {
  app.add_flag("-n,--dry-run", dry_run, "Only say what would be done");
  app.add_flag("-v,--verbose", verbose, "Print a line for every entry");
  app.add_flag("-q,--quiet", quiet, "Only the exit status tells");
  app.add_option("-j,--threads", threads, "1 to 1024 (default: the processors available)")
      ->type_name("N")
      ->check(plainly(CLI::Range(1U, 1024U)));
  app.add_option("--progress", progress, "A bar on stderr: auto, always or never")
      ->type_name("WHEN")
      ->check(plainly(CLI::IsMember({"auto", "always", "never"})));
  auto* const as_json =
      app.add_flag("--json", json, "One JSON object a line on stdout, last a summary");
  app.add_flag("-0,--null", null, "-v with names as they are, each ended by a NUL")
      ->excludes(as_json);
  app.add_flag("--cross-mounts", cross_mounts, "Enter other mounts, devices and subvolumes");
  app.add_option("--deadline", deadline, "Begin nothing new after so long (90s, 10m, 1h30m)")
      ->type_name("TIME")
      ->check(check_duration);
  app.add_option("--retry", retry, "Try busy or changing entries again for so long")
      ->type_name("TIME")
      ->check(check_duration);
  app.add_option("--on-error", on_error, "At the first failure: continue or stop")
      ->type_name("WHAT")
      ->check(plainly(CLI::IsMember({"continue", "stop"})));
  app.add_option("--log-file", log_file, "Append what happened to FILE")->type_name("FILE");
  app.set_version_flag("--version", app.get_name() + " " + version, "Print the version");
  app.set_help_flag("-h,--help", "This page");
}

output_options common_arguments::for_output(const std::string& tool,
                                            std::vector<algorithms::event_kind> counted) const {
  return {.tool = tool,
          .verbose = verbose || dry_run || null,
          .quiet = quiet,
          .json = json,
          .null = null,
          .dry_run = dry_run,
          .counted = std::move(counted),
          .log_file = log_file};
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
  const char* const terminal = std::getenv("TERM");
  const bool can_clear = terminal != nullptr && std::string_view(terminal) != "dumb";
  return can_clear && ::isatty(STDERR_FILENO) == 1 && !quiet && !verbose && !dry_run && !null;
}

namespace {

/// Help or version, to stdout.
int print_page(const CLI::App& app, const CLI::ParseError& asked) {
  std::ostringstream page;
  app.exit(asked, page, page);
  const std::string text = page.str();
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
  std::fprintf(stderr, "%s: could not write all output\n", app.get_name().c_str());
  return static_cast<int>(exit_code::incomplete);
}

} // namespace

std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  app.formatter(std::make_shared<help_page>());
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return print_page(app, e);
    std::string why = for_terminal(e.what());
    why[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(why[0])));
    const std::string tool = app.get_name();
    std::fprintf(stderr, "%s: %s\n%s: see %s --help\n", tool.c_str(), why.c_str(), tool.c_str(),
                 tool.c_str());
    return static_cast<int>(exit_code::unusable);
  }
}

} // namespace afio::cli
