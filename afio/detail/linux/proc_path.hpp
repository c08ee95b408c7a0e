// /proc/self/fd/N: how to reach the file behind an O_PATH descriptor where no call takes one.
#pragma once

#include "afio/detail/descriptor.hpp"
#include "afio/result.hpp"

#include <array>

namespace afio::detail::sys {

/// The text "/proc/self/fd/N", or "/proc/self/cwd" for the working directory.
class proc_path {
public:
  /// Checks once a process that /proc is procfs, so that nobody's directory of that name is
  /// believed; ENOSYS where it is not mounted or is something else.
  static result<proc_path> of(const descriptor& file) noexcept;

  const char* c_str() const noexcept { return text_.data(); }

private:
  std::array<char, 32> text_{};
};

} // namespace afio::detail::sys
