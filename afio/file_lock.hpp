// A lock of a file, or of bytes of it, that ends with the guard.
#pragma once

#include "afio/detail/descriptor.hpp"
#include "afio/result.hpp"

#include <cstdint>
#include <utility>

#include <sys/types.h>

namespace afio {

class deadline;

/// Who else may have a lock of the same bytes.
enum class lock_kind : std::uint8_t {
  shared,    ///< Who has a shared one, too. For readers.
  exclusive, ///< Nobody.
};

/// Holds what file_handle::lock_file_range or lock_file locked (see there what such a lock is), and
/// unlocks it when it is destroyed, which drops what goes wrong with that. Move-only, 24 bytes.
/// Used by one thread at a time.
///
/// The lock is of the handle that it was taken through, and the guard refers to that: the handle
/// must be open until the guard has unlocked, or has been released. Moving the handle is no harm,
/// the guard follows it. Closing it (or assigning to it) frees the lock; a guard that is not
/// released before that would unlock the same bytes of whatever gets the number of the descriptor.
class file_lock {
public:
  /// Holds nothing.
  file_lock() noexcept = default;

  file_lock(file_lock&& other) noexcept
      : at_(other.at_), bytes_(other.bytes_), file_(std::exchange(other.file_, {})) {}

  /// Unlocks what it held before.
  file_lock& operator=(file_lock&& other) noexcept {
    file_lock before(std::move(*this));
    at_ = other.at_;
    bytes_ = other.bytes_;
    file_ = std::exchange(other.file_, {});
    return *this;
  }

  ~file_lock() {
    if (owns_lock()) (void)unlock();
  }

  /// Whether it has something to unlock: neither moved from, nor unlocked, nor released.
  bool owns_lock() const noexcept { return file_.is_open(); }

  /// Unlocks now. If that fails, which it does where the kernel is out of memory (ENOLCK, as one
  /// lock would become two) or the file system is a network's, the guard still has it. Success
  /// where it holds nothing.
  result<void> unlock() noexcept;

  /// Lets go of the lock without unlocking: it is the handle's until that is closed or those bytes
  /// are unlocked by another guard.
  void release() noexcept { file_ = {}; }

private:
  friend class file_handle;

  file_lock(const detail::descriptor& file, off_t at, off_t bytes) noexcept
      : at_(at), bytes_(bytes), file_(file) {}

  /// With a length of 0: all from `at` on.
  static result<file_lock> take(const detail::descriptor& file, off_t at, off_t bytes,
                                lock_kind kind, deadline limit) noexcept;

  off_t at_ = 0;
  off_t bytes_ = 0;
  detail::borrowed_descriptor file_;
};

} // namespace afio
