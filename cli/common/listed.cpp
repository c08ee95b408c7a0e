#include "cli/common/listed.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

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

std::uint64_t tell_missing(std::span<const path_handle* const> roots, std::string_view what,
                           std::string_view shown, const algorithms::path_filter& filter,
                           leading how, crossing mounts, output& told) {
  std::uint64_t missing = 0;
  std::vector<descent> ways;
  for (const path_handle* root : roots) ways.emplace_back(*root, how, mounts);
  for (const std::string_view path : filter.listed()) {
    if (path.empty()) continue; // The root itself.
    result<void> found = look_for(path, ways.front());
    for (auto way = ways.begin() + 1; !found && way != ways.end(); ++way) {
      if (look_for(path, *way)) found = success();
    }
    if (found) continue;
    ++missing;
    const std::string begin(shown);
    told.failed(what, begin + (begin.ends_with('/') ? "" : "/") + std::string(path),
                found.assume_error());
  }
  return missing;
}

std::uint64_t tell_missing(const path_handle& root, std::string_view shown,
                           const algorithms::path_filter& filter, leading how, crossing mounts,
                           output& told) {
  const path_handle* const alone = &root;
  return tell_missing({&alone, 1}, "copy", shown, filter, how, mounts, told);
}

} // namespace afio::cli
