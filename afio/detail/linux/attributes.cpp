// Calls about what is known of a file: status, mode, extended attributes, its path.
#include "afio/detail/linux/door.hpp"
#include "afio/detail/linux/proc_path.hpp"
#include "afio/detail/syscalls.hpp"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 // Linux 6.6; younger than Debian 12's headers
#endif

namespace afio::detail::sys {

result<void> statx(const descriptor& dir, const char* name, unsigned mask,
                   struct ::statx& out) noexcept {
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
  return enter_void(call::statx, name, [&] {
    // The raw call: glibc's wrapper falls back to stat, which knows no mount id.
    return ::syscall(SYS_statx, dir.number(), name, flags, mask, &out);
  });
}

result<void> statfs(const descriptor& file, struct ::statfs& out) noexcept {
  return enter_void(call::fstatfs, nullptr, [&] { return ::fstatfs(file.number(), &out); });
}

namespace {

result<void> change_mode_through_proc(const descriptor& dir, const char* name,
                                      mode_t mode) noexcept {
  descriptor opened;
  if (*name != '\0') {
    AFIO_TRY(opened, open(dir, name, O_PATH, 0, resolve::single));
  }
  AFIO_TRY(const proc_path path, proc_path::of(*name != '\0' ? opened : dir));
  return enter_void(call::fchmodat2, name,
                    [&] { return ::fchmodat(AT_FDCWD, path.c_str(), mode, 0); });
}

} // namespace

result<void> change_mode(const descriptor& dir, const char* name, mode_t mode) noexcept {
  const long changed = attempt(call::fchmodat2, [&] {
    return ::syscall(SYS_fchmodat2, dir.number(), name, mode, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
  });
  // Linux before 6.6 has no fchmodat2.
  if (changed == -ENOSYS) return change_mode_through_proc(dir, name, mode);
  if (changed < 0) return error(static_cast<int>(-changed), call::fchmodat2, name);
  return success();
}

// The f*xattr calls refuse O_PATH descriptors and cannot reach a symlink's own attributes. The path
// of a magic link ends at the file itself, whatever its type, so all four go that way.

result<std::size_t> list_attributes(const descriptor& file, std::span<char> buffer) noexcept {
  AFIO_TRY(const proc_path path, proc_path::of(file));
  AFIO_TRY(const ssize_t bytes, enter(call::flistxattr, nullptr, [&] {
             return ::listxattr(path.c_str(), buffer.data(), buffer.size());
           }));
  return static_cast<std::size_t>(bytes);
}

result<std::size_t> get_attribute(const descriptor& file, const char* name,
                                  std::span<std::byte> buffer) noexcept {
  AFIO_TRY(const proc_path path, proc_path::of(file));
  AFIO_TRY(const ssize_t bytes, enter(call::fgetxattr, name, [&] {
             return ::getxattr(path.c_str(), name, buffer.data(), buffer.size());
           }));
  return static_cast<std::size_t>(bytes);
}

result<void> set_attribute(const descriptor& file, const char* name,
                           std::span<const std::byte> value, int flags) noexcept {
  AFIO_TRY(const proc_path path, proc_path::of(file));
  return enter_void(call::fsetxattr, name, [&] {
    return ::setxattr(path.c_str(), name, value.data(), value.size(), flags);
  });
}

result<void> remove_attribute(const descriptor& file, const char* name) noexcept {
  AFIO_TRY(const proc_path path, proc_path::of(file));
  return enter_void(call::fremovexattr, name, [&] { return ::removexattr(path.c_str(), name); });
}

result<std::size_t> path_of(const descriptor& file, std::span<char> buffer) noexcept {
  AFIO_TRY(const proc_path path, proc_path::of(file));
  return read_link(descriptor::working_directory(), path.c_str(), buffer);
}

result<void> random_bytes(std::span<std::byte> buffer) noexcept {
  // Up to 256 bytes come whole; nothing here asks for more.
  return enter_void(call::getrandom, nullptr,
                    [&] { return ::getrandom(buffer.data(), buffer.size(), 0); });
}

} // namespace afio::detail::sys
