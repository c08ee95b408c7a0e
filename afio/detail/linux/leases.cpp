// Leases: being told when somebody else wants a file.
#include "afio/detail/linux/door.hpp"
#include "afio/detail/syscalls.hpp"

#include <fcntl.h>

namespace afio::detail::sys {

result<void> set_signal(const descriptor& file, int signal) noexcept {
  return enter_void(call::fcntl, nullptr, [&] { return ::fcntl(file.number(), F_SETSIG, signal); });
}

result<bool> try_lease(const descriptor& file, int kind) noexcept {
  const int value = attempt(call::fcntl, [&] { return ::fcntl(file.number(), F_SETLEASE, kind); });
  // Somebody else has it open, or a lease of it that does not go with this one.
  if (value == -EAGAIN || value == -EBUSY) return false;
  if (value < 0) return error(-value, call::fcntl);
  return true;
}

result<int> lease(const descriptor& file) noexcept {
  return enter(call::fcntl, nullptr, [&] { return ::fcntl(file.number(), F_GETLEASE); });
}

result<void> drop_lease(const descriptor& file) noexcept {
  const int value =
      attempt(call::fcntl, [&] { return ::fcntl(file.number(), F_SETLEASE, F_UNLCK); });
  // EAGAIN: there is none. The kernel takes one away from who does not give it up in time.
  if (value < 0 && value != -EAGAIN) return error(-value, call::fcntl);
  return success();
}

} // namespace afio::detail::sys
