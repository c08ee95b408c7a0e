#include "algorithms/holes/list_layouts.hpp"

#include "algorithms/holes/file_rows.hpp"

#include <cerrno>
#include <mutex>
#include <new>
#include <vector>

namespace afio::algorithms {

namespace {

/// What the workers share.
struct listing {
  crossing mounts;
  layout_listener& listener;
  std::mutex telling;
};

class lister final : public visitor<1> {
public:
  explicit lister(listing& shared) noexcept : shared_(&shared) {}

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override {
    for (const row<1>& r : rows) {
      if (r.in[0].type != file_type::regular) continue;
      const auto told = list(here, r.name);
      if (!told) here.fail(operation::open, r.name, told.assume_error());
    }
  }

  verdict denied(const place<1>&, const error& why) noexcept override {
    return why == errc::boundary ? verdict::skip : verdict::report;
  }

  std::uint64_t files() const noexcept { return files_; }

private:
  result<void> list(const place<1>& here, leaf_name name) noexcept try {
    AFIO_TRY(const auto opened, open_listed(here, name, shared_->mounts));
    if (!opened) return success();
    AFIO_TRY(const file_layout layout, layout_of(opened->file));
    ++files_;
    const std::string path = here.path(name);
    const std::scoped_lock one(shared_->telling);
    shared_->listener.found(path, layout);
    return success();

  } catch (const std::bad_alloc&) {

    return error(ENOMEM, call::none);
  }

  listing* shared_;
  std::uint64_t files_ = 0;
};

} // namespace

result<layout_report> list_layouts(const walk_root& root, const tree_options& options,
                                   layout_listener& listener, observer& told) noexcept try {
  listing shared{options.mounts, listener, {}};
  std::vector<lister> workers(worker_count(options.for_walk(), 1), lister(shared));
  AFIO_TRY(const walk_report done, walk<1>({root}, workers, options.for_walk(), told));
  layout_report sum{.failures = done.failures, .stopped = done.stopped};
  for (const lister& worker : workers) sum.files += worker.files();
  return sum;

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
