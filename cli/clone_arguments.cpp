#include "cli/clone_arguments.hpp"

#include "cli/common/duration.hpp"

#include <optional>

namespace afio::cli {

namespace {

constexpr char examples[] = R"(Examples:
  afio-clone --series /backup /home          tonight's backup, and each night's
  afio-clone --series /backup --list         what each takes and gives back
  afio-clone --since monday src tuesday      one clone, with a name of your own
Exit: 0 all cloned, 1 some failed, 2 usage or another run is at work, 3 refused,
4 a source kept changing. Read on: man afio-clone, docs/guide/backups.md)";

/// What does not go together, for people; empty where all does.
std::string contradiction(const clone_arguments& a) {
  if (a.series.empty()) {
    if (a.source.empty() || a.target.empty()) return "SRC and NEW are required, or --series";
    return a.compare == "index" ? "--compare=index needs --series" : "";
  }
  if (a.has_since()) return "--series finds the previous clone itself: no --since";
  if (!a.target.empty()) return "--series names the new clone itself: SRC alone";
  if (!a.only_tells()) return a.source.empty() ? "SRC is required" : "";
  const std::string option = a.list ? "--list" : "--report";
  if (a.list && !a.report.empty()) return "--list prints lines and --report a page: one of them";
  if (!a.report.empty() && (a.common.json || a.common.null))
    return "--report prints a page: no --json, no -0";
  if (!a.source.empty()) return option + " takes no SRC";
  return a.keep.keeps_all() ? "" : option + " deletes nothing: no --keep";
}

} // namespace

void describe(CLI::App& app, clone_arguments& a) {
  app.add_option("SRC", a.source, "The directory to clone")->type_name("");
  app.add_option("NEW", a.target, "The clone's own name, which nothing has yet")->type_name("");
  a.since_option =
      app.add_option("--since", a.since, "An older clone to share with")->type_name("PREV");
  auto* const series =
      app.add_option("--series", a.series, "Clone into DIR, named by the time, since the last")
          ->type_name("DIR");
  app.add_flag("--list", a.list, "Only tell what the clones in DIR take")->needs(series);
  app.add_option("--report", a.report, "Only print a page of charts of that: html")
      ->type_name("FORM")
      ->check(CLI::IsMember({"html"}))
      ->needs(series);
  const auto add_keep = [&](const char* name, std::optional<unsigned>& to, const char* help) {
    app.add_option(name, to, help)->type_name("N")->check(check_not_empty)->needs(series);
  };
  add_keep("--keep", a.keep.last, "Keep only the newest N clones, delete the others");
  add_keep("--keep-daily", a.keep.daily, "Keep only the newest of each of N days");
  add_keep("--keep-weekly", a.keep.weekly, "Keep only the newest of each of N weeks");
  add_keep("--keep-monthly", a.keep.monthly, "Keep ... of N months (UTC); several add up");
  app.add_option("--wait", a.wait, "Wait for so long for another run in DIR")
      ->type_name("TIME")
      ->check(check_duration)
      ->needs(series);
  app.add_option("--share", a.share, "What has not changed by: hard links, reflink, auto")
      ->type_name("HOW")
      ->check(CLI::IsMember({"auto", "hard", "reflink"}));
  app.add_option("--compare", a.compare, "Files by: index (with --series), quick or content")
      ->type_name("HOW")
      ->check(CLI::IsMember({"index", "quick", "content"}));
  a.copying.add_to(app);
  a.which.add_to(app);
  a.common.add_to(app);
  // What cp's and rsync's users type: it is what happens anyway.
  app.add_flag("-a,--archive,-r,-R,--recursive,-H,--hard-links,-A,--acls,-X,--xattrs,-x,"
               "--one-file-system")
      ->group("");
  app.footer(examples);
}

std::string problem_of(clone_arguments& a) {
  const std::string wrong = contradiction(a);
  return wrong.empty() ? a.which.read() : wrong;
}

output_options output_for(const clone_arguments& a) {
  using algorithms::event_kind;
  if (a.only_tells()) return a.common.for_output({});
  return a.common.for_output({event_kind::created, event_kind::linked, event_kind::deleted});
}

} // namespace afio::cli
