// afio-mvtree: moves directory trees.
#include "afio/quoted.hpp"
#include "afio/stat.hpp"
#include "algorithms/move_tree/move_tree.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/copying.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/tool.hpp"

#include <string>
#include <vector>

namespace afio::cli {

namespace {

using algorithms::move_options;
using algorithms::move_report;
using algorithms::stopped;

constexpr char examples[] = R"(Examples:
  afio-mvtree photos /mnt/disk/photos   anywhere; a copy is verified first
  afio-mvtree --merge new old           into a tree that is there
  afio-mvtree -n a b | less             see what would be done
Exit: 0 all moved, 1 some stayed, 2 usage, 3 refused, 4 a source kept changing.
Read on: man afio-mvtree, docs/guide/copying.md)";

struct arguments {
  common_arguments common;
  copying_arguments copying{.sync = "files"};
  std::string source;
  std::string target;
  bool merge = false;
  bool exchange = false;
};

void describe(CLI::App& app, arguments& a) {
  app.add_option("SRC", a.source)->type_name("")->required();
  app.add_option("DST", a.target, "The new name itself, not a directory to put SRC in")
      ->type_name("")
      ->required();
  auto* const merge = app.add_flag("--merge", a.merge, "DST may exist: replace files one by one");
  app.add_flag("--exchange", a.exchange, "SRC and DST swap names")->excludes(merge);
  a.copying.add_to(app);
  a.common.add_to(app);
  app.footer(examples);
}

move_options options_for(const arguments& a, const signals& interrupts,
                         algorithms::progress& done) {
  move_options o;
  o.tree = a.common.for_trees(interrupts, done);
  a.copying.apply_to(o.file);
  o.file.retry = a.common.retry_or(o.file.retry);
  if (a.common.dry_run) o.doing = move_options::doing::rehearse;
  if (a.merge) o.existing = move_options::existing::merge;
  if (a.exchange) o.existing = move_options::existing::exchange;
  return o;
}

class mvtree {
public:
  mvtree(const arguments& a, output& out, const signals& interrupts)
      : arguments_(a),
        source_(without_slashes(a.source)),
        target_(without_slashes(a.target)),
        out_(out),
        interrupts_(interrupts),
        options_(options_for(a, interrupts, done_)) {}

  exit_code run() {
    {
      const shown_progress bar(arguments_.common, "moving", {source_}, options_.tree, out_);
      move();
    }
    out_.summarize(report_.failures, report_.bytes);
    return final_status(out_, interrupts_, code_);
  }

private:
  void move() {
    const auto from = locate(arguments_.source);
    if (!from) return fail_to_locate(source_, from.assume_error());
    const auto to = locate(target_);
    if (!to) return fail_to_locate(target_, to.assume_error());
    const location& source = from.assume_value();
    const location& target = to.assume_value();
    const auto moved = move_tree(source.directory, source.name, target.directory, target.name,
                                 {source_, target_}, options_, out_);
    if (!moved) {
      const error& why = moved.assume_error();
      const bool lacks_target = why == std::errc::no_such_file_or_directory &&
                                why.name() == target.name.view() &&
                                why.name() != source.name.view();
      return fail(lacks_target ? target_ : blamed_for(why), why);
    }
    take(moved.assume_value());
    tell_rest(source);
  }

  void take(const move_report& report) {
    report_ = report;
    code_ = code_of(report.failures, report.kept_changing, report.stopped);
    if (report.source_kept) {
      code_ = worse(code_, exit_code::incomplete);
      out_.note("the copy is complete, and nothing of " + afio::quoted(source_) +
                " was deleted, because something could not be kept (--preserve says what must be)");
    }
    tell_stop(out_, report.stopped, where_it_stands());
    tell_left(out_, "copied", target_, report.left_as);
  }

  /// What failures have left in the source.
  void tell_rest(const location& source) {
    const bool told_otherwise =
        report_.stopped != stopped::no || report_.left_as || report_.source_kept;
    if (report_.failures == 0 || told_otherwise || arguments_.common.dry_run) return;
    stat_t rest;
    if (!rest.stamp(source.directory, source.name, want::type)) return; // All has moved.
    out_.note("what was named stays in " + afio::quoted(source_) +
              ": the same command with --merge moves it");
  }

  std::string where_it_stands() const {
    return report_.left_as ? ": nothing has moved"
                           : ": the same command with --merge moves the rest";
  }

  /// What one of the two ends an error is about.
  const std::string& blamed_for(const error& why) const {
    const bool target = why == std::errc::file_exists || why == std::errc::is_a_directory ||
                        why == std::errc::not_a_directory || why == errc::refused;
    return target ? target_ : source_;
  }

  void fail_to_locate(const std::string& path, const error& why) {
    const bool unnamed = why == errc::refused;
    fail(path, why, unnamed ? "Refused: \".\", \"..\" and \"/\" are not names" : "");
  }

  void fail(const std::string& path, const error& why, std::string reason = {}) {
    ++report_.failures;
    const bool refused = why == errc::refused;
    const bool exists = why == std::errc::file_exists;
    if (refused && reason.empty())
      reason = "Refused: it is " + afio::quoted(source_) + " itself, or lies in it";
    if (exists)
      reason = "It exists (--merge moves into it, --exchange swaps the two; DST is the new name "
               "itself, not a directory to put SRC in)";
    if (arguments_.exchange && why == std::errc::cross_device_link)
      reason = "The two are on different file systems, mounts or subvolumes";
    if (arguments_.exchange && why == std::errc::no_such_file_or_directory)
      reason = why.code().message() + " (--exchange takes two that are there)";
    out_.failed("move", path, why, reason);
    code_ = refused ? exit_code::refused : exists ? exit_code::unusable : exit_code::incomplete;
  }

  const arguments& arguments_;
  const std::string source_;
  const std::string target_;
  output& out_;
  const signals& interrupts_;
  algorithms::progress done_;
  move_options options_;
  move_report report_;
  exit_code code_ = exit_code::done;
};

std::string problem_of(const arguments&) { return {}; }

output_options output_for(const arguments& a) {
  using algorithms::event_kind;
  return a.common.for_output({event_kind::moved, event_kind::created, event_kind::replaced,
                              event_kind::linked, event_kind::deleted});
}

exit_code run(const arguments& a, output& out, const signals& interrupts) {
  return mvtree(a, out, interrupts).run();
}

} // namespace

} // namespace afio::cli

int main(int argc, char** argv) {
  using namespace afio::cli;
  return run_tool<arguments>(
      "afio-mvtree",
      "Moves trees anywhere: by a rename, or a copy that is verified before SRC goes.", argc, argv);
}
