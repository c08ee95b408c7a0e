// open, reopen, duplicate, close and the status flags.
#include "afio/detail/linux/door.hpp"
#include "afio/detail/linux/proc_path.hpp"
#include "afio/detail/syscalls.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <cstring>
#include <string_view>

#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace afio::detail::sys {

namespace {

std::uint64_t kernel_flags(resolve how) noexcept {
  constexpr std::uint64_t one = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  switch (how) {
  case resolve::anywhere:
    return 0;
  case resolve::single:
    return one;
  case resolve::single_same_mount:
    return one | RESOLVE_NO_XDEV;
  }
  return one;
}

/// A descriptor's number, or minus an errno, and the call that it came from.
struct opened {
  int number;
  call from;
};

result<descriptor> owned(opened o, const char* name) noexcept {
  if (o.number < 0) return error(-o.number, o.from, name);
  return descriptor(o.number);
}

opened open_classic(const descriptor& dir, const char* name, int flags, mode_t mode,
                    resolve how) noexcept {
  if (how != resolve::anywhere) flags |= O_NOFOLLOW;
  const auto call_it = [&] { return ::openat(dir.number(), name, flags | O_CLOEXEC, mode); };
  return {attempt(call::openat, call_it), call::openat};
}

bool means_no_openat2(int native) noexcept {
  // EPERM: container policies written before openat2 refuse unknown calls so. Where the refusal was
  // of the file itself, openat says the same again.
  return native == ENOSYS || native == EPERM;
}

std::atomic<bool> has_openat2{true};

opened open_best(const descriptor& dir, const char* name, int flags, mode_t mode,
                 resolve how) noexcept {
  if (how == resolve::anywhere || !has_openat2.load(std::memory_order_relaxed)) {
    return open_classic(dir, name, flags, mode, how);
  }
  open_how request{};
  request.flags = static_cast<unsigned>(flags | O_CLOEXEC | O_NOFOLLOW);
  request.mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? mode : 0;
  request.resolve = kernel_flags(how);
  const int number = attempt(call::openat2, [&] {
    return static_cast<int>(::syscall(SYS_openat2, dir.number(), name, &request, sizeof(request)));
  });
  if (number >= 0 || !means_no_openat2(-number)) return {number, call::openat2};
  if (number == -ENOSYS) has_openat2.store(false, std::memory_order_relaxed);
  return open_classic(dir, name, flags, mode, how);
}

} // namespace

result<descriptor> open(const descriptor& dir, const char* name, int flags, mode_t mode,
                        resolve how) noexcept {
  return owned(open_best(dir, name, flags, mode, how), name);
}

result<descriptor> open_if_exists(const descriptor& dir, const char* name, int flags,
                                  resolve how) noexcept {
  const opened found = open_best(dir, name, flags, 0, how);
  if (found.number == -ENOENT) return descriptor();
  return owned(found, name);
}

result<descriptor> reopen(const descriptor& file, int flags) noexcept {
  AFIO_TRY(const proc_path path, proc_path::of(file));
  // The path is a symlink to the file, so it is followed whatever the flags say of the file itself;
  // and it is nothing that an error should name.
  return owned(open_classic(descriptor::working_directory(), path.c_str(), flags & ~O_NOFOLLOW, 0,
                            resolve::anywhere),
               "");
}

namespace {

/// What the kernel itself tells, in a file system of its own of type `magic`.
result<descriptor> open_kernels(const char* path, int flags, long magic) noexcept {
  const opened there =
      open_classic(descriptor::working_directory(), path, flags, 0, resolve::anywhere);
  if (there.number == -ENOENT) return error(ENOSYS, call::verify, path);
  AFIO_TRY(auto own, owned(there, path));
  struct ::statfs fs;
  AFIO_TRY(statfs(own, fs));
  if (fs.f_type != magic) return error(ENOSYS, call::verify, path);
  return own;
}

} // namespace

result<descriptor> open_descriptor_table() noexcept {
  return open_kernels("/proc/self/fd", O_PATH | O_DIRECTORY, PROC_SUPER_MAGIC);
}

result<descriptor> open_large_pages() noexcept {
  auto there = open_kernels("/sys/kernel/mm/hugepages", O_RDONLY | O_DIRECTORY, SYSFS_MAGIC);
  if (!there && there.assume_error().native() == ENOSYS) return descriptor();
  return there;
}

result<descriptor> open_own(const char* name) noexcept {
  std::array<char, 48> path{}; // Zeroed and longer than any name asked for: NUL-terminated.
  constexpr std::string_view prefix = "/proc/self/";
  const std::string_view leaf(name);
  if (prefix.size() + leaf.size() >= path.size()) return error(ENAMETOOLONG, call::openat, name);
  std::memcpy(path.data(), prefix.data(), prefix.size());
  std::memcpy(path.data() + prefix.size(), leaf.data(), leaf.size());
  return open_kernels(path.data(), O_RDONLY, PROC_SUPER_MAGIC);
}

result<descriptor> reopen(const descriptor& table, const descriptor& file, int flags) noexcept {
  std::array<char, 16> number{}; // Zeroed and longer than any int: NUL-terminated.
  std::to_chars(number.data(), number.data() + number.size() - 1, file.number());
  return owned(open_classic(table, number.data(), flags & ~O_NOFOLLOW, 0, resolve::anywhere), "");
}

result<descriptor> open_memory() noexcept {
  AFIO_TRY(const int number,
           enter(call::memfd_create, nullptr, [] { return ::memfd_create("afio", MFD_CLOEXEC); }));
  return descriptor(number);
}

result<descriptor> duplicate(const descriptor& file, unsigned least) noexcept {
  AFIO_TRY(const int number, enter(call::dup, nullptr, [&] {
             return ::fcntl(file.number(), F_DUPFD_CLOEXEC, static_cast<int>(least));
           }));
  return descriptor(number);
}

result<void> close(descriptor file) noexcept {
  const int number = file.release();
  const bool injected = fault_armed.load(std::memory_order_acquire);
  const int native = injected ? meet_fault(call::close) : 0;
  // Linux frees the number before it can report EINTR, so closing is never repeated.
  if (::close(number) != 0 && errno != EINTR) return error(errno, call::close);
  if (native != 0 && native != EINTR) return error(native, call::close);
  return success();
}

result<int> status_flags(const descriptor& file) noexcept {
  return enter(call::fcntl, nullptr, [&] { return ::fcntl(file.number(), F_GETFL); });
}

result<void> set_status_flags(const descriptor& file, int flags) noexcept {
  return enter_void(call::fcntl, nullptr, [&] { return ::fcntl(file.number(), F_SETFL, flags); });
}

} // namespace afio::detail::sys
