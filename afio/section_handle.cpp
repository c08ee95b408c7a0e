#include "afio/section_handle.hpp"

#include "afio/detail/syscalls.hpp"

#include <cerrno>
#include <limits>

namespace afio {

namespace sys = detail::sys;

result<section_handle> section_handle::section(const file_handle& backing) noexcept {
  AFIO_TRY(auto own, sys::duplicate(backing.native()));
  return section_handle(std::move(own));
}

result<section_handle> section_handle::section(std::uint64_t bytes) noexcept {
  AFIO_TRY(auto memory, sys::open_memory());
  section_handle made(std::move(memory));
  AFIO_TRY(made.truncate(bytes));
  return made;
}

result<std::uint64_t> section_handle::length() const noexcept {
  struct ::statx status;
  AFIO_TRY(sys::statx(file_, "", STATX_SIZE, status));
  return std::uint64_t{status.stx_size};
}

result<void> section_handle::truncate(std::uint64_t bytes) noexcept {
  if (bytes > std::numeric_limits<off_t>::max()) return error(EINVAL, call::ftruncate);
  return sys::truncate(file_, static_cast<off_t>(bytes));
}

} // namespace afio
