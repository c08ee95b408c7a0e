#include "afio/file_lock.hpp"

#include "afio/deadline.hpp"
#include "afio/detail/syscalls.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>

namespace afio {

namespace sys = detail::sys;

namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr nanoseconds first_pause = 10us;
constexpr nanoseconds longest_pause = 1ms;

/// The kernel's own wait has no end but a signal, and a library must not have handlers of those.
result<void> lock_in_time(const detail::descriptor& file, int kind, off_t at, off_t bytes,
                          deadline limit) noexcept {
  const auto running = limit.start();
  for (nanoseconds pause = first_pause;; pause = std::min(2 * pause, longest_pause)) {
    AFIO_TRY(const bool locked, sys::try_lock(file, kind, at, bytes));
    if (locked) return success();
    const nanoseconds left = running.remaining();
    if (left == nanoseconds::zero()) return error(ETIMEDOUT, call::fcntl);
    std::this_thread::sleep_for(std::min(pause, left));
  }
}

} // namespace

result<file_lock> file_lock::take(const detail::descriptor& file, off_t at, off_t bytes,
                                  lock_kind kind, deadline limit) noexcept {
  const int native = kind == lock_kind::shared ? F_RDLCK : F_WRLCK;
  AFIO_TRY(limit.unlimited() ? sys::lock(file, native, at, bytes)
                             : lock_in_time(file, native, at, bytes, limit));
  return file_lock(file, at, bytes);
}

result<void> file_lock::unlock() noexcept {
  if (!owns_lock()) return success();
  AFIO_TRY(sys::unlock(file_, at_, bytes_));
  file_ = {};
  return success();
}

} // namespace afio
