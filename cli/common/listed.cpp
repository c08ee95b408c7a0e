#include "cli/common/listed.hpp"

#include <optional>
#include <string>
#include <utility>

namespace afio::cli {

namespace {

/// Goes down to one directory after another; to the same again at no cost.
class descent {
public:
  descent(const path_handle& root, leading how, crossing mounts) noexcept
      : root_(root), how_(how), mounts_(mounts) {}

  /// `path` ends in a slash, or is empty: the root.
  const result<path_handle>& to(std::string_view path) {
    if (!at_ || path_ != path) {
      path_ = path;
      at_.emplace(down_to(path_view(path)));
    }
    return *at_;
  }

private:
  result<path_handle> down_to(path_view rest) const {
    AFIO_TRY(path_handle at, root_.clone());
    while (const auto parts = rest.split_first()) {
      AFIO_TRY(const leaf_buffer name, leaf_buffer::from(parts->first));
      AFIO_TRY(path_handle below, how_ == leading::through_symlinks
                                      ? path_handle::path(at, path_view(name.name()))
                                      : path_handle::path(at, name, mounts_));
      at = std::move(below);
      rest = parts->second;
    }
    return at;
  }

  const path_handle& root_;
  leading how_;
  crossing mounts_;
  std::string path_;
  std::optional<result<path_handle>> at_;
};

result<void> look_for(path_view path, descent& way) {
  const auto& above = way.to(path.parent().view());
  if (!above) return above.assume_error();
  AFIO_TRY(const leaf_buffer name, leaf_buffer::from(path.filename()));
  stat_t s;
  return s.stamp(above.assume_value(), name, want::type);
}

} // namespace

std::uint64_t tell_missing(const path_handle& root, std::string_view shown,
                           const algorithms::path_filter& filter, leading how, crossing mounts,
                           output& told) {
  std::uint64_t missing = 0;
  descent way(root, how, mounts);
  for (const std::string_view path : filter.listed()) {
    if (path.empty()) continue; // The root itself.
    const auto found = look_for(path, way);
    if (found) continue;
    ++missing;
    const std::string begin(shown);
    told.failed("copy", begin + (begin.ends_with('/') ? "" : "/") + std::string(path),
                found.assume_error());
  }
  return missing;
}

} // namespace afio::cli
