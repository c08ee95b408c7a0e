// afio-holes: shows the holes of files, and punches more.
#include "afio/file_handle.hpp"
#include "algorithms/holes/punch_holes.hpp"
#include "cli/common/amounts.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/tool.hpp"
#include "cli/common/turns.hpp"
#include "cli/holes_shown.hpp"

#include <string>
#include <utility>
#include <vector>

namespace afio::cli {

namespace {

using algorithms::punch_options;
using algorithms::punch_report;
using algorithms::stopped;

constexpr char examples[] = R"(Commands:
  list    the extents of each file: data and holes, where they are stored
  map     a picture of each file
  punch   make holes of long runs of zeros: no byte reads differently

Examples:
  afio-holes list disk.img
  afio-holes map --svg images > images.svg
  afio-holes punch -n /srv/images       what would be given back
Exit: 0 all done, 1 some failed or were in use, 2 usage.
Read on: man afio-holes, docs/guide/saving-space.md)";

struct arguments {
  common_arguments common;
  std::string command;
  std::vector<std::string> paths;
  std::uint64_t min_size = punch_options().min_size;
  bool svg = false;
};

void describe(CLI::App& app, arguments& a) {
  app.add_option("COMMAND", a.command, "list, map or punch")
      ->type_name("")
      ->required()
      ->check(CLI::IsMember({"list", "map", "punch"}));
  app.add_option("PATH", a.paths, "Files, or trees of them")->type_name("")->required();
  app.add_option("--min-size", a.min_size, "punch: the shortest run of zeros (128K)")
      ->type_name("SIZE")
      ->transform(as_size());
  app.add_flag("--svg", a.svg, "map: an SVG picture on stdout");
  a.common.add_to(app);
  app.footer(examples);
}

std::string problem_of(const arguments& a) {
  if (a.svg && a.command != "map") return "--svg is for map";
  if (a.common.json && a.command == "map") return "map has no --json: list has";
  if (a.common.null && a.command != "punch") return "-0 is for punch";
  if (a.min_size == 0) return "--min-size must not be 0";
  return {};
}

/// A tree, or a file, as a person named it: through symlinks.
struct target {
  path_handle directory; ///< The tree; or what the file is in.
  fs_handle file;        ///< Not open: it is a tree.
};

result<target> find(const std::string& path) noexcept {
  target found;
  auto tree = open_directory(path);
  if (tree) {
    found.directory = std::move(tree).assume_value();
    return found;
  }
  if (!(tree.assume_error() == std::errc::not_a_directory)) return std::move(tree).as_failure();
  AFIO_TRY(auto at, locate(path));
  AFIO_TRY(found.file, fs_handle::pin_target(at.directory, at.name));
  found.directory = std::move(at.directory);
  return found;
}

punch_options options_for(const arguments& a, const signals& interrupts,
                          algorithms::progress& done) {
  punch_options o;
  o.tree = a.common.for_trees(interrupts, done);
  o.min_size = a.min_size;
  o.retry = a.common.retry_or(o.retry);
  if (a.common.dry_run) o.doing = punch_options::doing::rehearse;
  return o;
}

class holes {
public:
  holes(const arguments& a, output& out, const signals& interrupts)
      : arguments_(a),
        out_(out),
        interrupts_(interrupts),
        options_(options_for(a, interrupts, done_)),
        shown_(a.svg                 ? shown_layouts::form::svg
               : a.common.json       ? shown_layouts::form::json
               : a.command == "list" ? shown_layouts::form::list
                                     : shown_layouts::form::bars,
               out) {}

  exit_code run() {
    {
      const shown_progress bar(arguments_.common, punches() ? "punching" : "looking at",
                               arguments_.paths, options_.tree, out_);
      for (const std::string& path : arguments_.paths) {
        if (turns_.go_on(sum_.failures)) work_on(path);
      }
    }
    if (!punches()) shown_.finish();
    tell_stop(out_, turns_.why_stopped());
    punches() ? summarize_punching() : summarize_showing();
    const bool all_done =
        sum_.failures == 0 && sum_.busy == 0 && turns_.why_stopped() == stopped::no;
    return final_status(out_, interrupts_, all_done ? exit_code::done : exit_code::incomplete);
  }

private:
  bool punches() const { return arguments_.command == "punch"; }

  void work_on(const std::string& path) {
    const auto found = find(path);
    if (!found) return fail("open", path, found.assume_error());
    const target& at = found.assume_value();
    if (punches()) return punch(path, at);
    if (at.file.is_open()) return show_file(path, at.file);
    const algorithms::walk_root root{&at.directory, path};
    const auto came = algorithms::list_layouts(root, options_.tree, shown_, out_);
    if (!came) return fail("open", path, came.assume_error());
    sum_.files += came.assume_value().files;
    sum_.failures += came.assume_value().failures;
    turns_.take(came.assume_value().stopped);
  }

  void punch(const std::string& path, const target& at) {
    const algorithms::walk_root root{&at.directory, path};
    const auto came = at.file.is_open() ? punch_holes(at.file, at.directory, path, options_, out_)
                                        : punch_holes(root, options_, out_);
    if (!came) return fail("open", path, came.assume_error());
    const punch_report& report = came.assume_value();
    sum_.files += report.files;
    sum_.punched += report.punched;
    sum_.bytes += report.bytes;
    sum_.busy += report.busy;
    sum_.failures += report.failures;
    turns_.take(report.stopped);
  }

  void show_file(const std::string& path, const fs_handle& pinned) {
    const auto layout = layout_of(pinned);
    if (!layout) return fail("open", path, layout.assume_error());
    ++sum_.files;
    shown_.found(path, layout.assume_value());
  }

  static result<algorithms::file_layout> layout_of(const fs_handle& pinned) noexcept {
    AFIO_TRY(const stat_t status, pinned.stat());
    AFIO_TRY(const auto file,
             file_handle::file(pinned, status, {.access_time = access_time::keep}));
    return algorithms::layout_of(file);
  }

  void fail(std::string_view what, const std::string& path, const error& why) {
    ++sum_.failures;
    out_.failed(what, path, why);
  }

  void summarize_punching() {
    const common_arguments& how = arguments_.common;
    if (!how.quiet && !how.json && !how.null) {
      std::string text = how.dry_run ? "would punch " : "punched ";
      text += size_text(sum_.bytes) + " in " + grouped(sum_.punched) + " of " +
              grouped(sum_.files) + " files";
      if (sum_.busy != 0) text += ", " + grouped(sum_.busy) + " in use";
      out_.print(text + "\n");
    }
    out_.summarize(sum_.failures, sum_.bytes,
                   {{"punched", sum_.punched}, {"files", sum_.files}, {"busy", sum_.busy}});
  }

  void summarize_showing() {
    const layout_sums& sums = shown_.sums();
    out_.summarize(sum_.failures, {},
                   {{"files", sum_.files},
                    {"data", sums.data},
                    {"shared", sums.shared},
                    {"holes", sums.holes},
                    {"allocated", sums.allocated}});
  }

  const arguments& arguments_;
  output& out_;
  const signals& interrupts_;
  algorithms::progress done_;
  punch_options options_;
  shown_layouts shown_;
  turns turns_{options_.tree};
  punch_report sum_; ///< Of all paths.
};

output_options output_for(const arguments& a) { return a.common.for_output({}); }

exit_code run(const arguments& a, output& out, const signals& interrupts) {
  return holes(a, out, interrupts).run();
}

} // namespace

} // namespace afio::cli

int main(int argc, char** argv) {
  using namespace afio::cli;
  return run_tool<arguments>(
      "afio-holes", "Shows which parts of files are holes, and makes holes of zeros.", argc, argv);
}
