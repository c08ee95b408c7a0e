// A path as people write it: borrowed bytes, no allocation, made NUL-terminated on the stack.
#pragma once

#include "afio/leaf_name.hpp"
#include "afio/result.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace afio {

/// Borrowed bytes, which must outlive the view. UTF-8 by convention; any bytes but NUL are
/// accepted, as Linux does. Paths are for people and for the first anchor; below that, use handles
/// and leaves.
class path_view {
public:
  /// PATH_MAX of Linux: the longest path that one call takes, its NUL included.
  static constexpr std::size_t max_size = 4096;

  constexpr path_view() noexcept = default;

  constexpr path_view(const char* path) noexcept : bytes_(path) {} // NOLINT

  constexpr path_view(std::string_view path) noexcept : bytes_(path) {} // NOLINT

  path_view(const std::string& path) noexcept : bytes_(path) {} // NOLINT

  path_view(leaf_name name) noexcept : bytes_(name.view()) {} // NOLINT

  constexpr std::string_view view() const noexcept { return bytes_; }

  constexpr bool empty() const noexcept { return bytes_.empty(); }

  constexpr bool is_absolute() const noexcept { return bytes_.starts_with('/'); }

  /// The last component, trailing slashes ignored; "" for "/" and for an empty path.
  std::string_view filename() const noexcept;
  /// What stands before filename(): "a/b//" → "a/", "b" → "", "/b" → "/".
  path_view parent() const noexcept;
  /// The first component and the rest without its leading slashes; nothing when no component is
  /// left.
  std::optional<std::pair<std::string_view, path_view>> split_first() const noexcept;

  /// Calls `f(const char*)` with a NUL-terminated copy on the stack and returns what it returns (a
  /// result). ENAMETOOLONG for more than max_size - 1 bytes, EINVAL for an embedded NUL.
  template <class F>
  auto with_c_str(F&& f) const noexcept -> decltype(f("")) {
    std::array<char, max_size> terminated;
    if (const int bad = check()) return error(bad, call::verify, bytes_);
    if (!bytes_.empty()) std::memcpy(terminated.data(), bytes_.data(), bytes_.size());
    terminated[bytes_.size()] = '\0';
    return std::forward<F>(f)(static_cast<const char*>(terminated.data()));
  }

  friend constexpr bool operator==(path_view a, path_view b) noexcept {
    return a.bytes_ == b.bytes_;
  }

private:
  int check() const noexcept; // an errno, 0 if a call can take these bytes

  std::string_view bytes_;
};

} // namespace afio
