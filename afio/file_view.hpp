// A part of a file in memory, without a copy.
#pragma once

#include "afio/file_handle.hpp"

#include <utility>

namespace afio {

/// Move-only; the pages go with it. It holds nothing of the handle, but while it lives the file is
/// in use: another handle gets no write lease of it.
///
/// Only for files that nobody can cut: under a lease (file_handle::try_lease) that is looked at
/// before each view, and not given back before the view is gone. Else the process gets SIGBUS when
/// it touches what has gone; as it does where memory was short in between, and the device cannot
/// read a page again.
class file_view {
public:
  file_view() noexcept = default;

  /// Maps `part` of `file`, which is open for reading, and has all of it in memory when it returns.
  /// EFAULT where the file ends before, or cannot be read: read() tells more. EINVAL where the
  /// kernel cannot (before Linux 5.14), or the part is empty. Does not allocate.
  static result<file_view> map(const file_handle& file, extent part) noexcept;

  file_view(file_view&& other) noexcept
      : bytes_(std::exchange(other.bytes_, {})), pages_(std::exchange(other.pages_, {})) {}

  file_view& operator=(file_view&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(pages_, other.pages_);
    return *this;
  }

  ~file_view();

  /// The part that was asked for. What others write shows at once.
  const_buffer bytes() const noexcept { return bytes_; }

private:
  const_buffer bytes_;
  const_buffer pages_; ///< As the kernel counts: whole ones.
};

} // namespace afio
