#include "afio/symlink_handle.hpp"

#include "afio/detail/syscalls.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>

namespace afio {

namespace sys = detail::sys;

result<symlink_handle> symlink_handle::symlink(const path_handle& base, leaf_name name) noexcept {
  // O_PATH with O_NOFOLLOW opens a symlink itself; RESOLVE_NO_SYMLINKS allows it as the last
  // component only in that combination.
  AFIO_TRY(auto opened,
           sys::open(base.native(), name.c_str(), O_PATH | O_NOFOLLOW, 0, sys::resolve::single));
  symlink_handle link(std::move(opened));
  AFIO_TRY(const stat_t s, link.stat(want::type));
  if (s.type != file_type::symlink) return error(EINVAL, call::verify, name);
  return link;
}

result<symlink_handle> symlink_handle::create(const path_handle& base, leaf_name name,
                                              path_view target) noexcept {
  AFIO_TRY(target.with_c_str(
      [&](const char* text) { return sys::symlink(text, base.native(), name.c_str()); }));
  auto link = symlink(base, name);
  if (!link) {
    const error& e = link.assume_error();
    // It was there a moment ago: now it is gone, or something else.
    if (e.native() != ENOENT && e.native() != EINVAL) return link;
    return error(errc::raced, e.origin(), name, e.native());
  }
  std::array<char, path_view::max_size> buffer;
  AFIO_TRY(const std::string_view points_to, link.assume_value().read(buffer));
  if (points_to != target.view()) return error(errc::raced, call::readlinkat, name);
  return link;
}

result<std::string_view> symlink_handle::read(std::span<char> buffer) const noexcept {
  AFIO_TRY(const std::size_t size, sys::read_link(file_, "", buffer));
  if (size == buffer.size()) return error(ENAMETOOLONG, call::readlinkat);
  return std::string_view(buffer.data(), size);
}

} // namespace afio
