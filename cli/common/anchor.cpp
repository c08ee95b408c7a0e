#include "cli/common/anchor.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

namespace afio::cli {

namespace {

/// The working directory at an empty path, as the parent of a name is.
result<path_handle> follow(path_view path) noexcept {
  path_handle at;
  const path_handle* base = &path_handle::working_directory();
  std::string_view rest = path.view();
  while (rest.size() >= path_view::max_size) {
    const auto slash = rest.rfind('/', path_view::max_size - 2);
    if (slash == rest.npos || slash == 0) break; // One component too long: let the kernel say so.
    AFIO_TRY(at, path_handle::path(*base, path_view(rest.substr(0, slash))));
    base = &at;
    rest.remove_prefix(std::min(rest.find_first_not_of('/', slash), rest.size()));
  }
  return path_handle::path(*base, path_view(rest));
}

} // namespace

result<path_handle> open_directory(path_view path) noexcept {
  if (path.view().empty()) return error(ENOENT, call::openat2, path.view());
  return follow(path);
}

result<path_handle> open_directory_itself(path_view path) noexcept {
  const std::string_view name = path.filename();
  if (!is_leaf_name(name)) return open_directory(path); // "/", "." and ".." are no symlinks.
  AFIO_TRY(const path_handle parent, follow(path.parent()));
  AFIO_TRY(const leaf_buffer leaf, leaf_buffer::from(name));
  stat_t s;
  AFIO_TRY(s.stamp(parent, leaf, want::type));
  if (s.type == file_type::symlink) return error(ELOOP, call::verify, path.view());
  return path_handle::path(parent, leaf, crossing::any_mount);
}

result<location> locate(path_view path) noexcept {
  const std::string_view name = path.filename();
  if (name == "." || name == ".." || (name.empty() && path.is_absolute())) {
    return error(errc::refused, call::verify, path.view());
  }
  if (name.empty()) return error(ENOENT, call::verify, path.view());
  AFIO_TRY(path_handle parent, follow(path.parent()));
  AFIO_TRY(const leaf_buffer leaf, leaf_buffer::from(name));
  if (path.view().ends_with('/')) {
    stat_t s;
    AFIO_TRY(s.stamp(parent, leaf, want::type));
    if (s.type != file_type::directory) return error(ENOTDIR, call::verify, path.view());
  }
  return location{std::move(parent), leaf};
}

result<location> locate_by_any_name(path_view path) noexcept {
  const std::string_view name = path.filename();
  if (name != "." && name != "..") return locate(path);
  AFIO_TRY(const path_handle directory, open_directory(path));
  auto found = directory.locate(deadline::in(std::chrono::seconds(1)));
  const bool root = !found && found.assume_error() == errc::invalid_name;
  return root ? result<location>(error(errc::refused, call::verify, path.view()))
              : std::move(found);
}

} // namespace afio::cli
