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

// Each pause is about as long as all before it together, so that who comes to a lock that is held
// shortly is soon on, and the rest costs little. Measured here, 2026-11, from the unlock on: after
// 50 us of waiting the lock is had within 40 us, after 500 us within 55 (a tenth of the time 380),
// and 500 us, half a pause, after a long time; the kernel's own wait takes 20 us. A sleep takes 55
// us longer than it is told, so shorter first ones gain nothing. To look each millisecond takes 2.5
// % of a processor; a longer pause would gain less of that than it makes others wait.
constexpr nanoseconds first_pause = 10us;
constexpr nanoseconds longest_pause = 1ms;

/// The kernel's own wait has no end but a signal, and a library must not have handlers of those.
result<void> lock_in_time(const detail::descriptor& file, int kind, off_t at, off_t bytes,
                          deadline limit) noexcept {
  // The first try waits for nobody, and reading the clock takes a twentieth of a lock's time.
  AFIO_TRY(bool locked, sys::try_lock(file, kind, at, bytes));
  if (locked) return success();
  const auto running = limit.start();
  for (nanoseconds pause = first_pause; !locked; pause = std::min(2 * pause, longest_pause)) {
    const nanoseconds left = running.remaining();
    if (left == nanoseconds::zero()) return error(ETIMEDOUT, call::fcntl);
    std::this_thread::sleep_for(std::min(pause, left));
    AFIO_TRY(locked, sys::try_lock(file, kind, at, bytes));
  }
  return success();
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
