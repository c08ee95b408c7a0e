// afio-dedupe: makes files of equal contents one, or lets them share their blocks.
#include "algorithms/dedupe/dedupe.hpp"

#include "cli/common/amounts.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/aspects.hpp"
#include "cli/common/caching.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/rules.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/tool.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace afio::cli {

namespace {

using algorithms::dedupe_by;
using algorithms::dedupe_options;
using algorithms::dedupe_plan;
using algorithms::dedupe_report;
using algorithms::event_kind;
using algorithms::stopped;

constexpr char examples[] = R"(Examples:
  afio-dedupe -n photos                see what is there twice
  afio-dedupe photos                   share blocks where that can be, else link
  afio-dedupe --link=hard a b          of both trees: names of one file
  afio-dedupe -n -0 new | xargs -0r ls -ld
With hard links, what is written to one name is in all. Every byte is compared.
Exit: 0 all done, 1 some failed or were in use, 2 usage or no TREE.
Read on: man afio-dedupe, docs/guide/saving-space.md)";

const std::map<std::string, dedupe_by> ways{
    {"auto", dedupe_by::automatic}, {"hard", dedupe_by::linking}, {"reflink", dedupe_by::sharing}};

const std::map<std::string, algorithms::keep> keeps{{"oldest", algorithms::keep::oldest},
                                                    {"newest", algorithms::keep::newest},
                                                    {"first", algorithms::keep::first},
                                                    {"most-linked", algorithms::keep::most_names}};

struct arguments {
  common_arguments common;
  std::vector<std::string> trees;
  std::string link = "auto";
  std::string keep = "oldest";
  aspect_list match{{"mode", "ownership", "xattr", "acl"}};
  std::uint64_t min_size = 1;
  bool all_owners = false;
  caching cache;
  rules which;
};

void describe(CLI::App& app, arguments& a) {
  app.add_option("TREE", a.trees, "Directories, looked through as one")->type_name("")->required();
  app.add_option("--link", a.link, "How: hard, reflink, or auto: reflink, else hard")
      ->type_name("HOW")
      ->check(CLI::IsMember(&ways));
  app.add_option("--keep", a.keep, "Which stays: oldest, newest, first, most-linked")
      ->type_name("WHICH")
      ->check(CLI::IsMember(&keeps));
  // Flags and links are not compared.
  a.match.add_to(app, "--match", "What must be equal, too:", {"flags", "links"});
  app.add_option("--min-size", a.min_size, "Leave smaller files alone (4096, 64K, 1M)")
      ->type_name("SIZE")
      ->transform(as_size());
  app.add_flag("--all-owners", a.all_owners, "Also files of other users than yourself");
  a.cache.add_to(app);
  a.which.add_to(app);
  a.common.add_to(app);
  app.footer(examples);
}

dedupe_options options_for(const arguments& a, const signals& interrupts,
                           algorithms::progress& done) {
  dedupe_options o;
  o.tree = a.common.for_trees(interrupts, done);
  o.filter = a.which.filter();
  o.match = a.match.meant();
  o.by = ways.at(a.link);
  o.keep = keeps.at(a.keep);
  o.min_size = a.min_size;
  o.caching = a.cache.meant();
  o.retry = a.common.retry_or(o.retry);
  if (!a.all_owners) o.owner = ::geteuid();
  return o;
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view several) {
  return grouped(number) + ' ' + std::string(number == 1 ? one : several);
}

class deduplication {
public:
  deduplication(const arguments& a, output& out, const signals& interrupts)
      : arguments_(a),
        out_(out),
        interrupts_(interrupts),
        options_(options_for(a, interrupts, done_)) {}

  exit_code run() {
    {
      const shown_progress bar(arguments_.common, "looking at", arguments_.trees, options_.tree,
                               out_);
      deduplicate();
    }
    out_.summarize(failures_, done_.bytes.load(),
                   {{"files", files_},
                    {"groups", groups_},
                    {"duplicates", duplicates_},
                    {"merged", report_.files},
                    {"reclaimed", report_.reclaimed},
                    {"changed", report_.changed},
                    {"busy", report_.busy}});
    if (failures_ != 0 || report_.busy != 0) code_ = worse(code_, exit_code::incomplete);
    return final_status(out_, interrupts_, code_);
  }

private:
  void deduplicate() {
    std::vector<path_handle> handles;
    std::vector<algorithms::walk_root> trees;
    handles.reserve(arguments_.trees.size());
    for (const std::string& path : arguments_.trees) {
      auto opened = open_directory_itself(path);
      if (!opened) return refuse(path, opened.assume_error());
      handles.push_back(std::move(opened).assume_value());
      trees.push_back({&handles.back(), path});
    }
    const auto found = algorithms::find_duplicates(trees, options_, out_);
    if (!found) return refuse(arguments_.trees.front(), found.assume_error());
    const dedupe_plan& plan = found.assume_value();
    files_ = plan.files;
    groups_ = plan.groups();
    duplicates_ = plan.duplicates;
    failures_ += plan.failures;
    if (plan.stopped != stopped::no) return stop(plan.stopped);
    arguments_.common.dry_run ? show(plan) : carry_out(plan);
  }

  /// What carrying it out would tell.
  void show(const dedupe_plan& plan) {
    const bool shares = options_.by == dedupe_by::sharing;
    for (std::size_t i = 0; i < plan.groups(); ++i) {
      const algorithms::duplicate_group group = plan.group(i);
      report_.reclaimed += group.reclaimable(options_.by);
      const std::string& kept = group.files.front().paths.front();
      for (const auto& file : std::span(group.files).subspan(1)) {
        for (const std::string& path : file.paths)
          out_.happened(
              {shares ? event_kind::shared : event_kind::linked, path, file_type::regular, kept});
      }
    }
    if (duplicates_ == 0) return tell(found());
    report_.files = duplicates_;
    const bool either = options_.by == dedupe_by::automatic;
    tell(found() + ": " + size_text(report_.reclaimed) + " would be given back" +
         (either ? " (names are linked only where blocks cannot be shared)" : ""));
  }

  void carry_out(const dedupe_plan& plan) {
    options_.tree.deadline = limit_.rest(); // What finding has left of it.
    const auto done = algorithms::dedupe(plan, options_, out_);
    if (!done) return refuse(arguments_.trees.front(), done.assume_error());
    report_ = done.assume_value();
    failures_ += report_.failures;
    if (duplicates_ == 0) return tell(found());
    std::string text = found() + ": " +
                       counted(report_.files, "file was merged", "files were merged") + ", " +
                       size_text(report_.reclaimed) + " given back";
    if (report_.changed != 0)
      text += ", " + counted(report_.changed, "has changed meanwhile", "have changed meanwhile");
    if (report_.busy != 0) text += ", " + grouped(report_.busy) + " in use";
    if (report_.failures != 0) text += ", " + grouped(report_.failures) + " failed";
    tell(text);
    if (report_.stopped != stopped::no) stop(report_.stopped);
  }

  std::string found() const {
    if (duplicates_ == 0) return "no duplicates in " + counted(files_, "file", "files");
    return counted(duplicates_, "duplicate", "duplicates") + " in " +
           counted(groups_, "group", "groups");
  }

  /// The sum, for people.
  void tell(const std::string& text) {
    const bool people = !arguments_.common.json && !arguments_.common.null;
    if (people && !arguments_.common.quiet) out_.print(text + '\n');
  }

  void stop(stopped why) {
    tell_stop(out_, why);
    code_ = worse(code_, exit_code::incomplete);
  }

  /// Nothing was begun.
  void refuse(const std::string& path, const error& why) {
    std::string_view reason;
    if (why == std::errc::too_many_symbolic_link_levels)
      reason = "It is a symlink: name the directory that it leads to";
    else if (why == std::errc::not_a_directory)
      reason =
          "Not a directory: name the one that it is in, and choose by --from-file or --include";
    ++failures_;
    out_.failed("open", path, why, reason);
    code_ = exit_code::unusable;
  }

  const arguments& arguments_;
  output& out_;
  const signals& interrupts_;
  algorithms::progress done_;
  dedupe_options options_;
  const deadline::running limit_ = options_.tree.deadline.start();
  dedupe_report report_;
  std::uint64_t files_ = 0;
  std::uint64_t groups_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t failures_ = 0;
  exit_code code_ = exit_code::done;
};

std::string problem_of(arguments& a) { return a.which.read(); }

/// A plan is told unless nothing is to be.
output_options output_for(const arguments& a) {
  output_options how = a.common.for_output({event_kind::linked, event_kind::shared});
  if (a.common.quiet && !a.common.null) how.verbose = false;
  return how;
}

exit_code run(const arguments& a, output& out, const signals& interrupts) {
  return deduplication(a, out, interrupts).run();
}

} // namespace

} // namespace afio::cli

int main(int argc, char** argv) {
  using namespace afio::cli;
  return run_tool<arguments>("afio-dedupe", "Makes one of files that have the same contents.", argc,
                             argv);
}
