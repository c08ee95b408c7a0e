#include "algorithms/holes/punch_holes.hpp"

#include "algorithms/holes/file_puncher.hpp"
#include "algorithms/holes/file_rows.hpp"
#include "algorithms/seen_inodes.hpp"
#include "algorithms/serial_observer.hpp"

#include <cerrno>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace afio::algorithms {

namespace {

/// What the workers of one run share.
struct punching {
  const punch_options& options;
  serial_observer told;
  large_files large{0};
  seen_inodes seen;
};

/// Counts and tells what came of one file. `path` makes its name for people.
template <class Path>
void take(const punched& came, punch_report& sum, observer& told, Path&& path) noexcept try {
  ++sum.files;
  if (came.bytes != 0) {
    ++sum.punched;
    sum.bytes += came.bytes;
    if (told.wants_events()) {
      told.happened({.kind = event_kind::punched,
                     .path = path(),
                     .type = file_type::regular,
                     .bytes = came.bytes});
    }
  }
  if (!came.busy) return;
  ++sum.busy;
  told.skipped({operation::punch, path(), error(EBUSY, call::fcntl)});

} catch (const std::bad_alloc&) {

  // No memory for a path: the numbers are right.
}

bool is_busy(const error& e) noexcept { return e.native() == EAGAIN; }

class hole_puncher final : public visitor<1> {
public:
  hole_puncher(punching& shared, file_puncher&& files) noexcept
      : shared_(&shared), files_(std::move(files)) {}

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override {
    for (const row<1>& r : rows) {
      if (is_worth_it(r.in[0])) punch(here, r.name);
    }
  }

  verdict denied(const place<1>&, const error& why) noexcept override {
    return why == errc::boundary ? verdict::skip : verdict::report;
  }

  const punch_report& report() const noexcept { return report_; }

private:
  bool is_worth_it(const cell& c) noexcept {
    if (c.type != file_type::regular) return false;
    const stat_t& s = *c.stat;
    if (s.size < shared_->options.min_size || s.allocated == 0) return false;
    return s.links == 1 || shared_->seen.first(s.id);
  }

  void punch(const place<1>& here, leaf_name name) noexcept {
    auto opened = open_listed(here, name, shared_->options.tree.mounts);
    if (!opened) {
      if (is_busy(opened.assume_error())) return take({.busy = true}, here, name);
      return here.fail(operation::open, name, opened.assume_error());
    }
    if (!opened.assume_value()) return;
    opened_file& file = *opened.assume_value();
    const auto came = files_.punch(here.handle(), std::move(file.file), file.status);
    if (came) return take(came.assume_value(), here, name);
    here.fail(operation::punch, name, came.assume_error());
  }

  void take(const punched& came, const place<1>& here, leaf_name name) noexcept {
    algorithms::take(came, report_, shared_->told, [&] { return here.path(name); });
  }

  punching* shared_;
  file_puncher files_;
  punch_report report_;
};

} // namespace

result<punch_report> punch_holes(const walk_root& root, const punch_options& options,
                                 observer& told) noexcept try {
  punching shared{options, serial_observer(told)};
  walk_options how = options.tree.for_walk();
  how.fields = rows_of_files;
  how.row_cost = row_cost::contents;
  how.order = row_order::by_inode;
  std::vector<hole_puncher> workers;
  for (unsigned left = worker_count(how, 1); left != 0; --left) {
    AFIO_TRY(auto files, file_puncher::make(options, shared.large));
    workers.emplace_back(shared, std::move(files));
  }
  AFIO_TRY(const walk_report done, walk<1>({root}, workers, how, shared.told));

  punch_report sum{.failures = done.failures, .stopped = done.stopped};
  for (const hole_puncher& worker : workers) {
    sum.files += worker.report().files;
    sum.punched += worker.report().punched;
    sum.bytes += worker.report().bytes;
    sum.busy += worker.report().busy;
  }
  return sum;

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<punch_report> punch_holes(const fs_handle& pinned, const path_handle& near,
                                 std::string_view shown, const punch_options& options,
                                 observer& told) noexcept {
  AFIO_TRY(const stat_t status, pinned.stat());
  large_files large{0};
  AFIO_TRY(auto files, file_puncher::make(options, large));
  punch_report sum;
  const auto path = [&] { return std::string(shown); };
  auto file = file_handle::file(pinned, status, {.access_time = access_time::keep});
  if (!file && is_busy(file.assume_error())) {
    take({.busy = true}, sum, told, path);
    return sum;
  }
  if (!file) return std::move(file).as_failure();
  const auto came = files.punch(near, std::move(file).assume_value(), status);
  if (came) {
    take(came.assume_value(), sum, told, path);
  } else if (is_interruption(came.assume_error())) {
    sum.stopped = stopped::by_request;
  } else {
    ++sum.failures;
    told.failed({operation::punch, shown, came.assume_error()});
  }
  return sum;
}

} // namespace afio::algorithms
