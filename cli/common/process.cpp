#include "cli/common/process.hpp"

#include "afio/path_handle.hpp"
#include "afio/utils.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace afio::cli {

namespace {

/// A file that is opened where a standard stream was closed would be written to by mistake.
void occupy_standard_streams() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // In the wrong direction: using it still fails. The lowest free number is this one.
    (void)::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

} // namespace

void prepare_process() noexcept {
  occupy_standard_streams();
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
