// A symbolic link itself, never what it points to.
#pragma once

#include "afio/path_handle.hpp"

#include <span>
#include <string_view>

namespace afio {

class symlink_handle : public fs_handle {
public:
  symlink_handle() noexcept = default;

  /// Opens the symlink `name` of `base`. ENOENT; EINVAL where it is not a symlink.
  static result<symlink_handle> symlink(const path_handle& base, leaf_name name) noexcept;
  /// Makes one that points to `target` (1 to 4,095 bytes, no NUL) and opens it. EEXIST. If the name
  /// comes to mean something else before it can be opened: errc::raced.
  static result<symlink_handle> create(const path_handle& base, leaf_name name,
                                       path_view target) noexcept;

  /// The target, into `buffer` (4,096 bytes always do; ENAMETOOLONG where it is short).
  result<std::string_view> read(std::span<char> buffer) const noexcept;

protected:
  using fs_handle::fs_handle;
};

} // namespace afio
