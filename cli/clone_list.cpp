#include "cli/clone_list.hpp"

#include "afio/quoted.hpp"
#include "algorithms/clone_tree/reclaimable.hpp"
#include "algorithms/clone_tree/series.hpp"
#include "cli/clone_report.hpp"
#include "cli/common/amounts.hpp"
#include "cli/common/anchor.hpp"
#include "cli/common/final_status.hpp"
#include "cli/common/json_line.hpp"
#include "cli/common/shown_progress.hpp"
#include "cli/common/turns.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace afio::cli {

namespace {

using algorithms::reclaimable_report;
using algorithms::stopped;

class clone_list {
public:
  clone_list(const std::string& path, const common_arguments& how, listing as, output& out,
             const signals& interrupts)
      : path_(path), how_(how), as_(as), out_(out), options_(how.for_trees(interrupts, done_)) {}

  void print() {
    const auto series = open_directory(path_);
    if (!series) return fail(path_, series.assume_error());
    const auto clones = algorithms::clones_in(series.assume_value());
    if (!clones) return fail(path_, clones.assume_error());
    if (clones.assume_value().empty())
      out_.note(afio::quoted(path_) + " holds no clone of a series");
    for (const auto& clone : clones.assume_value()) {
      if (turns_.go_on(failures_)) print_one(series.assume_value(), clone);
    }
    if (as_ == listing::page)
      out_.print(html_report(path_, page_, clones.assume_value().size() - gone_ - whole_));
    tell_stop(out_, turns_.why_stopped());
  }

  algorithms::tree_options& options() noexcept { return options_; }

  std::uint64_t failures() const noexcept { return failures_; }

  std::uint64_t count() const noexcept { return count_; }

  exit_code code() const noexcept {
    return failures_ == 0 && turns_.why_stopped() == stopped::no ? exit_code::done
                                                                 : exit_code::incomplete;
  }

private:
  void print_one(const path_handle& series, const algorithms::series_clone& one) {
    const std::string name = algorithms::series_name(one);
    if (how_.null) return print_line(name + '\0');
    const std::string path = path_ + (path_.ends_with('/') ? "" : "/") + name;
    const auto leaf = leaf_buffer::from(name).assume_value();
    const auto clone = path_handle::path(series, leaf, crossing::any_mount);
    // Deleted since it was listed.
    if (!clone && clone.assume_error() == std::errc::no_such_file_or_directory) {
      ++gone_;
      return;
    }
    if (!clone) return fail(path, clone.assume_error());
    auto looked = algorithms::reclaimable({&clone.assume_value(), path}, options_, out_);
    if (!looked) return fail(path, looked.assume_error());
    reclaimable_report& found = looked.assume_value();
    failures_ += found.failures;
    turns_.take(found.stopped);
    if (found.stopped != stopped::no) return; // It was not looked at to the end.
    whole_ += found.failures == 0 ? 1 : 0;
    tell({one, found.entries, found.bytes, found.bytes - shared_bytes(last_, found),
          found.reclaimable});
    last_ = std::move(found);
  }

  void tell(const listed_clone& one) {
    if (as_ == listing::lines) return print_line(how_.json ? json_of(one) : text_of(one));
    page_.push_back(one);
    ++count_;
  }

  static std::string json_of(const listed_clone& one) {
    return json_line("clone")
        .name("name", algorithms::series_name(one.which))
        .boolean("complete", one.which.complete)
        .number("entries", static_cast<std::int64_t>(one.entries))
        .number("bytes", static_cast<std::int64_t>(one.bytes))
        .number("bytes_new", static_cast<std::int64_t>(one.bytes_new))
        .number("reclaimable", static_cast<std::int64_t>(one.reclaimable))
        .str();
  }

  /// In 80 columns.
  static std::string text_of(const listed_clone& one) {
    return algorithms::series_name(one.which) + aligned(grouped(one.entries), 10) + " entries" +
           aligned(size_text(one.bytes), 9) + aligned(size_text(one.bytes_new), 9) + " new" +
           aligned(size_text(one.reclaimable), 9) + " of its own\n";
  }

  void print_line(const std::string& line) {
    ++count_;
    out_.print(line);
  }

  void fail(const std::string& path, const error& why) {
    ++failures_;
    out_.failed("list", path, why);
  }

  const std::string& path_;
  const common_arguments& how_;
  listing as_;
  output& out_;
  algorithms::progress done_;
  algorithms::tree_options options_;
  turns turns_{options_};
  std::uint64_t failures_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t gone_ = 0;
  std::uint64_t whole_ = 0; // Looked at to the end.
  reclaimable_report last_; // Of the clone before.
  std::vector<listed_clone> page_;
};

} // namespace

exit_code list_clones(const std::string& path, const common_arguments& how, listing as, output& out,
                      const signals& interrupts) {
  clone_list clones(path, how, as, out, interrupts);
  {
    const shown_progress bar(how, "looking at", {path}, clones.options(), out);
    clones.print();
  }
  out.summarize(clones.failures(), {}, {{"clones", clones.count()}});
  return final_status(out, interrupts, clones.code());
}

} // namespace afio::cli
