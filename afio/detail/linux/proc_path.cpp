#include "afio/detail/linux/proc_path.hpp"

#include "afio/detail/linux/door.hpp"

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

namespace afio::detail::sys {

namespace {

int statfs_of_proc(struct ::statfs& fs) noexcept {
  int failed;
  do {
    failed = ::statfs("/proc/self/fd", &fs) == 0 ? 0 : errno;
  } while (failed == EINTR);
  return failed;
}

/// Until it was found to be there once: a failure may pass.
result<void> find_procfs() noexcept {
  constexpr const char* where = "/proc/self/fd";
  static std::atomic<bool> found = false;
  if (found.load(std::memory_order_relaxed)) return success();

  struct ::statfs fs {};

  const int failed = statfs_of_proc(fs);
  // Not mounted, or something else is there: what needs it cannot be done.
  if (failed == ENOENT || (failed == 0 && fs.f_type != PROC_SUPER_MAGIC))
    return error(ENOSYS, call::verify, where);
  if (failed != 0) return error(failed, call::verify, where);
  found.store(true, std::memory_order_relaxed);
  return success();
}

} // namespace

result<proc_path> proc_path::of(const descriptor& file) noexcept {
  AFIO_TRY(find_procfs());
  proc_path path;
  if (file.number() == AT_FDCWD) {
    constexpr std::string_view working_directory = "/proc/self/cwd";
    std::memcpy(path.text_.data(), working_directory.data(), working_directory.size());
    return path;
  }
  constexpr std::string_view prefix = "/proc/self/fd/";
  std::memcpy(path.text_.data(), prefix.data(), prefix.size());
  // Zero-initialised and longer than the prefix and any int, so the text stays NUL-terminated.
  std::to_chars(path.text_.data() + prefix.size(), path.text_.data() + path.text_.size() - 1,
                file.number());
  return path;
}

} // namespace afio::detail::sys
