// afio-rmtree: deletes directory trees.
#include "algorithms/remove_tree/remove_tree.hpp"
#include "algorithms/summarize.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/arguments.hpp"
#include "cli/common/exit_code.hpp"
#include "cli/common/output.hpp"
#include "cli/common/process.hpp"
#include "cli/common/progress_bar.hpp"
#include "cli/common/signals.hpp"

#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace afio::cli {

namespace {

using algorithms::remove_options;
using algorithms::remove_report;

constexpr char examples[] = R"(Examples:
  afio-rmtree build/                 delete a tree
  afio-rmtree --contents cache       empty it, keep the directory
  afio-rmtree -n old | less          see what would go
  afio-rmtree --hide --deadline 1m x gone from sight at once, deleted within a minute

Exit: 0 all gone, 1 some entries failed, 2 usage, 3 refused, 130/143 interrupted.
Stays on the mount and subvolume of each PATH. More: man afio-rmtree)";

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
  app.add_option("PATH", a.paths, "What to delete")->type_name("");
  app.add_flag("-f,--force", a.ignore_missing, "Say nothing of paths that do not exist");
  app.add_flag("--contents", a.contents, "Delete what is in PATH, keep PATH");
  app.add_flag("--hide", a.hide, "Rename PATH to a random name first");
  app.add_flag("--all-or-nothing", a.all_or_nothing, "Delete nothing unless all can be deleted");
  app.add_option("--reap", a.reap, "Finish what killed runs left in DIR")->type_name("DIR");
  app.add_flag("--force-permissions", a.force_permissions, "Open up directories of your own");
  a.common.add_to(app);
  // What rm's users type: it is what happens anyway.
  app.add_flag("-r,-R,--recursive,-x,--one-file-system")->group("");
  app.footer(examples);
}

/// Totals for the bar: names are counted on a thread of their own beside the deletion.
class counting_beside {
public:
  counting_beside(const std::vector<std::string>& paths, algorithms::tree_options how)
      : how_(std::move(how)), counter_([this, &paths] { count(paths); }) {}

  ~counting_beside() {
    stop_.request_stop();
    counter_.join();
  }

  const algorithms::progress& total() const noexcept { return total_; }

  const std::atomic<bool>& is_final() const noexcept { return final_; }

private:
  void count(const std::vector<std::string>& paths) {
    how_.threads = 1;
    how_.counters = &total_;
    how_.stop = stop_.get_token();
    algorithms::observer nobody; // The deletion tells of the same failures.
    for (const std::string& path : paths) {
      ++total_.entries;
      const auto at = open_directory(path);
      if (at) (void)summarize({&at.assume_value(), {}}, algorithms::counting::names, how_, nobody);
    }
    final_.store(!stop_.stop_requested());
  }

  algorithms::tree_options how_;
  algorithms::progress total_;
  std::atomic<bool> final_{false};
  std::stop_source stop_;
  std::thread counter_;
};

class rmtree {
public:
  rmtree(const arguments& a, output& out, signals& interrupts)
      : arguments_(a), out_(out), interrupts_(interrupts) {
    options_.tree = a.common.for_trees();
    options_.tree.stop = interrupts.token();
    options_.tree.counters = &done_;
    options_.retry = a.common.retry_deadline();
    if (a.common.dry_run) options_.doing = remove_options::doing::rehearse;
    if (a.hide) options_.hide = remove_options::hide::first;
    if (a.all_or_nothing) options_.extent = remove_options::extent::all_or_nothing;
    if (a.force_permissions) options_.permissions = remove_options::permissions::force;
  }

  exit_code run() {
    const auto start = std::chrono::steady_clock::now();
    {
      std::unique_ptr<counting_beside> count;
      std::unique_ptr<progress_bar> bar;
      if (arguments_.common.wants_progress()) {
        count = std::make_unique<counting_beside>(arguments_.paths, options_.tree);
        bar = std::make_unique<progress_bar>("deleting", done_, count->total(), count->is_final());
        out_.draw_with(bar.get());
      }
      for (const std::string& dir : arguments_.reap) reap(dir);
      for (const std::string& path : arguments_.paths) remove(path);
      out_.draw_with(nullptr);
    }
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    out_.summarize(failures_, spent.count());
    return status();
  }

private:
  void remove(const std::string& path) {
    if (arguments_.contents) return take(path, remove_contents_of(path));
    const auto at = locate(path);
    if (!at) return take(path, at.as_failure());
    const location& where = at.assume_value();
    std::string shown = path;
    while (shown.size() > 1 && shown.ends_with('/')) shown.pop_back();
    take(path, remove_tree(where.directory, where.name, shown, options_, out_));
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
    if (report.failures != 0) code_ = worse(code_, exit_code::incomplete);
    if (report.stopped == algorithms::stopped::no) return;
    code_ = worse(code_, exit_code::incomplete);
    if (report.stopped == algorithms::stopped::by_deadline) {
      out_.say("stopped by --deadline before all was deleted");
    }
  }

  void fail(const std::string& path, const error& why) {
    if (arguments_.ignore_missing && why == std::errc::no_such_file_or_directory) return;
    ++failures_;
    out_.failed("delete", path, why);
    code_ = worse(code_, why == errc::refused ? exit_code::refused : exit_code::incomplete);
  }

  exit_code status() {
    if (interrupts_.received() == 2) return exit_code::interrupted;
    if (interrupts_.received() != 0) return exit_code::terminated;
    if (!out_.ok()) {
      out_.say("could not write all output");
      return worse(code_, exit_code::incomplete);
    }
    return code_;
  }

  const arguments& arguments_;
  output& out_;
  signals& interrupts_;
  remove_options options_;
  algorithms::progress done_;
  std::uint64_t failures_ = 0;
  exit_code code_ = exit_code::done;
};

int run(int argc, char** argv) {
  CLI::App app("Deletes directory trees: nothing outside them, whatever changes meanwhile.",
               "afio-rmtree");
  arguments a;
  describe(app, a);
  if (const auto status = parse(app, argc, argv)) return *status;
  prepare_process();  // Before any thread.
  signals interrupts; // Before any other thread.
  output out(a.common.for_output("afio-rmtree"));
  if (!out.log_error().empty()) {
    out.say("cannot open the log file: " + out.log_error());
    return static_cast<int>(exit_code::unusable);
  }
  if (a.paths.empty() && a.reap.empty()) {
    if (a.ignore_missing) return 0; // As rm -f: nothing to do is fine for scripts.
    out.say("nothing to delete: name a PATH (--help shows examples)");
    return static_cast<int>(exit_code::unusable);
  }
  if (a.all_or_nothing && (a.contents || a.hide)) {
    out.say("--all-or-nothing goes with neither --contents nor --hide");
    return static_cast<int>(exit_code::unusable);
  }
  return static_cast<int>(rmtree(a, out, interrupts).run());
}

} // namespace

} // namespace afio::cli

int main(int argc, char** argv) { return afio::cli::run(argc, argv); }
