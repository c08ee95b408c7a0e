#include "algorithms/dedupe/dedupe.hpp"

#include "algorithms/dedupe/replacer.hpp"
#include "algorithms/serial_observer.hpp"
#include "algorithms/walk/in_parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <new>
#include <vector>

namespace afio::algorithms {

namespace {

void add(dedupe_report& to, const dedupe_report& from) noexcept {
  to.files += from.files;
  to.names += from.names;
  to.reclaimed += from.reclaimed;
  to.changed += from.changed;
  to.busy += from.busy;
  to.failures += from.failures;
}

} // namespace

result<dedupe_report> dedupe(const dedupe_plan& plan, const dedupe_options& options,
                             observer& told) noexcept try {
  using namespace dedupe_detail;
  const contents_of_plan& of = *plan.of_;
  serial_observer one_at_a_time(told);
  replacing shared{of, options, one_at_a_time, options.tree.deadline.start()};
  const auto threads =
      std::clamp<std::size_t>(of.groups.size(), 1, worker_count(options.tree.for_walk(), 1));
  std::vector<replacer> workers;
  for (std::size_t i = 0; i < threads; ++i) {
    AFIO_TRY(auto made, replacer::make(shared));
    workers.push_back(std::move(made));
  }
  std::atomic<std::size_t> next{0};
  in_parallel(static_cast<unsigned>(threads), [&](unsigned i) noexcept {
    for (;;) {
      const std::size_t group = next.fetch_add(1);
      if (group >= of.groups.size() || shared.breaks_off()) break;
      workers[i].replace(of.groups[group]);
    }
    workers[i].finish();
  });
  directory_cache directories(of.found, 16, options.tree.mounts);
  shared.times.put_back(directories);

  dedupe_report all;
  for (const replacer& one : workers) add(all, one.report());
  all.stopped = options.tree.stop.stop_requested() ? stopped::by_request : shared.broken_off.load();
  return all;

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
