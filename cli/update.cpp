// afio-update: makes a tree like another one with only the changes.
#include "algorithms/copy_tree/copy_tree.hpp"
#include "algorithms/update_tree/update_tree.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/copying.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/listed.hpp"
#include "cli/common/rules.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/told_differences.hpp"
#include "cli/common/tool.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace afio::cli {

namespace {

using algorithms::update_options;
using algorithms::update_report;

constexpr char examples[] = R"(Examples:
  afio-update -n --delete photos /backup/photos      see what would be done
  afio-update --delete photos /backup/photos         an exact mirror
  afio-update --delete --max-delete 100 src dst      unless too much would go
  afio-update --base v1 theirs mine                  their changes into mine
Exit: 0 updated, 1 some failed, 2 usage, 3 refused, 4 a source kept changing.
Read on: man afio-update, docs/guide/updating.md)";

struct arguments {
  common_arguments common;
  std::string source;
  std::string target;
  copying_arguments copying;
  std::string compare = "quick";
  bool remove = false;
  bool detect_moves = false;
  std::optional<std::uint64_t> most_removed;
  std::string base;
  const CLI::Option* base_option = nullptr;
  std::string conflict = "fail";
  rules which;

  /// Also an empty one, as from an unset variable of a script.
  bool has_base() const { return base_option->count() != 0; }
};

void describe(CLI::App& app, arguments& a) {
  app.add_option("SRC", a.source, "The tree to be like")->type_name("")->required();
  app.add_option("DST", a.target, "The tree to update; made if it is not there")
      ->type_name("")
      ->required();
  auto* const remove = app.add_flag("--delete", a.remove, "Delete from DST what SRC does not have");
  app.add_option("--max-delete", a.most_removed, "Do nothing if more than N entries would go")
      ->type_name("N")
      ->check(CLI::Validator(CLI::NonNegativeNumber).description(""));
  app.add_flag("--detect-moves", a.detect_moves, "Rename files that have another name by now")
      ->needs(remove);
  a.base_option = app.add_option("--base", a.base, "Only what has changed from BASE to SRC")
                      ->type_name("BASE")
                      ->excludes(remove);
  app.add_option("--conflict", a.conflict, "Changed in both: fail, source, destination, both")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"fail", "source", "destination", "both"}))
      ->needs(const_cast<CLI::Option*>(a.base_option));
  app.add_option("--compare", a.compare, "Files by: quick (size and time), content or hash")
      ->type_name("HOW")
      ->check(CLI::IsMember({"quick", "content", "hash"}));
  a.copying.add_to(app);
  a.which.add_to(app);
  a.common.add_to(app);
  // What rsync's users type: it is what happens anyway.
  app.add_flag("-a,--archive,-r,--recursive,-H,--hard-links,-A,--acls,-X,--xattrs,-x,"
               "--one-file-system")
      ->group("");
  app.footer(examples);
}

update_options options_for(const arguments& a, const signals& interrupts,
                           algorithms::progress& done) {
  update_options o;
  o.tree = a.common.for_trees(interrupts, done);
  o.filter = a.which.filter();
  a.copying.apply_to(o.file);
  o.file.retry = a.common.retry_or(o.file.retry);
  if (a.compare == "content") o.how = algorithms::comparing::content;
  if (a.compare == "hash") o.how = algorithms::comparing::hash;
  if (a.common.dry_run) o.doing = update_options::doing::rehearse;
  if (a.remove) o.extras = update_options::extras::remove;
  if (a.detect_moves) o.moves = update_options::moves::detect;
  o.most_removed = a.most_removed.value_or(update_options::any_number);
  using conflicts = enum update_options::conflicts;
  if (a.conflict == "source") o.conflicts = conflicts::source;
  if (a.conflict == "destination") o.conflicts = conflicts::target;
  if (a.conflict == "both") o.conflicts = conflicts::both;
  return o;
}

class update {
public:
  update(const arguments& a, output& out, const signals& interrupts)
      : arguments_(a),
        out_(out),
        interrupts_(interrupts),
        options_(options_for(a, interrupts, done_)),
        conflicts_(out, {.left = a.source, .right = a.target}, 3,
                   a.common.json    ? telling::json
                   : a.common.quiet ? telling::nothing
                   : a.common.null  ? telling::nothing // Names are those of what is done.
                                    : telling::lines) {}

  exit_code run() {
    {
      const shown_progress bar(arguments_.common, "updating", {arguments_.source}, options_.tree,
                               out_);
      update_tree();
    }
    if (missing_ != 0) code_ = worse(code_, exit_code::incomplete);
    std::vector<told_differences::count> more;
    if (arguments_.has_base()) more.emplace_back("conflicts", report_.conflicts);
    out_.summarize(report_.failures + missing_, report_.bytes, more);
    return final_status(out_, interrupts_, code_);
  }

private:
  /// SRC may be a symlink to the tree; DST may not, so that nobody changes another place than the
  /// one they see.
  void update_tree() {
    const std::string& from = arguments_.source;
    const std::string& to = arguments_.target;
    const auto source = open_directory(from);
    if (!source) return fail("open", from, source.assume_error());
    const auto target = open_directory_itself(to);
    if (arguments_.has_base()) return merge(source, target);
    const bool missing =
        !target && target.assume_error() == std::errc::no_such_file_or_directory && !to.empty();
    if (missing) return make_target();
    if (!target) return fail_target(target.assume_error());
    look_for_listed({&source.assume_value(), &target.assume_value()});
    if (stops_for(missing_, options_.tree, out_)) return;
    const auto done =
        algorithms::update_tree({&source.assume_value(), without_slashes(from)},
                                {&target.assume_value(), without_slashes(to)}, options_, out_);
    done ? take(done.assume_value()) : refuse(done.assume_error());
  }

  /// Tells which of the paths of --from-file are in none of the trees.
  void look_for_listed(std::initializer_list<const path_handle*> roots) {
    if (options_.filter == nullptr) return;
    missing_ =
        tell_missing({roots.begin(), roots.size()}, "update", without_slashes(arguments_.source),
                     *options_.filter, leading::through_directories, options_.tree.mounts, out_);
  }

  void merge(const result<path_handle>& source, const result<path_handle>& target) {
    const std::string& from = arguments_.base;
    const auto base = open_directory(from);
    if (!base) return fail("open", from, base.assume_error());
    if (!target) return fail_target(target.assume_error());
    look_for_listed({&source.assume_value(), &target.assume_value(), &base.assume_value()});
    if (stops_for(missing_, options_.tree, out_)) return;
    const auto done = algorithms::update_tree(
        {&source.assume_value(), without_slashes(arguments_.source)},
        {&base.assume_value(), without_slashes(from)},
        {&target.assume_value(), without_slashes(arguments_.target)}, options_, conflicts_, out_);
    if (!done) return refuse(done.assume_error());
    take(done.assume_value());
    if (options_.conflicts != update_options::conflicts::fail) return;
    if (report_.conflicts == 0) {
      if (report_.held_back && report_.failures != 0)
        out_.note("nothing was changed, because what could not be compared may be in conflict: "
                  "--conflict says what shall become of conflicts");
      return;
    }
    out_.note(
        std::string(report_.held_back ? "nothing was changed" : "conflicts were left as they are") +
        ": --conflict says what shall become of them");
    code_ = worse(code_, exit_code::refused);
  }

  void make_target() {
    const auto from = locate_by_any_name(arguments_.source + "/."); // Be it through a symlink.
    if (!from) return fail("open", arguments_.source, from.assume_error());
    const auto to = locate(without_slashes(arguments_.target));
    if (!to) return fail("create", arguments_.target, to.assume_error());
    algorithms::copy_options copies;
    copies.tree = options_.tree;
    copies.file = options_.file;
    copies.filter = options_.filter;
    if (const auto root = open_directory(arguments_.source))
      look_for_listed({&root.assume_value()});
    if (stops_for(missing_, options_.tree, out_)) return;
    if (arguments_.common.dry_run) copies.doing = algorithms::copy_options::doing::rehearse;
    const location& source = from.assume_value();
    const location& target = to.assume_value();
    const auto done =
        algorithms::copy_tree(source.directory, source.name, target.directory, target.name,
                              without_slashes(arguments_.source), copies, out_);
    if (!done) return refuse(done.assume_error());
    const algorithms::copy_report& copied = done.assume_value();
    take({.created = copied.created,
          .linked = copied.linked,
          .bytes = copied.bytes,
          .failures = copied.failures,
          .kept_changing = copied.kept_changing,
          .stopped = copied.stopped});
    tell_left(out_, "copied", arguments_.target, copied.left_as);
  }

  void take(const update_report& report) {
    report_ = report;
    code_ = code_of(report.failures, report.kept_changing, report.stopped);
    // What was asked for by name is not optional.
    if (arguments_.copying.missed(out_)) code_ = worse(code_, exit_code::incomplete);
    tell_stop(out_, report.stopped);
  }

  /// Nothing was begun.
  void refuse(const error& why) {
    if (why != errc::refused) return fail("update", arguments_.target, why);
    const bool root = why.name() == without_slashes(arguments_.source) ||
                      why.name() == without_slashes(arguments_.target);
    const bool number =
        !root && why.name().find_first_not_of("0123456789") == std::string_view::npos;
    const std::string reason =
        number && arguments_.most_removed
            ? "Refused: " + std::string(why.name()) + " entries would be deleted (--max-delete " +
                  std::to_string(*arguments_.most_removed) + "); nothing was changed"
            : "Refused: SRC and DST are one tree, or one lies in the other";
    ++report_.failures;
    out_.failed("update", arguments_.target, why, reason);
    code_ = exit_code::refused;
  }

  void fail_target(const error& why) {
    const bool symlink = why == std::errc::too_many_symbolic_link_levels;
    fail("open", arguments_.target, why,
         symlink ? "It is a symlink: name the directory that it leads to" : "");
  }

  void fail(std::string_view what, const std::string& path, const error& why,
            std::string_view reason = {}) {
    ++report_.failures;
    out_.failed(what, path, why, reason);
    code_ = exit_code::incomplete;
  }

  const arguments& arguments_;
  output& out_;
  const signals& interrupts_;
  algorithms::progress done_;
  update_options options_;
  told_differences conflicts_;
  update_report report_;
  std::uint64_t missing_ = 0; // Paths of --from-file.
  exit_code code_ = exit_code::done;
};

std::string problem_of(arguments& a) { return a.which.read(); }

output_options output_for(const arguments& a) {
  using algorithms::event_kind;
  return a.common.for_output({event_kind::created, event_kind::replaced, event_kind::changed,
                              event_kind::linked, event_kind::moved, event_kind::deleted});
}

exit_code run(const arguments& a, output& out, const signals& interrupts) {
  return update(a, out, interrupts).run();
}

} // namespace

} // namespace afio::cli

int main(int argc, char** argv) {
  using namespace afio::cli;
  return run_tool<arguments>("afio-update",
                             "Makes a tree like another, changing only what differs.", argc, argv);
}
