// What main() is in each tool.
#pragma once

#include "cli/common/arguments.hpp"
#include "cli/common/exit_code.hpp"
#include "cli/common/output.hpp"
#include "cli/common/process.hpp"
#include "cli/common/signals.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

namespace afio::cli {

/// All that a tool does but for its work; what main() returns. `about` is the first line of --help.
/// Beside the type of its arguments, the tool has for it:
///  - describe(app, arguments): adds its options;
///  - problem_of(arguments): what is wrong with a command line of valid options, for people; empty
///    where nothing is;
///  - output_for(arguments): how it tells of its work; its name is filled in here;
///  - run(arguments, out, interrupts): the work, and what it came to.
template <class Arguments>
int run_tool(const char* name, const char* about, int argc, char** argv) noexcept try {
  prepare_process(); // Before any thread and any file.
  CLI::App app(about, name);
  Arguments a;
  describe(app, a);
  if (const auto status = parse(app, argc, argv)) return *status;
  if (const std::string wrong = problem_of(a); !wrong.empty()) {
    std::fprintf(stderr, "%s: %s\n", name, wrong.c_str());
    return static_cast<int>(exit_code::unusable);
  }
  signals interrupts; // Before any other thread.
  output_options how = output_for(a);
  how.tool = name;
  output out(std::move(how));
  if (!out.has_opened_log()) return static_cast<int>(exit_code::unusable);
  return static_cast<int>(run(a, out, interrupts));

} catch (const std::exception& e) {

  // No memory, or no thread: libraries return errors, so this is of the tool itself.
  std::fprintf(stderr, "%s: stopped, and not all may be done: %s\n", name, e.what());
  return static_cast<int>(exit_code::unusable);
}

} // namespace afio::cli
