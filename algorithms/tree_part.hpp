// Which part of a tree a walk is about.
#pragma once

#include "algorithms/path_filter.hpp"
#include "algorithms/walk/walk.hpp"

#include <string>
#include <string_view>

namespace afio::algorithms {

struct tree_part {
  std::string_view root;               ///< What the walk calls its root.
  const path_filter* filter = nullptr; ///< Null: all.

  /// Throws std::bad_alloc.
  bool holds(const place<1>& here, const row<1>& r) const {
    if (filter == nullptr) return true;
    const std::string shown = here.path(r.name);
    const std::size_t slash = root.ends_with('/') || root.empty() ? 0 : 1;
    return filter->includes(std::string_view(shown).substr(root.size() + slash), r.in[0].type);
  }
};

} // namespace afio::algorithms
