#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace afio::testing {

/// Throws the current errno, with what was attempted. A test whose scene can't be set has no
/// result.
[[noreturn]] inline void failed(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

/// Passes on what a system call returned, or throws.
template <typename T>
T checked(T returned, const std::string& what) {
  if (returned < 0) failed(what);
  return returned;
}

} // namespace afio::testing
