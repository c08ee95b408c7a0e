// The names of extended attributes, as the kernel lists them.
#pragma once

#include "afio/fs_handle.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>

namespace afio::algorithms {

/// Whether that attribute is an ACL.
inline bool is_acl(std::string_view name) noexcept {
  return name.starts_with("system.posix_acl_") || name == "system.nfs4_acl";
}

/// The names that `file` has, each ended by a NUL, in `room`, where 64 KiB always do. None where
/// the file system has no attributes.
inline result<std::string_view> attribute_names(const fs_handle& file,
                                                std::span<char> room) noexcept {
  // The kernel allocates as much as the buffer has: most files have none or a few.
  constexpr std::size_t most_have_less = 512;
  auto listed = file.list_attributes(room.first(std::min(room.size(), most_have_less)));
  if (!listed && listed.assume_error().native() == ERANGE) listed = file.list_attributes(room);
  if (listed) return std::string_view(room.data(), listed.assume_value());
  const int native = listed.assume_error().native();
  if (native == ENOTSUP || native == ENOTTY || native == ENOSYS) return std::string_view();
  return listed.as_failure();
}

/// Calls f with each NUL-terminated name of a list, but for the names under which xfs lists its
/// ACLs a second time.
template <class F>
void for_each_name(std::string_view list, F&& f) {
  while (!list.empty()) {
    const std::size_t size = std::strlen(list.data());
    if (!list.starts_with("trusted.SGI_ACL_")) f(list.data());
    list.remove_prefix(std::min(size + 1, list.size()));
  }
}

inline bool contains(std::string_view list, std::string_view name) noexcept {
  bool found = false;
  for_each_name(list, [&](const char* one) { found = found || name == one; });
  return found;
}

} // namespace afio::algorithms
