// Calls about what is known of a file: status, mode, extended attributes, its path.
#include "afio/detail/linux/door.hpp"
#include "afio/detail/linux/proc_path.hpp"
#include "afio/detail/syscalls.hpp"

#include <cstdint>

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_getxattrat
#define SYS_getxattrat 464 // Linux 6.13
#endif
#ifndef SYS_listxattrat
#define SYS_listxattrat 465 // Linux 6.13
#endif
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

result<void> change_owner(const descriptor& file, uid_t owner, gid_t group) noexcept {
  return enter_void(call::fchownat, nullptr,
                    [&] { return ::fchownat(file.number(), "", owner, group, AT_EMPTY_PATH); });
}

result<void> change_times(const descriptor& file, const timespec& accessed,
                          const timespec& modified) noexcept {
  const timespec both[] = {accessed, modified};
  const int direct = attempt(call::utimensat, [&] { return ::futimens(file.number(), both); });
  if (direct != -EBADF) {
    return direct < 0 ? result<void>(error(-direct, call::utimensat)) : success();
  }
  // O_PATH. Takes 0.5 µs more. Linux before 5.8 does not take an empty path.
  return enter_void(call::utimensat, nullptr,
                    [&] { return ::utimensat(file.number(), "", both, AT_EMPTY_PATH); });
}

result<int> inode_flags(const descriptor& file) noexcept {
  int flags = 0; // The kernel reads and writes an int, whatever the request's name says.
  AFIO_TRY(enter_void(call::ioctl, nullptr,
                      [&] { return ::ioctl(file.number(), FS_IOC_GETFLAGS, &flags); }));
  return flags;
}

result<void> set_inode_flags(const descriptor& file, int flags) noexcept {
  return enter_void(call::ioctl, nullptr,
                    [&] { return ::ioctl(file.number(), FS_IOC_SETFLAGS, &flags); });
}

namespace {

/// Makes a call about attributes: of the descriptor itself, and where it is O_PATH (EBADF), which
/// the f*xattr calls refuse, by its path in /proc. That ends at the file itself, whatever its type.
template <class F, class P>
result<ssize_t> on_attributes(call which, const descriptor& file, const char* name, F&& directly,
                              P&& by_path) noexcept {
  const ssize_t value = attempt(which, directly);
  if (value >= 0) return value;
  if (value != -EBADF) return error(static_cast<int>(-value), which, name != nullptr ? name : "");
  AFIO_TRY(const proc_path path, proc_path::of(file));
  return enter(which, name, [&] { return by_path(path.c_str()); });
}

} // namespace

result<std::size_t> list_attributes(const descriptor& file, std::span<char> buffer) noexcept {
  AFIO_TRY(const ssize_t bytes,
           on_attributes(
               call::flistxattr, file, nullptr,
               [&] { return ::flistxattr(file.number(), buffer.data(), buffer.size()); },
               [&](const char* path) { return ::listxattr(path, buffer.data(), buffer.size()); }));
  return static_cast<std::size_t>(bytes);
}

result<std::size_t> list_attributes(const descriptor& dir, const char* name,
                                    std::span<char> buffer) noexcept {
  const long bytes = attempt(call::listxattrat, [&] {
    return ::syscall(SYS_listxattrat, dir.number(), name, AT_SYMLINK_NOFOLLOW, buffer.data(),
                     buffer.size());
  });
  if (bytes >= 0) return static_cast<std::size_t>(bytes);
  if (bytes != -ENOSYS) return error(static_cast<int>(-bytes), call::listxattrat, name);
  // Linux before 6.13.
  AFIO_TRY(const descriptor pinned, open(dir, name, O_PATH | O_NOFOLLOW, 0, resolve::single));
  return list_attributes(pinned, buffer);
}

result<std::size_t> get_attribute(const descriptor& file, const char* name,
                                  std::span<std::byte> buffer) noexcept {
  AFIO_TRY(
      const ssize_t bytes,
      on_attributes(
          call::fgetxattr, file, name,
          [&] { return ::fgetxattr(file.number(), name, buffer.data(), buffer.size()); },
          [&](const char* path) { return ::getxattr(path, name, buffer.data(), buffer.size()); }));
  return static_cast<std::size_t>(bytes);
}

namespace {

/// The kernel's struct xattr_args, which is younger than Debian 12's headers.
struct attribute_value {
  alignas(8) std::uint64_t address;
  std::uint32_t size;
  std::uint32_t flags;
};

long get_attribute_at(const descriptor& dir, const char* name, const char* attribute,
                      std::span<std::byte> buffer) noexcept {
  const attribute_value value{reinterpret_cast<std::uintptr_t>(buffer.data()),
                              static_cast<std::uint32_t>(buffer.size()), 0};
  return attempt(call::getxattrat, [&] {
    return ::syscall(SYS_getxattrat, dir.number(), name, AT_SYMLINK_NOFOLLOW, attribute, &value,
                     sizeof value);
  });
}

/// Linux before 6.13 has no getxattrat.
result<std::optional<std::size_t>> find_attribute_of_pinned(const descriptor& dir, const char* name,
                                                            const char* attribute,
                                                            std::span<std::byte> buffer) noexcept {
  AFIO_TRY(const descriptor pinned, open(dir, name, O_PATH | O_NOFOLLOW, 0, resolve::single));
  const auto found = get_attribute(pinned, attribute, buffer);
  if (found) return std::optional(found.assume_value());
  const int native = found.assume_error().native();
  if (native == ENODATA || native == ENOTSUP) return std::optional<std::size_t>();
  return found.as_failure();
}

} // namespace

result<std::optional<std::size_t>> find_attribute(const descriptor& dir, const char* name,
                                                  const char* attribute,
                                                  std::span<std::byte> buffer) noexcept {
  const long bytes = get_attribute_at(dir, name, attribute, buffer);
  if (bytes >= 0) return std::optional(static_cast<std::size_t>(bytes));
  if (bytes == -ENODATA || bytes == -ENOTSUP) return std::optional<std::size_t>();
  if (bytes == -ENOSYS) return find_attribute_of_pinned(dir, name, attribute, buffer);
  return error(static_cast<int>(-bytes), call::getxattrat, name);
}

result<void> set_attribute(const descriptor& file, const char* name,
                           std::span<const std::byte> value, int flags) noexcept {
  AFIO_TRY(on_attributes(
      call::fsetxattr, file, name,
      [&]() -> ssize_t {
        return ::fsetxattr(file.number(), name, value.data(), value.size(), flags);
      },
      [&](const char* path) -> ssize_t {
        return ::setxattr(path, name, value.data(), value.size(), flags);
      }));
  return success();
}

result<void> remove_attribute(const descriptor& file, const char* name) noexcept {
  AFIO_TRY(on_attributes(
      call::fremovexattr, file, name,
      [&]() -> ssize_t { return ::fremovexattr(file.number(), name); },
      [&](const char* path) -> ssize_t { return ::removexattr(path, name); }));
  return success();
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
