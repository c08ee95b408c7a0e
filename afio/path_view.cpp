#include "afio/path_view.hpp"

#include <cerrno>

namespace afio {

namespace {

std::string_view without_trailing_slashes(std::string_view path) noexcept {
  const auto last = path.find_last_not_of('/');
  return last == path.npos ? std::string_view{} : path.substr(0, last + 1);
}

} // namespace

std::string_view path_view::filename() const noexcept {
  const auto path = without_trailing_slashes(bytes_);
  const auto slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

path_view path_view::parent() const noexcept {
  const auto path = without_trailing_slashes(bytes_);
  if (path.empty()) return bytes_.substr(0, is_absolute() ? 1 : 0);
  return bytes_.substr(0, path.size() - filename().size());
}

std::optional<std::pair<std::string_view, path_view>> path_view::split_first() const noexcept {
  const auto begin = bytes_.find_first_not_of('/');
  if (begin == bytes_.npos) return std::nullopt;
  const auto end = std::min(bytes_.find('/', begin), bytes_.size());
  const auto rest = std::min(bytes_.find_first_not_of('/', end), bytes_.size());
  return std::pair(bytes_.substr(begin, end - begin), path_view(bytes_.substr(rest)));
}

int path_view::check() const noexcept {
  if (bytes_.size() >= max_size) return ENAMETOOLONG;
  return bytes_.find('\0') == bytes_.npos ? 0 : EINVAL;
}

} // namespace afio
