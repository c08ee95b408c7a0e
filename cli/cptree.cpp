// afio-cptree: copies directory trees.
#include "afio/quoted.hpp"
#include "afio/random_name.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "algorithms/summarize.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/copying.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/linking.hpp"
#include "cli/common/listed.hpp"
#include "cli/common/rules.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/tool.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace afio::cli {

namespace {

using algorithms::copy_options;
using algorithms::copy_report;

constexpr char examples[] = R"(Examples:
  afio-cptree photos /backup/photos            an exact copy, seen when complete
  afio-cptree --merge --exclude '*.o' src dst  into a tree that is there
  afio-cptree --sync=all --verify a b          durable, and read back
  afio-cptree -n a b | less                    see what would be done
Exit: 0 all copied, 1 some failed, 2 usage, 3 refused, 4 a source kept changing.
Read on: man afio-cptree, docs/guide/copying.md)";

using algorithms::reflink;
const std::map<std::string, reflink> reflinks{
    {"auto", reflink::automatic}, {"always", reflink::always}, {"never", reflink::never}};

using algorithms::sparse;
const std::map<std::string, sparse> sparses{
    {"auto", sparse::automatic}, {"always", sparse::always}, {"never", sparse::never}};

struct arguments {
  common_arguments common;
  std::string source;
  std::string target;
  copying_arguments copying;
  linking_arguments linking;
  std::string reflink = "auto";
  std::string sparse = "auto";
  bool merge = false;
  bool verify = false;
  bool all_or_nothing = false;
  rules which;
};

void describe(CLI::App& app, arguments& a) {
  app.add_option("SRC", a.source)->type_name("")->required();
  app.add_option("DST", a.target, "The copy's own name, not a directory to put it in")
      ->type_name("")
      ->required();
  auto* const merge = app.add_flag("--merge", a.merge, "DST may exist: replace files one by one");
  app.add_flag("--all-or-nothing", a.all_or_nothing, "No DST unless every entry was copied")
      ->excludes(merge);
  app.add_flag("--verify", a.verify, "Read both back and compare");
  a.copying.add_to(app);
  app.add_option("--reflink", a.reflink, "Share blocks: auto, always or never")
      ->type_name("WHEN")
      ->check(CLI::IsMember(&reflinks));
  app.add_option("--sparse", a.sparse, "Holes: auto, always (zeros too) or never")
      ->type_name("WHEN")
      ->check(CLI::IsMember(&sparses));
  a.linking.add_to(app);
  a.which.add_to(app);
  a.common.add_to(app);
  // What cp's users type: it is what happens anyway.
  app.add_flag("-a,--archive,-r,-R,--recursive,-x,--one-file-system")->group("");
  app.footer(examples);
}

/// What does not go together, for people; empty where all does.
std::string contradiction(const arguments& a) {
  const auto& preserve = a.copying.preserve.words;
  const bool names_links = std::find(preserve.begin(), preserve.end(), "links") != preserve.end();
  if (names_links && a.linking.parts_hardlinks())
    return "--dereference=hardlinks leaves none for --preserve=links";
  if (!a.linking.link.empty()) {
    if (a.verify) return "--link makes no copies for --verify";
    if (a.reflink == "always") return "--link makes no copies for --reflink=always";
    if (a.sparse == "always") return "--link makes no copies for --sparse=always";
  }
  return a.linking.contradiction();
}

copy_options options_for(const arguments& a, const signals& interrupts,
                         algorithms::progress& done) {
  copy_options o;
  o.tree = a.common.for_trees(interrupts, done);
  o.filter = a.which.filter();
  a.copying.apply_to(o.file);
  o.file.reflink = reflinks.at(a.reflink);
  o.file.sparse = sparses.at(a.sparse);
  a.linking.apply_to(o);
  if (a.verify) o.file.verify = algorithms::copy_file_options::verify::contents;
  o.file.retry = a.common.retry_or(o.file.retry);
  if (a.common.dry_run) o.doing = copy_options::doing::rehearse;
  if (a.merge) o.existing = copy_options::existing::merge;
  if (a.all_or_nothing) o.extent = copy_options::extent::all_or_nothing;
  return o;
}

class cptree {
public:
  cptree(const arguments& a, output& out, const signals& interrupts)
      : arguments_(a),
        out_(out),
        interrupts_(interrupts),
        options_(options_for(a, interrupts, done_)) {}

  exit_code run() {
    {
      const shown_progress bar(arguments_.common, "copying", {arguments_.source}, options_.tree,
                               out_);
      copy();
    }
    out_.summarize(report_.failures + missing_, report_.bytes);
    return final_status(out_, interrupts_, code_);
  }

private:
  void copy() {
    const std::string shown = without_slashes(arguments_.source);
    const auto from = locate_by_any_name(arguments_.source);
    if (!from) return fail_source(from.assume_error());
    const auto to = locate(without_slashes(arguments_.target));
    if (!to) return fail_target(to.assume_error());
    const location& source = from.assume_value();
    const location& target = to.assume_value();
    look_for_listed(source, shown);
    if (missing_ != 0 && arguments_.all_or_nothing) return;
    if (stops_for(missing_, options_.tree, out_)) return;
    const auto copied = copy_tree(source.directory, source.name, target.directory, target.name,
                                  shown, options_, out_);
    if (copied) return take(copied.assume_value());
    const error& why = copied.assume_error();
    is_about_target(why) ? fail_target(why) : fail_source(why);
  }

  /// Tells which of the paths of --from-file are not there.
  void look_for_listed(const location& source, const std::string& shown) {
    if (options_.filter == nullptr) return;
    const bool follows = arguments_.linking.follows_symlinks();
    const auto root = follows
                          ? path_handle::path(source.directory, path_view(source.name.name()))
                          : path_handle::path(source.directory, source.name, crossing::any_mount);
    if (!root) return; // No directory, or the copy will say why.
    missing_ = tell_missing(root.assume_value(), shown, *options_.filter,
                            follows ? leading::through_symlinks : leading::through_directories,
                            options_.tree.mounts, out_);
    if (missing_ != 0) code_ = exit_code::incomplete;
  }

  void take(const copy_report& report) {
    report_ = report;
    code_ = code_of(report.failures + missing_, report.kept_changing, report.stopped);
    // What was asked for by name is not optional.
    if (arguments_.copying.missed(out_)) code_ = worse(code_, exit_code::incomplete);
    tell_stop(out_, report.stopped);
    tell_left(out_, "copied", arguments_.target, report.left_as);
  }

  void fail_source(const error& why) {
    ++report_.failures;
    const bool refused = why == errc::refused;
    out_.failed(
        "copy", arguments_.source, why,
        refused
            ? "Refused: every DST lies in the root directory; copy what is in it, or see afio-clone"
            : "");
    code_ = refused ? exit_code::refused : exit_code::incomplete;
  }

  void fail_target(const error& why) {
    ++report_.failures;
    const bool refused = why == errc::refused;
    const bool exists = why == std::errc::file_exists;
    out_.failed("create", arguments_.target, why, reason_about_target(why));
    code_ = refused ? exit_code::refused : exists ? exit_code::unusable : exit_code::incomplete;
  }

  /// Where the error does not say it well itself.
  std::string reason_about_target(const error& why) const {
    const std::string itself = "name the copy itself, not the directory to put it in";
    if (why == errc::refused && !is_leaf_name(path_view(arguments_.target).filename()))
      return "Refused: it has no name of its own (" + itself + ")";
    if (why == errc::refused)
      return "Refused: it is " + afio::quoted(arguments_.source) + " itself, or lies in it";
    if (why == std::errc::file_exists) return "It exists (--merge copies into it; " + itself + ")";
    if (why.origin() != call::verify) return {};
    if (why == std::errc::is_a_directory)
      return "It is a directory, and SRC is not (" + itself + ")";
    if (why == std::errc::not_a_directory) return "It is not a directory, and SRC is";
    return {};
  }

  /// Of the two that a command names.
  static bool is_about_target(const error& why) {
    switch (why.origin()) {
    case call::mkdirat:
    case call::mknodat:
    case call::linkat:
    case call::symlinkat:
    case call::renameat2:
    case call::fchmodat2:
    case call::fremovexattr:
      return true;
    case call::verify:
      return why == std::errc::file_exists || why == std::errc::is_a_directory ||
             why == std::errc::not_a_directory || why == errc::refused;
    default:
      return is_random_name(why.name());
    }
  }

  const arguments& arguments_;
  output& out_;
  const signals& interrupts_;
  algorithms::progress done_;
  copy_options options_;
  copy_report report_;
  std::uint64_t missing_ = 0; // Paths of --from-file.
  exit_code code_ = exit_code::done;
};

std::string problem_of(arguments& a) {
  const std::string wrong = contradiction(a);
  return wrong.empty() ? a.which.read() : wrong;
}

output_options output_for(const arguments& a) {
  using algorithms::event_kind;
  return a.common.for_output({event_kind::created, event_kind::replaced, event_kind::linked});
}

exit_code run(const arguments& a, output& out, const signals& interrupts) {
  return cptree(a, out, interrupts).run();
}

} // namespace

} // namespace afio::cli

int main(int argc, char** argv) {
  using namespace afio::cli;
  return run_tool<arguments>(
      "afio-cptree", "Copies trees exactly: all metadata, nothing half done, though they change.",
      argc, argv);
}
