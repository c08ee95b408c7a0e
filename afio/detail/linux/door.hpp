// What every call through the door has in common.
#pragma once

#include "afio/detail/fault.hpp"
#include "afio/result.hpp"

#include <cerrno>

namespace afio::detail::sys {

/// Makes the call `f` (which returns -1 and sets errno on failure) until no signal interrupts it.
/// Its value, or minus the errno: for those who then try something else, because the name in an
/// error allocates.
template <class F>
auto attempt(call which, F&& f) noexcept -> decltype(f()) {
  for (;;) {
    int native = fault_armed.load(std::memory_order_acquire) ? meet_fault(which) : 0;
    if (native == 0) {
      const auto value = f();
      if (value >= 0) return value;
      native = errno;
    }
    if (native != EINTR) return -native;
  }
}

/// The same, and a failure is an error about `name`.
template <class F>
auto enter(call which, const char* name, F&& f) noexcept -> result<decltype(f())> {
  const auto value = attempt(which, f);
  if (value < 0) return error(static_cast<int>(-value), which, name != nullptr ? name : "");
  return value;
}

/// The same for a call whose value says nothing but success.
template <class F>
result<void> enter_void(call which, const char* name, F&& f) noexcept {
  AFIO_TRY(enter(which, name, f));
  return success();
}

} // namespace afio::detail::sys
