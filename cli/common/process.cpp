#include "cli/common/process.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "afio/path_handle.hpp"
#include "afio/utils.hpp"

namespace afio::cli {

void prepare_process() noexcept {
  // As many as a walk uses by default, three quarters of the limit, and a few besides.
  constexpr rlim_t useful = 4096 / 3 * 4;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (limit.rlim_cur < useful) {
    limit.rlim_cur = std::min(useful, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return; // Then walks make do with fewer.
  }
  const auto here = path_handle::path(path_handle::working_directory(), path_view("."));
  // Without it everything works, deep trees a little slower.
  const auto count = static_cast<unsigned>(std::min(useful, limit.rlim_cur));
  if (here) (void)reserve_descriptors(here.assume_value(), count);
}

} // namespace afio::cli
