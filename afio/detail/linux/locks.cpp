// Locks of an open file description, of bytes or of the whole file.
#include "afio/detail/linux/door.hpp"
#include "afio/detail/syscalls.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace afio::detail::sys {

namespace {

/// fcntl's number, or minus the errno. EINTR is made again: F_OFD_SETLKW waits on after a signal.
int change_lock(int number, int command, int kind, off_t at, off_t bytes) noexcept {
  struct flock range {};

  range.l_type = static_cast<short>(kind);
  range.l_whence = SEEK_SET;
  range.l_start = at;
  range.l_len = bytes;
  return attempt(call::fcntl, [&] { return ::fcntl(number, command, &range); });
}

} // namespace

result<bool> try_lock(const descriptor& file, int kind, off_t at, off_t bytes) noexcept {
  const int value = change_lock(file.number(), F_OFD_SETLK, kind, at, bytes);
  if (value == -EAGAIN) return false; // The lock is another's.
  if (value < 0) return error(-value, call::fcntl);
  return true;
}

result<void> lock(const descriptor& file, int kind, off_t at, off_t bytes) noexcept {
  const int value = change_lock(file.number(), F_OFD_SETLKW, kind, at, bytes);
  if (value < 0) return error(-value, call::fcntl);
  return success();
}

result<void> unlock(borrowed_descriptor file, off_t at, off_t bytes) noexcept {
  const int value = change_lock(file.number(), F_OFD_SETLK, F_UNLCK, at, bytes);
  if (value < 0) return error(-value, call::fcntl);
  return success();
}

} // namespace afio::detail::sys
