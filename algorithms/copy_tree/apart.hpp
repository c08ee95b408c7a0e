// That neither of two trees lies in the other, where that would do harm.
#pragma once

#include "afio/path_handle.hpp"
#include "algorithms/path_filter.hpp"

#include <string_view>

namespace afio::algorithms::copy_detail {

/// errc::refused, about `name`, if `source` is `other` or above it.
result<void> check_apart(const path_handle& source, const path_handle& other,
                         std::string_view name) noexcept;

/// errc::refused, about `name`, if `source` is `other`, or above it where a walk from it would come
/// to it: over no mount but as `mounts` says, and by names that `filter` includes (null: all).
/// Throws std::bad_alloc.
result<void> check_out_of_reach(const path_handle& source, const path_handle& other,
                                std::string_view name, crossing mounts, const path_filter* filter);

/// errc::refused, about `name`, if the directory `name` of `target` is the root of the source: a
/// merge into it would change the source while it is read.
result<void> check_not_source(const path_handle& target, leaf_name name,
                              const identity& source) noexcept;

} // namespace afio::algorithms::copy_detail
