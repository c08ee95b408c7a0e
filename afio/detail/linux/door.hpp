// What every call through the door has in common.
#pragma once

#include "afio/detail/fault.hpp"
#include "afio/result.hpp"

#include <cerrno>

namespace afio::detail::sys {

/// Makes the call `f` (which returns -1 and sets errno on failure) until no signal interrupts it.
template <class F>
auto enter(call which, const char* name, F&& f) noexcept -> result<decltype(f())> {
  for (;;) {
    int native = fault_armed.load(std::memory_order_acquire) ? meet_fault(which) : 0;
    if (native == 0) {
      const auto value = f();
      if (value >= 0) return value;
      native = errno;
    }
    if (native != EINTR) return error(native, which, name != nullptr ? name : "");
  }
}

/// The same for a call whose value says nothing but success.
template <class F>
result<void> enter_void(call which, const char* name, F&& f) noexcept {
  AFIO_TRY(enter(which, name, f));
  return success();
}

} // namespace afio::detail::sys
