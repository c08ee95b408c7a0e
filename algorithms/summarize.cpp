#include "algorithms/summarize.hpp"

#include "algorithms/seen_inodes.hpp"

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <span>
#include <vector>

namespace afio::algorithms {

std::uint64_t summary::total() const noexcept {
  return std::accumulate(entries.begin(), entries.end(), std::uint64_t{0});
}

namespace {

class summarizer final : public visitor<1> {
public:
  summarizer(counting what, seen_inodes& seen) noexcept : what_(what), seen_(&seen) {}

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override {
    for (const row<1>& r : rows) {
      // Of the listed ones, because one that is empty has no rows.
      if (r.has_directory()) sum_.deepest = std::max(sum_.deepest, here.depth() + 1);
      count(r.in[0]);
    }
  }

  verdict denied(const place<1>&, const error& why) noexcept override {
    return why == errc::boundary ? verdict::skip : verdict::report;
  }

  const summary& sum() const noexcept { return sum_; }

private:
  void count(const cell& c) noexcept {
    ++sum_.entries[static_cast<std::size_t>(c.type)];
    if (what_ == counting::names) return;
    const stat_t& s = *c.stat;
    if (s.links > 1 && s.type != file_type::directory && !seen_->first(s.id)) {
      ++sum_.linked_again;
      return;
    }
    sum_.allocated += s.allocated;
    if (s.type == file_type::regular || s.type == file_type::symlink) sum_.bytes += s.size;
  }

  counting what_;
  seen_inodes* seen_;
  summary sum_;
};

void add(summary& to, const summary& from) noexcept {
  for (std::size_t i = 0; i < to.entries.size(); ++i) to.entries[i] += from.entries[i];
  to.bytes += from.bytes;
  to.allocated += from.allocated;
  to.linked_again += from.linked_again;
  to.deepest = std::max(to.deepest, from.deepest);
}

constexpr want fields = want::type | want::identity | want::links | want::size | want::allocated;

} // namespace

result<summary> summarize(const walk_root& root, counting what, const tree_options& options,
                          observer& told) noexcept try {
  walk_options how = options.for_walk();
  how.fields = what == counting::sizes ? fields : want::none;
  seen_inodes seen;
  std::vector<summarizer> workers(worker_count(how, 1), summarizer(what, seen));
  AFIO_TRY(const walk_report done, walk<1>({root}, workers, how, told));

  summary sum;
  for (const summarizer& worker : workers) add(sum, worker.sum());
  sum.failures = done.failures;
  sum.stopped = done.stopped;
  AFIO_TRY(const stat_t top, root.directory->stat(fields));
  ++sum.entries[static_cast<std::size_t>(file_type::directory)];
  if (what == counting::sizes) sum.allocated += top.allocated;
  return sum;

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
