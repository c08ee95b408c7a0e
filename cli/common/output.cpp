#include "cli/common/output.hpp"

#include "afio/quoted.hpp"
#include "cli/common/json_line.hpp"
#include "cli/common/progress_bar.hpp"

#include <cstdio>
#include <exception>

namespace afio::cli {

namespace {

using algorithms::event_kind;

std::string_view word_for(event_kind kind) noexcept {
  switch (kind) {
  case event_kind::deleted:
    return "deleted";
  case event_kind::moved:
    return "moved";
  }
  return "changed";
}

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

/// What a person can do about it, where that is not plain from the error.
std::string_view advice_for(const error& why) noexcept {
  if (why == errc::boundary) return " (--cross-mounts enters it)";
  if (why == errc::raced) return " (left alone; run again if it should go)";
  if (why == errc::still_growing) return " (stop what writes there, or use --hide)";
  if (why == std::errc::device_or_resource_busy)
    return " (in use or a mount point; unmount it, or give --retry)";
  if (why == std::errc::operation_not_permitted) return " (not yours, or immutable: see lsattr)";
  return "";
}

} // namespace

output::output(output_options options)
    : observer(options.verbose || options.json || !options.log_file.empty()
                   ? algorithms::verbosity::events
                   : algorithms::verbosity::failures),
      options_(std::move(options)) {
  if (!options_.log_file.empty()) log_ = log_file(options_.tool, options_.log_file);
}

void output::happened(const algorithms::event& e) noexcept try {
  const std::scoped_lock hold(lock_);
  ++counts_[word_for(e.kind)];
  if (options_.json) {
    line(json_line(word_for(e.kind)).name("path", e.path).text("entry", word_for(e.type)).str());
  } else if (options_.verbose) {
    line(std::string(word_for(e.kind)) + ' ' + quoted(e.path) + '\n');
  }
  log_.info(std::string(word_for(e.kind)) + ' ' + quoted(e.path));

} catch (const std::exception&) {

  ok_ = false; // No memory for a line: the work goes on, the exit status tells.
}

void output::failed(const algorithms::failure& f) noexcept {
  failed(algorithms::name_of(f.what), f.path, f.why);
}

void output::failed(std::string_view what, std::string_view path, const error& why) noexcept try {
  const std::scoped_lock hold(lock_);
  ++counts_["failed"];
  const std::string reason = why.code().message();
  if (options_.json) {
    line(json_line("failed")
             .name("path", path)
             .text("operation", what)
             .text("call", name_of(why.origin()))
             .number("errno", std::int64_t{why.native()})
             .text("error", reason)
             .str());
  }
  std::string text = "cannot ";
  text.append(what).append(" ").append(quoted(path)).append(": ").append(reason);
  text += advice_for(why);
  if (!options_.quiet) message(text);
  log_.error(text);

} catch (const std::exception&) {

  ok_ = false;
}

void output::say(std::string_view text) noexcept try {
  const std::scoped_lock hold(lock_);
  message(text);
  log_.warn(text);

} catch (const std::exception&) {

  ok_ = false;
}

void output::summarize(std::uint64_t failures, double seconds) noexcept try {
  const std::scoped_lock hold(lock_);
  if (options_.json) {
    json_line last("summary");
    for (const auto kind : {event_kind::deleted, event_kind::moved}) {
      last.number(word_for(kind), static_cast<std::int64_t>(counts_[word_for(kind)]));
    }
    last.number("failures", static_cast<std::int64_t>(failures)).number("seconds", seconds);
    line(last.str());
  }
  log_.info("finished in " + std::to_string(seconds) + " s, failures: " + std::to_string(failures));
  if (std::fflush(stdout) != 0) ok_ = false;

} catch (const std::exception&) {

  ok_ = false;
}

void output::draw_with(progress_bar* bar) noexcept {
  const std::scoped_lock hold(lock_);
  bar_ = bar;
}

bool output::ok() const noexcept {
  const std::scoped_lock hold(lock_);
  return ok_;
}

/// To stdout. With the lock held.
void output::line(std::string_view text) noexcept {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) ok_ = false;
}

/// To stderr, above a bar. With the lock held.
void output::message(std::string_view text) noexcept {
  if (bar_ != nullptr) bar_->clear();
  std::fprintf(stderr, "%s: %.*s\n", options_.tool.c_str(), static_cast<int>(text.size()),
               text.data());
}

} // namespace afio::cli
