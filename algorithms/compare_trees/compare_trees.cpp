#include "algorithms/compare_trees/compare_trees.hpp"

#include "algorithms/compare_trees/tree_comparer.hpp"

#include <cerrno>
#include <new>
#include <numeric>
#include <vector>

namespace afio::algorithms {

std::uint64_t compare_report::differences() const noexcept {
  // The first of each are the names that do not differ.
  return std::accumulate(kinds.begin() + 1, kinds.end(), std::uint64_t{0}) +
         std::accumulate(outcomes.begin() + 1, outcomes.end(), std::uint64_t{0});
}

namespace compare_detail {

namespace {

void add(compare_report& to, const compare_report& from) noexcept {
  for (std::size_t i = 0; i < to.kinds.size(); ++i) to.kinds[i] += from.kinds[i];
  for (std::size_t i = 0; i < to.outcomes.size(); ++i) to.outcomes[i] += from.outcomes[i];
}

comparison for_entries(const compare_options& options) noexcept {
  comparison how = options.entries;
  how.stop = options.tree.stop;
  how.counters = options.tree.counters;
  return how;
}

template <std::size_t N>
result<compare_report> compare(const std::array<walk_root, N>& roots,
                               const compare_options& options, difference_listener& found,
                               observer& told) {
  comparing_trees shared{options, found, {}, {}};
  walk_options how = options.tree.for_walk();
  how.fields = compared_fields;
  if (options.entries.how != comparing::quick) how.row_cost = row_cost::contents;
  std::vector<tree_comparer<N>> workers;
  for (unsigned left = worker_count(how, N); left != 0; --left) {
    AFIO_TRY(auto comparer, entry_comparer::make(for_entries(options)));
    workers.emplace_back(shared, std::move(comparer));
  }
  compare_report sum;
  const auto of_roots = workers[0].compare_roots(roots);
  if (!of_roots) {
    ++sum.failures;
    told.failed({operation::compare, roots[0].name, of_roots.assume_error()});
  }
  AFIO_TRY(const walk_report done, walk<N>(roots, workers, how, told));
  for (const auto& worker : workers) add(sum, worker.report());
  sum.rows = done.rows;
  sum.failures += done.failures;
  sum.stopped = done.stopped;
  return sum;
}

} // namespace

} // namespace compare_detail

result<compare_report> compare_trees(const walk_root& left, const walk_root& right,
                                     const compare_options& options, difference_listener& found,
                                     observer& told) noexcept try {
  return compare_detail::compare<2>({left, right}, options, found, told);

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<compare_report> compare_trees(const walk_root& base, const walk_root& left,
                                     const walk_root& right, const compare_options& options,
                                     difference_listener& found, observer& told) noexcept try {
  return compare_detail::compare<3>({base, left, right}, options, found, told);

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<compare_report> compare_entries(const location& left, const location& right,
                                       const compare_options& options,
                                       difference_listener& found) noexcept {
  stat_t of_left, of_right;
  AFIO_TRY(of_left.stamp(left.directory, left.name, compared_fields));
  AFIO_TRY(of_right.stamp(right.directory, right.name, compared_fields));
  AFIO_TRY(auto comparer, entry_comparer::make(compare_detail::for_entries(options)));
  AFIO_TRY(const distinction what, comparer.compare({left.directory, left.name, of_left},
                                                    {right.directory, right.name, of_right}));
  compare_report report{.rows = 1};
  ++report.kinds[static_cast<std::size_t>(what.what)];
  if (what) found.differs(tree_difference{{}, what, &of_left, &of_right});
  return report;
}

} // namespace afio::algorithms
