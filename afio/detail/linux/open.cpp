// open, reopen, duplicate, close and the status flags.
#include "afio/detail/linux/door.hpp"
#include "afio/detail/linux/proc_path.hpp"
#include "afio/detail/syscalls.hpp"

#include <atomic>

#include <linux/openat2.h>
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

result<descriptor> open_classic(const descriptor& dir, const char* name, int flags, mode_t mode,
                                resolve how) noexcept {
  if (how != resolve::anywhere) flags |= O_NOFOLLOW;
  AFIO_TRY(const int number, enter(call::openat, name, [&] {
             return ::openat(dir.number(), name, flags | O_CLOEXEC, mode);
           }));
  return descriptor(number);
}

bool means_no_openat2(const error& e) noexcept {
  // EPERM: container policies written before openat2 refuse unknown calls so. Where the refusal was
  // of the file itself, openat says the same again.
  return e.native() == ENOSYS || e.native() == EPERM;
}

std::atomic<bool> has_openat2{true};

} // namespace

result<descriptor> open(const descriptor& dir, const char* name, int flags, mode_t mode,
                        resolve how) noexcept {
  if (how == resolve::anywhere || !has_openat2.load(std::memory_order_relaxed)) {
    return open_classic(dir, name, flags, mode, how);
  }
  open_how request{};
  request.flags = static_cast<unsigned>(flags | O_CLOEXEC | O_NOFOLLOW);
  request.mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? mode : 0;
  request.resolve = kernel_flags(how);
  auto number = enter(call::openat2, name, [&] {
    return static_cast<int>(::syscall(SYS_openat2, dir.number(), name, &request, sizeof(request)));
  });
  if (number) return descriptor(number.assume_value());
  if (!means_no_openat2(number.assume_error())) return std::move(number).as_failure();
  if (number.assume_error().native() == ENOSYS) has_openat2.store(false, std::memory_order_relaxed);
  return open_classic(dir, name, flags, mode, how);
}

result<descriptor> reopen(const descriptor& file, int flags) noexcept {
  AFIO_TRY(const proc_path path, proc_path::of(file));
  return open_classic(descriptor::working_directory(), path.c_str(), flags, 0, resolve::anywhere);
}

result<descriptor> duplicate(const descriptor& file) noexcept {
  AFIO_TRY(const int number,
           enter(call::dup, nullptr, [&] { return ::fcntl(file.number(), F_DUPFD_CLOEXEC, 0); }));
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
