// Calls that list, make, change and remove names.
#include "afio/detail/linux/door.hpp"
#include "afio/detail/linux/proc_path.hpp"
#include "afio/detail/syscalls.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::detail::sys {

result<std::size_t> list(const descriptor& dir, std::span<std::byte> buffer) noexcept {
  AFIO_TRY(const ssize_t bytes, enter(call::getdents64, nullptr, [&] {
             return ::getdents64(dir.number(), buffer.data(), buffer.size());
           }));
  return static_cast<std::size_t>(bytes);
}

result<std::size_t> read_link(const descriptor& dir, const char* name,
                              std::span<char> buffer) noexcept {
  // To the kernel an empty buffer is a mistake (EINVAL), here it is one that is too short.
  if (buffer.empty()) return error(ENAMETOOLONG, call::readlinkat, name);
  AFIO_TRY(const ssize_t bytes, enter(call::readlinkat, name, [&] {
             return ::readlinkat(dir.number(), name, buffer.data(), buffer.size());
           }));
  return static_cast<std::size_t>(bytes);
}

result<void> unlink(const descriptor& dir, const char* name, int flags) noexcept {
  return enter_void(call::unlinkat, name, [&] { return ::unlinkat(dir.number(), name, flags); });
}

result<void> unlink_if_exists(const descriptor& dir, const char* name) noexcept {
  const int removed = attempt(call::unlinkat, [&] { return ::unlinkat(dir.number(), name, 0); });
  if (removed < 0 && removed != -ENOENT) return error(-removed, call::unlinkat, name);
  return success();
}

result<void> rename(const descriptor& from, const char* name, const descriptor& to,
                    const char* new_name, unsigned flags) noexcept {
  return enter_void(call::renameat2, name,
                    [&] { return ::renameat2(from.number(), name, to.number(), new_name, flags); });
}

namespace {

result<void> link_through_proc(const descriptor& file, const descriptor& to,
                               const char* new_name) noexcept {
  AFIO_TRY(const proc_path path, proc_path::of(file));
  return enter_void(call::linkat, new_name, [&] {
    return ::linkat(AT_FDCWD, path.c_str(), to.number(), new_name, AT_SYMLINK_FOLLOW);
  });
}

} // namespace

result<void> link(const descriptor& file, const descriptor& to, const char* new_name) noexcept {
  const int linked = attempt(call::linkat, [&] {
    return ::linkat(file.number(), "", to.number(), new_name, AT_EMPTY_PATH);
  });
  // Linux before 6.10 wants CAP_DAC_READ_SEARCH for an empty path and says ENOENT without it.
  if (linked == -ENOENT) return link_through_proc(file, to, new_name);
  if (linked < 0) return error(-linked, call::linkat, new_name);
  return success();
}

result<void> link(const descriptor& dir, const char* name, const descriptor& to,
                  const char* new_name) noexcept {
  return enter_void(call::linkat, new_name,
                    [&] { return ::linkat(dir.number(), name, to.number(), new_name, 0); });
}

result<void> symlink(const char* target, const descriptor& dir, const char* name) noexcept {
  return enter_void(call::symlinkat, name, [&] { return ::symlinkat(target, dir.number(), name); });
}

result<void> make_node(const descriptor& dir, const char* name, mode_t mode,
                       dev_t device) noexcept {
  return enter_void(call::mknodat, name,
                    [&] { return ::mknodat(dir.number(), name, mode, device); });
}

result<void> make_directory(const descriptor& dir, const char* name, mode_t mode) noexcept {
  return enter_void(call::mkdirat, name, [&] { return ::mkdirat(dir.number(), name, mode); });
}

} // namespace afio::detail::sys
