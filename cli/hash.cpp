// afio-hash: SpookyHash V2 of files and trees.
#include "afio/quoted.hpp"
#include "algorithms/hash/hash_tree.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/caching.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/json_line.hpp"
#include "cli/common/rules.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/tool.hpp"
#include "cli/common/turns.hpp"
#include "cli/common/whole_file.hpp"
#include "cli/hash_check.hpp"
#include "cli/hash_list.hpp"

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace afio::cli {

namespace {

using algorithms::hash_options;
using algorithms::hash_report;
using algorithms::stopped;

constexpr char examples[] = R"(Examples:
  afio-hash photos > photos.spooky          a line for each file
  afio-hash -q --check photos.spooky        which are not what they were
  afio-hash --cache=ea photos               and read only what has changed since
  afio-hash -0 photos | sort -z -k2 > list  by name
The hash finds accidents; against forgeries, use sha256sum.
Exit: 0 all done, 1 a file could not be read or is not what --check says,
2 usage, 4 files kept changing. Read on: man afio-hash, docs/guide/checksums.md)";

struct arguments {
  common_arguments common;
  std::vector<std::string> paths;
  std::string check;
  std::string list; ///< What is in the file `check`.
  caching cache;
  rules which;
};

void describe(CLI::App& app, arguments& a) {
  auto* const paths = app.add_option("PATH", a.paths, "Trees and files")->type_name("");
  auto* const check =
      app.add_option("--check", a.check, "Whether files are what FILE lists; - is stdin")
          ->type_name("FILE")
          ->excludes(paths);
  a.cache.add_to(app)->excludes(check);
  a.which.add_to(app);
  a.common.add_to(app);
  // It changes nothing that could be tried, and prints a line for each file anyway.
  for (const char* const none : {"--dry-run", "--verbose"}) app.remove_option(app.get_option(none));
  app.get_option("--null")->description("Lines end with NULs");
  app.get_option("--quiet")->description("Only what has failed");
  app.footer(examples);
}

hash_options options_for(const arguments& a, const signals& interrupts,
                         algorithms::progress& done) {
  hash_options o;
  o.tree = a.common.for_trees(interrupts, done);
  o.filter = a.which.filter();
  o.caching = a.cache.meant();
  o.retry = a.common.retry_or(o.retry);
  return o;
}

class hashing final : public algorithms::hash_listener {
public:
  hashing(const arguments& a, output& out, const signals& interrupts)
      : arguments_(a),
        out_(out),
        interrupts_(interrupts),
        options_(options_for(a, interrupts, done_)) {}

  exit_code run() {
    {
      const shown_progress bar(arguments_.common, "hashing", arguments_.paths, options_.tree, out_);
      for (const std::string& path : arguments_.paths) {
        if (turns_.go_on(report_.failures)) hash(path);
      }
    }
    tell_stop(out_, turns_.why_stopped());
    out_.summarize(report_.failures, report_.bytes,
                   {{"hashed", report_.files}, {"cached", report_.from_cache}});
    return final_status(out_, interrupts_,
                        code_of(report_.failures, report_.kept_changing, turns_.why_stopped()));
  }

  void hashed(const algorithms::hashed_entry& e) noexcept override try {
    if (arguments_.common.json) {
      return out_.print(json_line("hashed")
                            .name("path", e.path)
                            .text("hash", hex_of(e.is.hash))
                            .number("size", static_cast<std::int64_t>(e.is.size))
                            .boolean("cached", e.is.from_cache)
                            .str());
    }
    if (arguments_.common.quiet) return;
    out_.print(line_of({e.is.hash, std::string(e.path)},
                       arguments_.common.null ? hash_lines::nul : hash_lines::newline));

  } catch (const std::exception&) {

    out_.spoil(); // No memory for a line: the exit status tells.
  }

private:
  /// Directories are opened through symlinks, as are files.
  void hash(const std::string& path) {
    const auto opened = open_directory(path);
    if (opened)
      take(path, algorithms::hash_tree({&opened.assume_value(), path}, options_, *this, out_));
    else if (opened.assume_error() == std::errc::not_a_directory)
      take(path, algorithms::hash_file(path_handle::working_directory(), path, options_, *this));
    else
      fail("open", path, opened.assume_error());
  }

  void take(const std::string& path, const result<hash_report>& done) {
    if (!done && algorithms::is_interruption(done.assume_error()))
      return turns_.take(stopped::by_request);
    if (!done) return fail("hash", path, done.assume_error());
    const hash_report& one = done.assume_value();
    report_.files += one.files;
    report_.bytes += one.bytes;
    report_.from_cache += one.from_cache;
    report_.failures += one.failures;
    report_.kept_changing += one.kept_changing;
    turns_.take(one.stopped);
  }

  void fail(std::string_view what, const std::string& path, const error& why) {
    ++report_.failures;
    report_.kept_changing += why == errc::kept_changing ? 1 : 0;
    out_.failed(what, path, why);
  }

  const arguments& arguments_;
  output& out_;
  const signals& interrupts_;
  algorithms::progress done_;
  hash_options options_;
  turns turns_{options_.tree};
  hash_report report_; ///< Of all paths.
};

exit_code check(const arguments& a, output& out, const signals& interrupts) {
  algorithms::progress done;
  const check_options how{.hashing = options_for(a, interrupts, done),
                          .lines = a.common.null ? hash_lines::nul : hash_lines::newline,
                          .only_failures = a.common.quiet,
                          .json = a.common.json};
  const check_report report = check_list(a.list, a.check, how, out);
  tell_stop(out, report.stopped);
  if (report.mismatches != 0)
    out.note(std::to_string(report.mismatches) + " of " + std::to_string(report.files) +
             " files are not what the list says");
  out.summarize(report.failures, done.bytes.load(),
                {{"checked", report.files},
                 {"mismatches", report.mismatches},
                 {"malformed", report.malformed}});
  if (report.files + report.failures == 0) out.note("nothing in the list");
  exit_code code = code_of(report.failures + report.mismatches + report.malformed,
                           report.kept_changing, report.stopped);
  if (report.files == 0) code = worse(code, exit_code::incomplete);
  return final_status(out, interrupts, code);
}

std::string problem_of(arguments& a) {
  if (a.paths.empty() && a.check.empty()) return "name a PATH, or --check FILE";
  if (a.check.empty()) return a.which.read();
  if (a.which.any_given())
    return "--check takes all that the list names: no --exclude and its like";
  auto text = contents_of(a.check);
  if (!text)
    return "cannot read " + afio::quoted(a.check) + ": " + text.assume_error().code().message();
  a.list = std::move(text).assume_value();
  return {};
}

output_options output_for(const arguments& a) { return a.common.for_output({}); }

exit_code run(const arguments& a, output& out, const signals& interrupts) {
  return a.check.empty() ? hashing(a, out, interrupts).run() : check(a, out, interrupts);
}

} // namespace

} // namespace afio::cli

int main(int argc, char** argv) {
  using namespace afio::cli;
  return run_tool<arguments>(
      "afio-hash", "Prints the SpookyHash V2 of files, remembers it, and checks it.", argc, argv);
}
