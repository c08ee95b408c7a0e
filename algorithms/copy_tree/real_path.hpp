// Paths as the kernel tells them of what is held.
#pragma once

#include "afio/handle.hpp"

#include <string>

namespace afio::algorithms::copy_detail {

/// The real path of what `held` holds, as symlink_target.hpp wants it. ENOENT where nothing leads
/// to it from the root directory; ENAMETOOLONG beyond 4,095 bytes. Throws std::bad_alloc.
result<std::string> real_path(const handle& held);

} // namespace afio::algorithms::copy_detail
