#include "afio/handle.hpp"

#include "afio/detail/syscalls.hpp"

#include <cerrno>
#include <utility>

namespace afio {

namespace sys = detail::sys;

result<void> handle::close() noexcept {
  if (!file_.is_open()) return success();
  return sys::close(std::move(file_));
}

result<bool> handle::is_append_only() const noexcept {
  AFIO_TRY(const int flags, sys::status_flags(file_));
  return (flags & O_APPEND) != 0;
}

result<void> handle::set_append_only(appends how) noexcept {
  AFIO_TRY(const int flags, sys::status_flags(file_));
  if ((flags & O_PATH) != 0) return error(ENOTSUP, call::fcntl);
  const int wanted = how == appends::only_at_end ? flags | O_APPEND : flags & ~O_APPEND;
  if (wanted == flags) return success();
  return sys::set_status_flags(file_, wanted);
}

result<std::string_view> handle::current_path(std::span<char> buffer) const noexcept {
  AFIO_TRY(const std::size_t size, sys::path_of(file_, buffer));
  // readlink cuts without saying so: a full buffer may be a part only.
  if (size == buffer.size()) return error(ENAMETOOLONG, call::readlinkat);
  return std::string_view(buffer.data(), size);
}

} // namespace afio
