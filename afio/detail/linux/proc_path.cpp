#include "afio/detail/linux/proc_path.hpp"

#include "afio/detail/linux/door.hpp"

#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

namespace afio::detail::sys {

namespace {

bool proc_is_procfs() noexcept {
  struct ::statfs fs;
  return ::statfs("/proc/self/fd", &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

} // namespace

result<proc_path> proc_path::of(const descriptor& file) noexcept {
  static const bool usable = proc_is_procfs();
  if (!usable) return error(ENOSYS, call::verify, "/proc/self/fd");
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
