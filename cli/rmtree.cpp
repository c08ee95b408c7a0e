// afio-rmtree: deletes directory trees.
#include "afio/random_name.hpp"
#include "algorithms/ancestor.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/copying.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/tool.hpp"
#include "cli/common/turns.hpp"

#include <string>
#include <utility>
#include <vector>

namespace afio::cli {

namespace {

using algorithms::remove_options;
using algorithms::remove_report;
using algorithms::stopped;

constexpr char examples[] = R"(Examples:
  afio-rmtree build/                delete a tree
  afio-rmtree --contents cache      empty it, keep the directory
  afio-rmtree -n old | less         see what would go
Exit: 0 all gone, 1 some failed, 2 usage, 3 refused.
Read on: man afio-rmtree, docs/guide/clean-up.md)";

struct arguments {
  common_arguments common;
  std::vector<std::string> paths;
  std::vector<std::string> reap;
  bool ignore_missing = false;
  bool contents = false;
  bool hide = false;
  bool all_or_nothing = false;
  bool force_permissions = false;
};

void describe(CLI::App& app, arguments& a) {
  app.add_option("PATH", a.paths)->type_name("");
  app.add_flag("-f,--force", a.ignore_missing, "Say nothing of paths that do not exist");
  auto* const contents =
      app.add_flag("--contents", a.contents, "Delete what is in PATH, keep PATH");
  auto* const hide =
      app.add_flag("--hide", a.hide, "Rename PATH to a random name first")->excludes(contents);
  app.add_flag("--all-or-nothing", a.all_or_nothing, "Delete nothing unless all can be deleted")
      ->excludes(contents)
      ->excludes(hide);
  app.add_option("--reap", a.reap, "Finish what killed runs left in DIR")
      ->type_name("DIR")
      ->allow_extra_args(false);
  app.add_flag("--force-permissions", a.force_permissions, "Open up directories of your own");
  a.common.add_to(app);
  // What rm's users type: it is what happens anyway.
  app.add_flag("-r,-R,--recursive,-x,--one-file-system")->group("");
  app.footer(examples);
}

/// Why `path` was refused.
std::string reason_for_refusal(const std::string& path) {
  const std::string_view name = path_view(path).filename();
  if (name == "." || name == "..") {
    return "\".\" and \"..\" are not names (give the directory's own, or --contents)";
  }
  if (is_random_name(name)) {
    return "a killed run may have left it (--reap of its directory finishes it)";
  }
  const auto at = open_directory(path);
  const auto top = at ? algorithms::is_root(at.assume_value()) : result<bool>(false);
  if (top && top.assume_value()) return "it is the root of the file system";
  return "the working directory is in it (change to another one first)";
}

/// `directory` as it can be pasted after a command; empty where that would take quoting.
std::string_view pasteable(std::string_view directory) noexcept {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+-";
  const bool is_plain =
      directory.find_first_not_of(plain) == directory.npos && !directory.starts_with('-');
  return is_plain ? directory : std::string_view();
}

remove_options options_for(const arguments& a, const signals& interrupts,
                           algorithms::progress& done) {
  remove_options o;
  o.tree = a.common.for_trees(interrupts, done);
  o.retry = a.common.retry_or(o.retry);
  if (a.common.dry_run) o.doing = remove_options::doing::rehearse;
  if (a.hide) o.hide = remove_options::hide::first;
  if (a.all_or_nothing) o.extent = remove_options::extent::all_or_nothing;
  if (a.force_permissions) o.permissions = remove_options::permissions::force;
  return o;
}

class rmtree {
public:
  rmtree(const arguments& a, output& out, const signals& interrupts)
      : arguments_(a),
        out_(out),
        interrupts_(interrupts),
        options_(options_for(a, interrupts, done_)) {}

  exit_code run() {
    {
      // What --reap will find is not known.
      const auto total =
          arguments_.reap.empty() ? shown_progress::total::counted : shown_progress::total::unknown;
      const shown_progress bar(arguments_.common, "deleting", arguments_.paths, options_.tree, out_,
                               total);
      for (const std::string& dir : arguments_.reap) {
        if (turns_.go_on(failures_)) reap(dir);
      }
      for (const std::string& path : arguments_.paths) {
        if (turns_.go_on(failures_)) remove(path);
      }
    }
    tell_the_rest();
    if (turns_.why_stopped() != stopped::no) code_ = worse(code_, exit_code::incomplete);
    out_.summarize(failures_);
    return final_status(out_, interrupts_, code_);
  }

private:
  void remove(const std::string& path) {
    if (arguments_.contents) return take(path, remove_contents_of(path));
    const auto at = locate(path);
    if (!at) return take(path, at.as_failure());
    const location& where = at.assume_value();
    take(path, remove_tree(where.directory, where.name, without_slashes(path), options_, out_));
  }

  result<remove_report> remove_contents_of(const std::string& path) {
    AFIO_TRY(const path_handle dir, open_directory_itself(path));
    return remove_contents(dir, path, options_, out_);
  }

  void reap(const std::string& path) {
    const auto dir = open_directory_itself(path);
    if (!dir) return take(path, dir.as_failure());
    take(path, algorithms::reap(dir.assume_value(), path, options_, out_));
  }

  /// Takes in what came of one argument.
  void take(const std::string& path, const result<remove_report>& came) {
    if (!came) return fail(path, came.assume_error());
    const remove_report& report = came.assume_value();
    failures_ += report.failures;
    deleted_ += report.deleted;
    turns_.take(report.stopped);
    if (report.failures != 0) code_ = worse(code_, exit_code::incomplete);
    if (report.left_as) left_.emplace_back(path, std::string(report.left_as->view()));
  }

  /// What a person has to know before the next command.
  void tell_the_rest() {
    const std::string so_far = arguments_.common.dry_run
                                   ? "the list is incomplete"
                                   : std::to_string(deleted_) + " deleted, the rest is left";
    tell_stop(out_, turns_.why_stopped(), ": " + so_far);
    for (const auto& [path, now] : left_) {
      const std::string directory = without_slashes(beside(path, ""));
      out_.left(path, beside(path, now), pasteable(directory));
    }
  }

  void fail(const std::string& path, const error& why) {
    if (arguments_.ignore_missing && why == std::errc::no_such_file_or_directory) return;
    ++failures_;
    const bool refused = why == errc::refused;
    out_.failed("delete", path, why,
                refused ? "Refused: " + reason_for_refusal(path) : std::string());
    code_ = worse(code_, refused ? exit_code::refused : exit_code::incomplete);
  }

  const arguments& arguments_;
  output& out_;
  const signals& interrupts_;
  algorithms::progress done_;
  remove_options options_;
  turns turns_{options_.tree};
  std::uint64_t deleted_ = 0;
  std::uint64_t failures_ = 0;
  std::vector<std::pair<std::string, std::string>> left_; ///< What of, and its name now.
  exit_code code_ = exit_code::done;
};

std::string problem_of(const arguments& a) {
  // Of `--reap */` the shell makes one DIR, and of the others what is to be deleted.
  if (!a.paths.empty() && !a.reap.empty())
    return "--reap takes one DIR, and no PATH beside it: --reap a --reap b";
  const bool none = a.paths.empty() && a.reap.empty();
  // As rm -f: nothing to do is fine for scripts.
  return none && !a.ignore_missing ? "nothing to delete: name a PATH (see afio-rmtree --help)" : "";
}

output_options output_for(const arguments& a) {
  return a.common.for_output({algorithms::event_kind::deleted, algorithms::event_kind::moved});
}

exit_code run(const arguments& a, output& out, const signals& interrupts) {
  return rmtree(a, out, interrupts).run();
}

} // namespace

} // namespace afio::cli

int main(int argc, char** argv) {
  using namespace afio::cli;
  return run_tool<arguments>(
      "afio-rmtree", "Deletes directory trees: nothing outside them, whatever changes meanwhile.",
      argc, argv);
}
