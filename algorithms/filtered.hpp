// Which entries a walk is about.
#pragma once

#include "algorithms/path_filter.hpp"
#include "algorithms/walk/visitor.hpp"

#include <cstddef>

namespace afio::algorithms {

/// Whether `filter` includes what the row is in the first tree; null includes everything. Throws
/// std::bad_alloc.
template <std::size_t N>
bool includes(const path_filter* filter, const place<N>& here, const row<N>& r) {
  return filter == nullptr || filter->includes(here.below(r.name), r.in[0].type);
}

} // namespace afio::algorithms
