#include "algorithms/update_tree/updater.hpp"

#include <cerrno>
#include <new>

namespace afio::algorithms::update_detail {

void updater::rows(const place<2>& here, std::span<row<2>> rows) noexcept {
  for (row<2>& r : rows) {
    try {
      update_row(here, r);
    } catch (const std::bad_alloc&) {
      here.fail(operation::copy, r.name, error(ENOMEM, call::none));
      r.below = row<2>::below::skip;
    }
  }
}

void updater::update_row(const place<2>& here, row<2>& r) {
  if (!wants(here, r)) return keep(here, r);
  if (r.in[0].present) return changes_.put(here, r);
  // Of a directory that could not be listed, which was told, an absent name says nothing.
  const bool certain = changer<2>::is_going(here) || here.listed(0);
  if (shared_->options.extras == update_options::extras::keep || !certain) return keep(here, r);
  changes_.remove(here, r);
}

/// And with it the directory that it is in.
void updater::keep(const place<2>& here, row<2>& r) const noexcept {
  r.below = row<2>::below::skip;
  if (changer<2>::is_going(here)) here.mark_incomplete();
}

bool updater::wants(const place<2>& here, const row<2>& r) const {
  const path_filter* const filter = shared_->options.filter;
  const cell& c = r.in[0].present ? r.in[0] : r.in[1];
  return filter == nullptr || filter->includes(shared_->copying.below(here, r.name), c.type);
}

} // namespace afio::algorithms::update_detail
