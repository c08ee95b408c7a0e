// That a copy does not lie in what is copied.
#pragma once

#include "afio/path_handle.hpp"

namespace afio::algorithms::copy_detail {

/// errc::refused, about `name`, if `source` is `other` or above it.
result<void> check_apart(const path_handle& source, const path_handle& other,
                         leaf_name name) noexcept;

} // namespace afio::algorithms::copy_detail
