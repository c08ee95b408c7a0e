#include "algorithms/copy_tree/real_path.hpp"

#include "afio/path_view.hpp"

#include <array>
#include <cerrno>
#include <string_view>

namespace afio::algorithms::copy_detail {

result<std::string> real_path(const handle& held) {
  std::array<char, path_view::max_size> buffer;
  AFIO_TRY(const std::string_view path, held.current_path(buffer));
  // "(unreachable)/…" where it is outside of a chroot.
  if (!path.starts_with('/')) return error(ENOENT, call::readlinkat, path);
  return std::string(path == "/" ? std::string_view() : path);
}

} // namespace afio::algorithms::copy_detail
