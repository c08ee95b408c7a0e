#include "cli/common/output.hpp"

#include "afio/quoted.hpp"
#include "afio/random_name.hpp"
#include "cli/common/amounts.hpp"
#include "cli/common/json_line.hpp"
#include "cli/common/progress_bar.hpp"

#include <cstdio>
#include <exception>

#include <unistd.h>

namespace afio::cli {

namespace {

using algorithms::event_kind;

std::string_view word_for(event_kind kind) noexcept {
  switch (kind) {
  case event_kind::created:
    return "created";
  case event_kind::replaced:
    return "replaced";
  case event_kind::changed:
    return "changed";
  case event_kind::linked:
    return "linked";
  case event_kind::shared:
    return "shared";
  case event_kind::deleted:
    return "deleted";
  case event_kind::moved:
    return "moved";
  case event_kind::punched:
    return "punched";
  }
  return "changed";
}

/// The same for people.
std::string_view phrase_for(event_kind kind, bool dry_run) noexcept {
  switch (kind) {
  case event_kind::created:
    return dry_run ? "would copy " : "copied ";
  case event_kind::replaced:
    return dry_run ? "would replace the namesake of " : "replaced the namesake of ";
  case event_kind::changed:
    return dry_run ? "would change the namesake of " : "changed the namesake of ";
  case event_kind::linked:
    return dry_run ? "would link " : "linked ";
  case event_kind::shared:
    return dry_run ? "would share the blocks of " : "shared the blocks of ";
  case event_kind::deleted:
    return dry_run ? "would delete " : "deleted ";
  case event_kind::moved:
    return dry_run ? "would move " : "moved ";
  case event_kind::punched:
    return dry_run ? "would punch " : "punched ";
  }
  return "";
}

/// A tree that a killed run had staged.
bool is_put_back(const algorithms::event& e) noexcept {
  return e.kind == event_kind::moved && e.to.empty();
}

std::string text_for(const algorithms::event& e, bool dry_run) {
  if (is_put_back(e)) return (dry_run ? "would put back or delete " : "put back ") + quoted(e.path);
  std::string text = std::string(phrase_for(e.kind, dry_run)) + quoted(e.path);
  if (!e.to.empty()) text += (e.kind == event_kind::shared ? " with " : " to ") + quoted(e.to);
  if (e.kind == event_kind::punched) text += " (" + size_text(e.bytes) + ")";
  return text;
}

/// The name that a busy file has got in the root of its tree; empty where it is in its place.
std::string_view displaced_to(const error& why) noexcept {
  const bool busy = why == std::errc::device_or_resource_busy || why == std::errc::text_file_busy;
  return busy && is_random_name(why.name()) ? why.name() : std::string_view();
}

/// What a person can do about it, where that is not plain from the error.
std::string advice_for(std::string_view tool, std::string_view what, const error& why) {
  using algorithms::operation;
  const bool links = what == name_of(operation::link);
  const bool copies = links || what == name_of(operation::copy) || what.starts_with("clone");
  if ((copies || what == name_of(operation::create)) && is_random_name(why.name()))
    return " (" + quoted(why.name()) + " may be left beside it)";
  if (why == errc::raced && why.name().starts_with("afio-kept-"))
    return " (what was put in its place is not deleted; it is " + quoted(why.name()) +
           " beside it now)";
  if (copies && why == errc::raced) return " (run again)";
  if (copies && why == errc::refused) return " (it holds the copy, or is in it)";
  if (links && why == std::errc::cross_device_link)
    return " (no hard link leads to another file system or mount)";
  if (const auto now = displaced_to(why); !now.empty())
    return " (it is " + quoted(now) + " at the top of the tree now)";
  if (why == errc::boundary && tool == "afio-rmtree")
    return " (unmount it first; --cross-mounts would delete what is in it)";
  if (why == errc::boundary) return " (--cross-mounts enters it)";
  if (what == name_of(operation::compare) && why == errc::raced) return " (run again)";
  if (why == errc::raced) return " (left alone; run again if it should go)";
  if (why == errc::still_growing) return " (stop what writes there, or use --hide)";
  if (why == std::errc::device_or_resource_busy)
    return " (in use or a mount point; unmount it, or give --retry)";
  if (why == std::errc::operation_not_permitted) return " (not yours, or immutable: see lsattr)";
  return "";
}

} // namespace

std::string_view word_for(file_type type) noexcept {
  switch (type) {
  case file_type::regular:
    return "file";
  case file_type::directory:
    return "directory";
  case file_type::symlink:
    return "symlink";
  case file_type::fifo:
    return "fifo";
  case file_type::socket:
    return "socket";
  case file_type::character_device:
  case file_type::block_device:
    return "device";
  case file_type::unknown:
    break;
  }
  return "unknown";
}

output::output(output_options options)
    : observer(options.verbose || options.json || !options.log_file.empty()
                   ? algorithms::verbosity::events
                   : algorithms::verbosity::failures),
      options_(std::move(options)),
      clears_bar_(::isatty(STDOUT_FILENO) == 1) {
  if (!options_.log_file.empty()) log_ = log_file(options_.tool, options_.log_file);
}

void output::happened(const algorithms::event& e) noexcept try {
  const std::scoped_lock hold(lock_);
  ++counts_[word_for(e.kind)];
  if (options_.json) {
    json_line told(word_for(e.kind));
    told.name("path", e.path);
    if (!e.to.empty()) told.name("to", e.to);
    told.text("entry", word_for(e.type));
    if (e.kind == event_kind::punched) told.number("bytes", static_cast<std::int64_t>(e.bytes));
    line(told.str());
  } else if (options_.null) {
    if (!is_put_back(e)) line(std::string(e.path) + '\0');
  } else if (options_.verbose) {
    line(text_for(e, options_.dry_run) + '\n');
  }
  if (!options_.log_file.empty()) log_.info(text_for(e, options_.dry_run));

} catch (const std::exception&) {

  spoil(); // No memory for a line: the work goes on, the exit status tells.
}

void output::failed(const algorithms::failure& f) noexcept {
  failed(algorithms::name_of(f.what), f.path, f.why);
}

void output::failed(std::string_view what, std::string_view path, const error& why,
                    std::string_view given_reason) noexcept try {
  const std::scoped_lock hold(lock_);
  const std::string reason =
      given_reason.empty() ? why.code().message() : std::string(given_reason);
  if (options_.json) {
    json_line told("failed");
    told.name("path", path)
        .text("operation", what)
        .text("call", name_of(why.origin()))
        .number("errno", std::int64_t{why.native()})
        .text("error", reason);
    const bool copies = what == name_of(algorithms::operation::copy);
    if (const auto now = displaced_to(why); !now.empty() && !copies) told.name("to", now);
    line(told.str());
  }
  std::string text = "cannot ";
  text.append(what).append(" ").append(quoted(path)).append(": ").append(reason);
  if (given_reason.empty() || !(why == errc::refused)) text += advice_for(options_.tool, what, why);
  if (!options_.quiet) message(text);
  log_.error(text);

} catch (const std::exception&) {

  spoil();
}

void output::skipped(const algorithms::failure& f) noexcept try {
  const std::scoped_lock hold(lock_);
  const std::string reason = f.why.code().message();
  if (options_.json) {
    line(json_line("skipped")
             .name("path", f.path)
             .text("operation", algorithms::name_of(f.what))
             .number("errno", std::int64_t{f.why.native()})
             .text("error", reason)
             .str());
  }
  const bool busy = f.why == std::errc::device_or_resource_busy;
  const std::string text = "left alone " + quoted(f.path) + ": " + (busy ? "in use" : reason);
  if (!options_.quiet) message(text);
  log_.warn(text);

} catch (const std::exception&) {

  spoil();
}

void output::left(std::string_view path, std::string_view to, std::string_view directory) noexcept
    try {
  const std::scoped_lock hold(lock_);
  if (options_.json) line(json_line("moved").name("path", path).name("to", to).str());
  ++counts_[word_for(event_kind::moved)];
  const std::string text = "what is left of " + quoted(path) + " is in " + quoted(to) +
                           ": finish with " + options_.tool + " --reap " +
                           (directory.empty() ? "of its directory" : std::string(directory));
  if (!options_.quiet) message(text);
  log_.warn(text);

} catch (const std::exception&) {

  spoil();
}

void output::note(std::string_view text) noexcept try {
  const std::scoped_lock hold(lock_);
  if (!options_.quiet) message(text);
  log_.warn(text);

} catch (const std::exception&) {

  spoil();
}

void output::say(std::string_view text) noexcept try {
  const std::scoped_lock hold(lock_);
  message(text);
  log_.warn(text);

} catch (const std::exception&) {

  spoil();
}

void output::lost(const algorithms::loss& l) noexcept try {
  const std::scoped_lock hold(lock_);
  lost_.emplace(l.what);
  const std::string reason = l.why.code().message();
  if (options_.json) {
    line(json_line("lost")
             .name("path", l.path)
             .text("what", l.what)
             .number("errno", std::int64_t{l.why.native()})
             .text("error", reason)
             .str());
  }
  const std::string text =
      l.why == errc::boundary
          ? "left out what is mounted on " + quoted(l.path) + " (--cross-mounts enters it)"
          : "cannot keep the " + std::string(l.what) + " of " + quoted(l.path) + ": " + reason +
                " (said once; others may be like it)";
  if (!options_.quiet) message(text);
  log_.warn(text);

} catch (const std::exception&) {

  spoil();
}

void output::print(std::string_view text) noexcept {
  const std::scoped_lock hold(lock_);
  line(text);
}

void output::summarize(
    std::uint64_t failures, std::optional<std::uint64_t> bytes,
    const std::vector<std::pair<std::string_view, std::uint64_t>>& more,
    const std::vector<std::pair<std::string_view, std::string_view>>& names) noexcept try {
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
  const std::scoped_lock hold(lock_);
  if (options_.json) {
    json_line last("summary");
    if (options_.dry_run) last.boolean("dry_run", true);
    for (const auto& [what, name] : names) {
      if (!name.empty()) last.name(what, name);
    }
    for (const event_kind kind : options_.counted) {
      last.number(word_for(kind), static_cast<std::int64_t>(counts_[word_for(kind)]));
    }
    for (const auto& [what, count] : more) last.number(what, static_cast<std::int64_t>(count));
    if (bytes) last.number("bytes", static_cast<std::int64_t>(*bytes));
    last.number("failures", static_cast<std::int64_t>(failures)).number("seconds", spent.count());
    line(last.str());
  }
  log_.info("finished in " + std::to_string(spent.count()) +
            " s, failures: " + std::to_string(failures));
  if (std::fflush(stdout) != 0) spoil();

} catch (const std::exception&) {

  spoil();
}

void output::draw_with(progress_bar* bar) noexcept {
  const std::scoped_lock hold(lock_);
  bar_ = bar;
}

bool output::has_opened_log() noexcept {
  if (log_.problem().empty()) return true;
  say("cannot open the log file " + quoted(options_.log_file) + ": " + log_.problem());
  return false;
}

bool output::has_lost(std::string_view what) const noexcept {
  const std::scoped_lock hold(lock_);
  return lost_.contains(what);
}

/// To stdout. With the lock held.
void output::line(std::string_view text) noexcept {
  if (bar_ != nullptr && clears_bar_) bar_->clear();
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) spoil();
}

/// To stderr, above a bar. With the lock held.
void output::message(std::string_view text) noexcept {
  if (bar_ != nullptr) bar_->clear();
  std::fprintf(stderr, "%s: %.*s\n", options_.tool.c_str(), static_cast<int>(text.size()),
               text.data());
}

} // namespace afio::cli
