#include "algorithms/locate_below.hpp"

namespace afio::algorithms {

result<location> locate_below(const path_handle& root, std::string_view path) noexcept {
  AFIO_TRY(path_handle at, root.clone());
  path_view rest = path;
  for (;;) {
    const auto parts = rest.split_first();
    if (!parts) return error(errc::raced, call::verify, path);
    AFIO_TRY(const leaf_buffer name, leaf_buffer::from(parts->first));
    if (parts->second.empty()) return location{std::move(at), name};
    AFIO_TRY(at, path_handle::path(at, name, crossing::any_mount));
    rest = parts->second;
  }
}

} // namespace afio::algorithms
