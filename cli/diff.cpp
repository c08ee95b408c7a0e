// afio-diff: tells how trees differ.
#include "algorithms/compare_trees/compare_trees.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/aspects.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/rules.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/terminal.hpp"
#include "cli/common/told_differences.hpp"
#include "cli/common/tool.hpp"

#include <string>
#include <vector>

#include <unistd.h>

namespace afio::cli {

namespace {

using algorithms::compare_options;
using algorithms::compare_report;
using algorithms::stopped;

constexpr char examples[] = R"(Examples:
  afio-diff photos /backup/photos           sizes, times and all metadata
  afio-diff --compare=content a b           each byte, too
  afio-diff --base v1 mine theirs           what became of v1 in two trees
  afio-diff -0 a b > names                  the names alone, a NUL after each
Of several threads, lines come in no order: -j1 sorts.
Exit: 0 no difference, 1 some, 2 something could not be compared, or usage.
Read on: man afio-diff, docs/guide/updating.md)";

struct arguments {
  common_arguments common;
  std::string left;
  std::string right;
  std::string base;
  const CLI::Option* base_option = nullptr;
  std::string compare = "quick";
  aspect_list metadata;
  bool summary = false;
  rules which;

  /// Also an empty one, as from an unset variable of a script.
  bool has_base() const { return base_option->count() != 0; }
};

void describe(CLI::App& app, arguments& a) {
  app.add_option("A", a.left, "A tree, or any entry")->type_name("")->required();
  app.add_option("B", a.right, "What to compare it with")->type_name("")->required();
  a.base_option =
      app.add_option("--base", a.base, "The tree that both come from: what became of it")
          ->type_name("BASE");
  app.add_option("--compare", a.compare, "Files by: quick (size and time), content or hash")
      ->type_name("HOW")
      ->check(CLI::IsMember({"quick", "content", "hash"}));
  a.metadata.add_to(app, "--metadata", "What counts:");
  app.add_flag("--summary", a.summary, "Only how many there are of each kind");
  a.which.add_to(app);
  a.common.add_to(app);
  // It changes nothing, and entries that are the same are no news.
  for (const char* const none : {"--dry-run", "--verbose"}) app.remove_option(app.get_option(none));
  // What diff's users type: it is what happens anyway.
  app.add_flag("-r,--recursive,--no-dereference")->group("");
  app.footer(examples);
}

compare_options options_for(const arguments& a, const signals& interrupts,
                            algorithms::progress& done) {
  compare_options o;
  o.tree = a.common.for_trees(interrupts, done);
  if (a.compare == "content") o.entries.how = algorithms::comparing::content;
  if (a.compare == "hash") o.entries.how = algorithms::comparing::hash;
  o.filter = a.which.filter();
  o.entries.metadata = a.metadata.meant();
  o.entries.retry = a.common.retry_or(o.entries.retry);
  return o;
}

class diff {
public:
  diff(const arguments& a, output& out, const signals& interrupts)
      : arguments_(a),
        out_(out),
        interrupts_(interrupts),
        options_(options_for(a, interrupts, done_)),
        told_(out, {.left = a.left, .right = a.right}, a.has_base() ? 3U : 2U,
              a.summary || a.common.quiet ? telling::nothing
              : a.common.json             ? telling::json
              : a.common.null             ? telling::names
                                          : telling::lines) {}

  exit_code run() {
    {
      const shown_progress bar(arguments_.common, "comparing", {arguments_.left}, options_.tree,
                               out_);
      compare();
    }
    if (arguments_.summary && !arguments_.common.json) {
      out_.print(told_.summary(report_, columns_of(STDOUT_FILENO), palette_of_stdout()));
    }
    out_.summarize(report_.failures, done_.bytes.load(), told_.counts(report_));
    return final_status(out_, interrupts_, code(), exit_code::unusable);
  }

private:
  /// Directories are opened through symlinks, as diff does.
  void compare() {
    std::vector<std::string> paths{arguments_.left, arguments_.right};
    if (arguments_.has_base()) paths.insert(paths.begin(), arguments_.base);
    std::vector<path_handle> trees;
    for (const std::string& path : paths) {
      auto opened = open_directory(path);
      const bool no_tree = !opened && opened.assume_error() == std::errc::not_a_directory;
      if (no_tree && paths.size() == 2) return compare_two_entries();
      if (!opened) return fail("open", path, opened.assume_error());
      trees.push_back(std::move(opened).assume_value());
    }
    const auto root = [&](std::size_t i) { return algorithms::walk_root{&trees[i], paths[i]}; };
    take(paths.size() == 2
             ? algorithms::compare_trees(root(0), root(1), options_, told_, out_)
             : algorithms::compare_trees(root(0), root(1), root(2), options_, told_, out_));
  }

  void compare_two_entries() {
    const auto left = locate_by_any_name(arguments_.left);
    const auto right = locate_by_any_name(arguments_.right);
    if (!left) return fail("open", arguments_.left, left.assume_error());
    if (!right) return fail("open", arguments_.right, right.assume_error());
    take(algorithms::compare_entries(left.assume_value(), right.assume_value(), options_, told_));
  }

  void take(const result<compare_report>& done) {
    if (!done && algorithms::is_interruption(done.assume_error()))
      report_.stopped = stopped::by_request;
    else if (!done)
      return fail("compare", arguments_.left, done.assume_error());
    else
      report_ = done.assume_value();
    tell_stop(out_, report_.stopped);
  }

  void fail(std::string_view what, const std::string& path, const error& why) {
    ++report_.failures;
    out_.failed(what, path, why);
  }

  exit_code code() const {
    if (report_.failures != 0 || report_.stopped != stopped::no) return exit_code::unusable;
    return report_.differences() == 0 ? exit_code::done : exit_code::incomplete;
  }

  const arguments& arguments_;
  output& out_;
  const signals& interrupts_;
  algorithms::progress done_;
  compare_options options_;
  told_differences told_;
  compare_report report_;
};

std::string problem_of(arguments& a) { return a.which.read(); }

output_options output_for(const arguments& a) { return a.common.for_output({}); }

exit_code run(const arguments& a, output& out, const signals& interrupts) {
  return diff(a, out, interrupts).run();
}

} // namespace

} // namespace afio::cli

int main(int argc, char** argv) {
  using namespace afio::cli;
  return run_tool<arguments>(
      "afio-diff", "Tells how two trees differ, or what became of a base in both.", argc, argv);
}
