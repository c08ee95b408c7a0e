#include "algorithms/clone_tree/series.hpp"

#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/random_name.hpp"
#include "algorithms/copy_tree/apart.hpp"
#include "algorithms/growing_pause.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <thread>
#include <utility>

namespace afio::algorithms {

namespace {

using namespace std::chrono;

leaf_buffer leaf_of(const char* name) noexcept { return leaf_buffer::from(name).assume_value(); }

/// What is in the directory of a series.
struct contents {
  std::vector<series_clone> clones; ///< Sorted.
  std::optional<sys_seconds> last;  ///< Of the last name of the form, whatever has it.
  std::vector<leaf_buffer> leftovers;
};

result<contents> look_into(const path_handle& series) {
  AFIO_TRY(const directory_handle dir, directory_handle::directory(series));
  alignas(8) std::array<std::byte, 32 * 1024> buffer;
  contents found;
  for (;;) {
    AFIO_TRY(const directory_listing part, dir.read(buffer));
    if (part.at_end()) break;
    for (const directory_entry e : part) {
      if (is_random_name(e.name)) found.leftovers.emplace_back(e.name);
      const auto clone = series_clone_of(e.name);
      if (!clone) continue;
      found.last = std::max(found.last, std::optional(clone->time));
      file_type type = e.type;
      if (type == file_type::unknown) {
        stat_t s;
        AFIO_TRY(s.stamp(series, e.name, want::type));
        type = s.type;
      }
      if (type == file_type::directory) found.clones.push_back(*clone);
    }
  }
  std::sort(found.clones.begin(), found.clones.end());
  return found;
}

/// Passes on failures. Of what is deleted as a whole, single entries are nobody's business.
class failures_only final : public observer {
public:
  explicit failures_only(observer& inner) noexcept : inner_(inner) {}

  void failed(const failure& f) noexcept override { inner_.failed(f); }

private:
  observer& inner_;
};

/// One call's state.
class series_run {
public:
  series_run(const path_handle& series, std::string_view shown, const series_options& options,
             observer& told) noexcept
      : series_(series),
        shown_(shown),
        options_(options),
        limit_(options.clone.tree.deadline.start()),
        told_(told) {}

  result<void> lock() noexcept;

  void restart_clock() noexcept { limit_ = options_.clone.tree.deadline.start(); }

  result<void> look();
  void reap();
  result<void> clone(const path_handle& source, std::string_view shown);
  void supersede();

  bool stopped() const noexcept { return report_.stopped != algorithms::stopped::no; }

  series_report& report() noexcept { return report_; }

private:
  bool rehearses() const noexcept { return options_.clone.doing == clone_options::doing::rehearse; }

  tree_options for_trees() const noexcept;
  result<sys_seconds> next_time() const noexcept;
  source_index load_index();
  void save_index(const source_index& index);
  std::string path_of(std::string_view name) const;
  remove_report remove(leaf_name name, enum remove_options::hide hide);
  void fail(operation what, const std::string& path, const error& why) noexcept;

  const path_handle& series_;
  std::string shown_;
  const series_options& options_;
  deadline::running limit_; ///< One for all that is done.
  observer& told_;
  file_handle lock_;
  contents found_;
  bool has_index_ = false;
  series_report report_;
};

void series_run::fail(operation what, const std::string& path, const error& why) noexcept {
  ++report_.failures;
  if (options_.clone.tree.counters != nullptr) ++options_.clone.tree.counters->failures;
  told_.failed({what, path, why});
}

std::string series_run::path_of(std::string_view name) const {
  std::string path = shown_;
  if (!path.empty() && !path.ends_with('/')) path += '/';
  return path.append(name);
}

tree_options series_run::for_trees() const noexcept {
  tree_options how = options_.clone.tree;
  how.deadline = limit_.rest();
  return how;
}

/// Tries until it is held or the time is over, in growing pauses: the other run may take hours, and
/// a lock that waits by itself looks each millisecond.
result<void> series_run::lock() noexcept {
  const leaf_buffer name = leaf_of(series_lock);
  const auto limit = options_.lock.start();
  for (growing_pause pause;;) {
    AFIO_TRY(
        file_handle file,
        file_handle::file(series_, name, {.mode = mode::write, .creation = creation::if_needed}));
    auto locked = file.lock_file(lock_kind::exclusive, deadline::in(0s));
    if (locked) {
      AFIO_TRY(const identity held, file.identity());
      stat_t named;
      const auto looked = named.stamp(series_, name, want::identity);
      // Somebody has deleted the file since it was opened, and others lock another one.
      if (!looked || !named.id.same_file(held)) continue;
      locked.assume_value().release();
      lock_ = std::move(file);
      return success();
    }
    if (locked.assume_error() != std::errc::timed_out) return std::move(locked).as_failure();
    if (options_.clone.tree.stop.stop_requested()) return error(ECANCELED, call::none, series_lock);
    if (limit.expired()) return error(ETIMEDOUT, call::fcntl, series_lock);
    pause.sleep(limit);
  }
}

result<void> series_run::look() {
  AFIO_TRY(found_, look_into(series_));
  return success();
}

bool is_gone(const remove_report& report) noexcept {
  return report.failures == 0 && report.stopped == stopped::no;
}

/// What went, or would go.
remove_report series_run::remove(leaf_name name, enum remove_options::hide hide) {
  remove_options how;
  how.tree = for_trees();
  how.tree.counters = nullptr; // They are the clone's.
  how.hide = hide;
  how.permissions = remove_options::permissions::force; // It is a copy of directories' modes, too.
  if (rehearses()) how.doing = remove_options::doing::rehearse;
  const std::string path = path_of(name);
  stat_t s;
  (void)s.stamp(series_, name, want::type); // remove_tree says what is wrong.
  failures_only quiet(told_);
  const auto removed = remove_tree(series_, name, path, how, quiet);
  if (!removed) {
    fail(operation::remove, path, removed.assume_error());
    return {.failures = 1};
  }
  const remove_report& report = removed.assume_value();
  report_.failures += report.failures;
  if (!stopped()) report_.stopped = report.stopped;
  if (is_gone(report) && told_.wants_events()) told_.happened({event_kind::deleted, path, s.type});
  return report;
}

void series_run::reap() {
  for (const leaf_buffer& name : found_.leftovers) {
    if (stopped()) return;
    report_.reaped += remove(name, remove_options::hide::no).deleted;
  }
}

/// Behind the last one, so that the order of names is that of making.
result<sys_seconds> series_run::next_time() const noexcept {
  const auto now = [] { return floor<seconds>(system_clock::now()); };
  if (!found_.last || *found_.last < now()) return now();
  const sys_seconds next = *found_.last + 1s;
  if (year_month_day(floor<days>(next)).year() > year(9999))
    return error(EOVERFLOW, call::verify, series_lock);
  // Made within this second. Anything more, and the clock was set back.
  if (!rehearses() && next - now() <= 1s) std::this_thread::sleep_for(next - system_clock::now());
  return std::max(next, now());
}

/// What is known of the newest clone. Without, contents are compared: nothing is lost but time.
source_index series_run::load_index() {
  auto loaded = source_index::load(series_, leaf_of(series_index), options_.clone.file.preserve);
  // One that is of no use now may be of use again to a run that keeps less.
  has_index_ = loaded || loaded.assume_error().native() == ENODATA;
  if (loaded) return std::move(loaded).assume_value();
  if (!found_.clones.empty()) report_.without_index = loaded.assume_error();
  return {};
}

void series_run::save_index(const source_index& index) {
  const auto saved = index.save(series_, leaf_of(series_index), options_.clone.file.preserve);
  if (!saved) fail(operation::create, path_of(series_index), saved.assume_error());
}

result<void> series_run::clone(const path_handle& source, std::string_view shown) {
  path_handle previous;
  if (!found_.clones.empty()) {
    report_.previous = series_name(found_.clones.back());
    AFIO_TRY(previous, path_handle::path(series_, leaf_of(report_.previous.c_str())));
  }
  AFIO_TRY(const sys_seconds when, next_time());
  const std::string complete_name = series_name(when);
  const std::string incomplete_name = series_name({when, false});
  const std::string& new_name = options_.missing == 0 ? complete_name : incomplete_name;
  source_index index = load_index();
  clone_options how = options_.clone;
  how.tree = for_trees();
  how.file.sync = sync::all;
  how.name_if_incomplete = leaf_of(incomplete_name.c_str());
  how.known = options_.unchanged == series_options::knowing::by_index ? &index : nullptr;
  how.learned = &index;
  // What it knows of inodes is of those that the clones have which were there when it was saved: a
  // run that is killed behind its publication leaves none.
  const leaf_buffer index_name = leaf_of(series_index), aside = leaf_of(".afio-series.old-index");
  const bool had_index =
      has_index_ && !rehearses() && series_.rename(index_name, series_, aside, replace::yes);
  const auto put_back = [&] {
    if (had_index) (void)series_.rename(aside, series_, index_name, replace::yes); // Else slower.
  };
  const auto cloned = clone_tree(source, previous.is_open() ? &previous : nullptr, series_,
                                 leaf_of(new_name.c_str()), shown, how, told_);
  if (!cloned || !cloned.assume_value().name) put_back(); // Nothing was published.
  AFIO_TRY(report_.clone, cloned);
  report_.failures += report_.clone.failures;
  report_.stopped = report_.clone.stopped;
  if (!report_.clone.name) return success();
  report_.name = report_.clone.name->view();
  found_.clones.push_back({when, report_.name == complete_name});
  if (rehearses()) return success();
  save_index(index);
  if (had_index) (void)series_.unlink(aside); // The next run replaces it.
  return success();
}

void series_run::supersede() {
  const bool complete =
      !report_.name.empty() && !stopped() && report_.clone.complete() && options_.missing == 0;
  if (!complete) return;
  for (const series_clone& clone : superseded(found_.clones, options_.keep)) {
    if (stopped()) return;
    std::string name = series_name(clone);
    if (is_gone(remove(leaf_of(name.c_str()), remove_options::hide::first)))
      report_.superseded.push_back(std::move(name));
  }
}

} // namespace

result<std::vector<series_clone>> clones_in(const path_handle& series) {
  AFIO_TRY(contents found, look_into(series));
  return std::move(found.clones);
}

result<series_report> clone_into_series(const path_handle& from, leaf_name name,
                                        const path_handle& series, std::string_view shown,
                                        std::string_view shown_series,
                                        const series_options& options, observer& told) noexcept {
  AFIO_TRY(const path_handle source, path_handle::path(from, name, crossing::any_mount));
  return clone_into_series(source, series, shown, shown_series, options, told);
}

result<series_report> clone_into_series(const path_handle& source, const path_handle& series,
                                        std::string_view shown, std::string_view shown_series,
                                        const series_options& options, observer& told) noexcept
    try {
  // What would be a part of its own clones.
  AFIO_TRY(copy_detail::check_out_of_reach(source, series, shown, options.clone.tree.mounts,
                                           options.clone.filter));
  series_run run(series, shown_series, options, told);
  if (options.clone.doing == clone_options::doing::execute) {
    AFIO_TRY(run.lock());
    run.restart_clock();
  }
  AFIO_TRY(run.look());
  run.reap();
  if (!run.stopped()) {
    AFIO_TRY(run.clone(source, shown));
    run.supersede();
  }
  return std::move(run.report());

} catch (const std::exception&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
