// afio-clone: incremental copies that share what has not changed.
#include "afio/quoted.hpp"
#include "algorithms/clone_tree/clone_tree.hpp"
#include "algorithms/clone_tree/series.hpp"
#include "algorithms/failure.hpp"
#include "cli/clone_arguments.hpp"
#include "cli/clone_list.hpp"
#include "cli/common/amounts.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/duration.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/listed.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/tool.hpp"

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>

namespace afio::cli {

namespace {

using algorithms::clone_options;
using algorithms::clone_report;
using algorithms::series_options;
using algorithms::series_report;

clone_options options_for(const clone_arguments& a, const signals& interrupts,
                          algorithms::progress& done) {
  clone_options o;
  o.tree = a.common.for_trees(interrupts, done);
  o.filter = a.which.filter();
  a.copying.apply_to(o.file);
  o.file.retry = a.common.retry_or(o.file.retry);
  if (a.compare == "content") o.how = algorithms::comparing::content;
  if (a.common.dry_run) o.doing = clone_options::doing::rehearse;
  if (a.share == "reflink") o.share = clone_options::sharing::reflinks;
  return o;
}

std::uint64_t entries_of(const clone_report& r) { return r.created + r.shared + r.linked; }

class clone {
public:
  clone(const clone_arguments& a, output& out, const signals& interrupts)
      : arguments_(a),
        out_(out),
        interrupts_(interrupts),
        options_(options_for(a, interrupts, done_)) {}

  exit_code run() {
    {
      const shown_progress bar(arguments_.common, "cloning", {arguments_.source}, options_.tree,
                               out_);
      clone_source();
    }
    if (!series_.name.empty()) say_what_was_made();
    out_.summarize(failures_ + missing_, report_.bytes,
                   {{"entries", entries_of(report_)},
                    {"shared", report_.shared},
                    {"bytes_shared", report_.bytes_shared},
                    {"reaped", series_.reaped}},
                   {{"name", series_.name}, {"previous", series_.previous}});
    return final_status(out_, interrupts_, code_);
  }

private:
  void clone_source() {
    const auto from = open_directory(arguments_.source); // Be it through a symlink.
    if (!from) return fail("clone", arguments_.source, from.assume_error());
    look_for_listed(from.assume_value());
    if (stops_for(missing_, options_.tree, out_)) return;
    arguments_.series.empty() ? clone_once(from.assume_value())
                              : clone_into_series(from.assume_value());
  }

  /// Tells which of the paths of --from-file are not there.
  void look_for_listed(const path_handle& from) {
    if (options_.filter == nullptr) return;
    missing_ = tell_missing(from, shown(), *options_.filter, leading::through_directories,
                            options_.tree.mounts, out_);
    if (missing_ != 0) code_ = exit_code::incomplete;
  }

  void clone_once(const path_handle& from) {
    const std::string& target = arguments_.target;
    const auto to = locate(without_slashes(target));
    if (!to) return fail_target(to.assume_error());
    path_handle previous;
    if (arguments_.has_since()) {
      auto opened = open_directory(arguments_.since);
      if (!opened) return fail("open", arguments_.since, opened.assume_error());
      previous = std::move(opened).assume_value();
      share_as_it_can(previous, to.assume_value().directory);
    }
    const auto cloned = algorithms::clone_tree(from, previous.is_open() ? &previous : nullptr,
                                               to.assume_value().directory, to.assume_value().name,
                                               shown(), options_, out_);
    if (!cloned) return refuse(cloned.assume_error());
    failures_ = cloned.assume_value().failures;
    take(cloned.assume_value(), cloned.assume_value().stopped);
    tell_left(out_, "cloned", target, report_.left_as);
  }

  /// auto: hard links where they can be, else blocks.
  void share_as_it_can(const path_handle& previous, const path_handle& to) {
    if (arguments_.share != "auto") return;
    const auto one = previous.identity(), other = to.identity();
    const bool can_link = one && other && one.assume_value().same_mount(other.assume_value());
    options_.share =
        can_link ? clone_options::sharing::hard_links : clone_options::sharing::reflinks;
  }

  /// The series may be a symlink to its directory: nothing but names of its own form goes there.
  void clone_into_series(const path_handle& from) {
    const auto series = open_directory(arguments_.series);
    if (!series) return fail("open", arguments_.series, series.assume_error());
    series_options how;
    how.clone = options_;
    how.missing = missing_;
    how.keep = arguments_.keep;
    if (!arguments_.keeps_index()) how.unchanged = series_options::knowing::by_comparison;
    if (!arguments_.wait.empty()) how.lock = deadline::in(*parse_duration(arguments_.wait));
    auto made = algorithms::clone_into_series(from, series.assume_value(), shown(),
                                              without_slashes(arguments_.series), how, out_);
    if (!made) return refuse_series(made.assume_error());
    series_ = std::move(made).assume_value();
    failures_ = series_.failures;
    take(series_.clone, series_.stopped);
    if (arguments_.keeps_index() && series_.without_index) tell_of_index(*series_.without_index);
    if (!report_.left_as) return;
    out_.note("nothing was published; the next run deletes what was cloned so far");
  }

  void tell_of_index(const error& why) {
    const bool gone = why == std::errc::no_such_file_or_directory;
    const bool of_less = why.native() == ENODATA;
    out_.note(std::string("the index of the series is ") +
              (gone      ? "missing"
               : of_less ? "of clones that kept less"
                         : "damaged") +
              ": files were compared by their contents");
  }

  void say_what_was_made() {
    const common_arguments& how = arguments_.common;
    if (how.quiet || how.json || how.null) return;
    std::string line = how.dry_run ? "would make " : "";
    line += series_.name + ": " + grouped(entries_of(report_)) + " entries, " +
            size_text(report_.bytes) + " new, " + size_text(report_.bytes_shared) + " shared";
    if (!series_.superseded.empty()) {
      line += (how.dry_run ? "; would delete " : "; deleted ") +
              grouped(series_.superseded.size()) + " older";
    }
    out_.print(line + '\n');
  }

  std::string shown() const { return without_slashes(arguments_.source); }

  void take(const clone_report& report, algorithms::stopped why) {
    report_ = report;
    code_ = code_of(failures_ + missing_, report.kept_changing, why);
    // What was asked for by name is not optional.
    if (arguments_.copying.missed(out_)) code_ = worse(code_, exit_code::incomplete);
    tell_stop(out_, why);
  }

  // Of what was not begun.

  void fail_target(const error& why) {
    const bool nameless = why == errc::refused;
    fail("create", arguments_.target, why, nameless ? "Refused: it has no name of its own" : "");
    if (nameless) code_ = exit_code::refused;
  }

  std::string inside_reason() const {
    return "Refused: it is " + afio::quoted(arguments_.source) +
           " itself, or lies in it (--exclude it, or name one on another file system)";
  }

  void refuse(const error& why) {
    const bool exists = why == std::errc::file_exists;
    const bool inside = why == errc::refused;
    const bool apart = why == std::errc::cross_device_link && arguments_.has_since();
    const std::string reason = exists   ? "It exists: a clone gets a new name"
                               : inside ? inside_reason()
                               : apart  ? "No hard link leads to it from " +
                                             afio::quoted(arguments_.since) +
                                             " on another file system or mount (--share=auto)"
                                       : "";
    fail("clone to", arguments_.target, why, reason);
    code_ = inside ? exit_code::refused : exists ? exit_code::unusable : code_;
  }

  void refuse_series(const error& why) {
    const std::string& series = arguments_.series;
    const bool held = why == std::errc::timed_out && why.name() == algorithms::series_lock;
    const bool inside = why == errc::refused;
    if (algorithms::is_interruption(why)) return out_.note("interrupted");
    const std::string reason =
        held ? "Another run is at work there and holds its lock, " +
                   afio::quoted(without_slashes(series) + "/" + algorithms::series_lock) +
                   "; nothing was done (--wait TIME waits for it)"
        : inside ? inside_reason()
                 : "";
    fail("clone into", series, why, reason);
    code_ = held ? exit_code::unusable : inside ? exit_code::refused : code_;
  }

  void fail(std::string_view what, const std::string& path, const error& why,
            std::string_view reason = {}) {
    ++failures_;
    out_.failed(what, path, why, reason);
    code_ = exit_code::incomplete;
  }

  const clone_arguments& arguments_;
  output& out_;
  const signals& interrupts_;
  algorithms::progress done_;
  clone_options options_;
  clone_report report_;
  series_report series_;
  std::uint64_t failures_ = 0;
  std::uint64_t missing_ = 0; // Paths of --from-file.
  exit_code code_ = exit_code::done;
};

} // namespace

exit_code run(const clone_arguments& a, output& out, const signals& interrupts) {
  const listing as = a.list ? listing::lines : listing::page;
  return a.only_tells() ? list_clones(a.series, a.common, as, out, interrupts)
                        : clone(a, out, interrupts).run();
}

} // namespace afio::cli

int main(int argc, char** argv) {
  using namespace afio::cli;
  return run_tool<clone_arguments>(
      "afio-clone", "Clones a directory: what has not changed since is shared with an older clone.",
      argc, argv);
}
