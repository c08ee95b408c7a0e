// afio-hardlinks: tells which names are names of one inode.
#include "algorithms/hardlinks/names_of.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/rules.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/told_links.hpp"
#include "cli/common/tool.hpp"

#include <list>
#include <string>
#include <vector>

namespace afio::cli {

namespace {

using algorithms::hardlinks_options;
using algorithms::link_group;
using algorithms::stopped;

constexpr char examples[] = R"(Examples:
  afio-hardlinks /srv/data                groups of names of one inode
  afio-hardlinks --incomplete snap.1      what it shares with what is elsewhere
  afio-hardlinks --of notes.txt           all names of that file
  afio-hardlinks -0 --of notes.txt | xargs -0 ls -li
Exit: 0 all done (--of: every name was found), 1 something could not be read
(--of: a name was not found), 2 usage or no FILE. Nothing is changed.
Read on: man afio-hardlinks, docs/guide/hard-links.md)";

struct arguments {
  common_arguments common;
  std::vector<std::string> trees;
  std::string file;
  const CLI::Option* of = nullptr;
  std::uint64_t min_size = 0;
  bool complete = false;
  bool incomplete = false;
  bool summary = false;
  rules which;

  /// Also an empty one, as from an unset variable of a script.
  bool has_file() const { return of->count() != 0; }
};

void describe(CLI::App& app, arguments& a) {
  app.add_option("TREE", a.trees, "Where to look")->type_name("");
  auto* const of =
      app.add_option("--of", a.file, "All names of FILE, in TREEs or anywhere")->type_name("FILE");
  a.of = of;
  auto* const complete =
      app.add_flag("--complete", a.complete, "Only inodes that have no names elsewhere");
  auto* const incomplete =
      app.add_flag("--incomplete", a.incomplete, "Only inodes that have names elsewhere")
          ->excludes(complete);
  auto* const min_size =
      app.add_option("--min-size", a.min_size, "Only inodes of so many bytes (4096, 64K, 1M)")
          ->type_name("SIZE")
          ->transform(as_size());
  for (CLI::Option* const other : {complete, incomplete, min_size}) other->excludes(of);
  app.add_flag("--summary", a.summary, "Only how many there are");
  a.which.add_to(app);
  a.common.add_to(app);
  // It changes nothing, tries nothing again, and names are what it prints anyway.
  for (const char* const none : {"--dry-run", "--verbose", "--retry"})
    app.remove_option(app.get_option(none));
  app.get_option("--null")->description("Names, ended by NULs");
  // What find's and rm's users type: it is what happens anyway.
  app.add_flag("-x,--one-file-system")->group("");
  app.footer(examples);
}

/// What is wrong with the command line, for people; empty if nothing is.
std::string problem_of(arguments& a) {
  if (std::string wrong = a.which.read(); !wrong.empty()) return wrong;
  if (a.trees.empty() && !a.has_file()) return "name a TREE, or --of FILE";
  if (a.trees.empty() && a.which.filter() != nullptr)
    return "patterns and lists are about TREEs: name one";
  return {};
}

class hardlinks {
public:
  hardlinks(const arguments& a, output& out, const signals& interrupts)
      : arguments_(a), out_(out), interrupts_(interrupts), told_(out, telling_of(a)) {
    options_.tree = a.common.for_trees(interrupts, done_);
    options_.filter = a.which.filter();
    options_.min_size = a.min_size;
  }

  exit_code run() {
    {
      const auto total =
          arguments_.has_file() ? shown_progress::total::unknown : shown_progress::total::counted;
      const shown_progress bar(arguments_.common, "looking at", arguments_.trees, options_.tree,
                               out_, total);
      open_trees();
      if (arguments_.has_file())
        find_names();
      else
        find_groups();
    }
    if (arguments_.summary && !arguments_.common.json) out_.print(told_.summary());
    out_.summarize(failures_, told_.bytes(), told_.counts());
    return final_status(out_, interrupts_, code_);
  }

private:
  static telling_links telling_of(const arguments& a) {
    if (a.summary || a.common.quiet) return telling_links::nothing;
    if (a.common.json) return telling_links::json;
    if (a.common.null) return a.has_file() ? telling_links::names : telling_links::groups_of_names;
    return a.has_file() ? telling_links::quoted_names : telling_links::lines;
  }

  /// Through symlinks, as find does with a slash behind the name.
  void open_trees() {
    for (const std::string& path : arguments_.trees) {
      auto opened = open_directory(path);
      if (!opened) {
        fail("open", path, opened.assume_error());
        continue;
      }
      opened_.push_back(std::move(opened).assume_value());
      roots_.push_back({&opened_.back(), path});
    }
  }

  void find_groups() {
    const auto found = algorithms::find_hardlinks(roots_, options_, out_);
    if (!found) return fail("look at", arguments_.trees.front(), found.assume_error());
    const auto& report = found.assume_value();
    take(report.failures, report.stopped);
    for (const link_group& group : report.groups) {
      const bool wanted = group.elsewhere() == 0 ? !arguments_.incomplete : !arguments_.complete;
      if (wanted) told_.tell(group);
    }
  }

  void find_names() {
    const std::string& path = arguments_.file;
    const auto file = locate(path);
    if (!file) return fail_to_start(path, file.assume_error());
    const auto& at = file.assume_value();
    const auto found = arguments_.trees.empty() ? algorithms::names_of(at, options_, out_)
                                                : algorithms::names_of(at, roots_, options_, out_);
    if (!found) return fail_to_start(path, found.assume_error());
    const auto& report = found.assume_value();
    take(report.failures, report.stopped);
    told_.tell(report);
    // Where all are found, what could not be read holds none of them.
    code_ = report.missing() == 0 ? exit_code::done : exit_code::incomplete;
    if (report.missing() != 0)
      out_.note(std::to_string(report.missing()) + " of " + std::to_string(report.file.links) +
                " names not found");
  }

  /// What came of looking at all trees.
  void take(std::uint64_t failures, stopped why) {
    failures_ += failures;
    if (failures != 0 || why != stopped::no) code_ = worse(code_, exit_code::incomplete);
    tell_stop(out_, why);
  }

  void fail(std::string_view what, const std::string& path, const error& why) {
    ++failures_;
    out_.failed(what, path, why);
    code_ = worse(code_, exit_code::incomplete);
  }

  void fail_to_start(const std::string& path, const error& why) {
    ++failures_;
    const bool directory = why == errc::refused || why == std::errc::is_a_directory;
    out_.failed("find the names of", path, why, directory ? "A directory has one name only" : "");
    code_ = exit_code::unusable;
  }

  const arguments& arguments_;
  output& out_;
  const signals& interrupts_;
  told_links told_;
  hardlinks_options options_;
  algorithms::progress done_;
  std::list<path_handle> opened_; // They stay where they are.
  std::vector<algorithms::walk_root> roots_;
  std::uint64_t failures_ = 0;
  exit_code code_ = exit_code::done;
};

output_options output_for(const arguments& a) { return a.common.for_output({}); }

exit_code run(const arguments& a, output& out, const signals& interrupts) {
  return hardlinks(a, out, interrupts).run();
}

} // namespace

} // namespace afio::cli

int main(int argc, char** argv) {
  using namespace afio::cli;
  return run_tool<arguments>(
      "afio-hardlinks", "Tells which names in trees are names of one inode, or all names of one.",
      argc, argv);
}
