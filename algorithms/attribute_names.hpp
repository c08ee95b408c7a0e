// The names of extended attributes, as the kernel lists them.
#pragma once

#include "afio/fs_handle.hpp"
#include "afio/path_handle.hpp"

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

/// What `list` puts into `room`: names, each ended by a NUL. None where the file system has no
/// attributes.
template <class F>
result<std::string_view> listed_names(std::span<char> room, F&& list) noexcept {
  // The kernel allocates as much as the buffer has: most files have none or a few.
  constexpr std::size_t most_have_less = 512;
  auto listed = list(room.first(std::min(room.size(), most_have_less)));
  if (!listed && listed.assume_error().native() == ERANGE) listed = list(room);
  if (listed) return std::string_view(room.data(), listed.assume_value());
  const int native = listed.assume_error().native();
  if (native == ENOTSUP || native == ENOTTY || native == ENOSYS) return std::string_view();
  return listed.as_failure();
}

/// The names of the attributes of `file`, in `room`. The kernel lists no more than 64 KiB (E2BIG).
inline result<std::string_view> attribute_names(const fs_handle& file,
                                                std::span<char> room) noexcept {
  return listed_names(room, [&](std::span<char> into) { return file.list_attributes(into); });
}

/// The same of the entry `name` of `dir`.
inline result<std::string_view> attribute_names(const path_handle& dir, leaf_name name,
                                                std::span<char> room) noexcept {
  return listed_names(room, [&](std::span<char> into) { return dir.list_attributes(name, into); });
}

/// The record of a hash_cache: void in any other file, and no metadata of this one.
inline constexpr std::string_view hash_attribute = "user.afio.spookyhash";

/// Calls f with each NUL-terminated name of a list, but for the names under which xfs lists its
/// ACLs a second time, and that of a recorded hash.
template <class F>
void for_each_name(std::string_view list, F&& f) {
  while (!list.empty()) {
    const std::size_t size = std::strlen(list.data());
    const std::string_view name = list.substr(0, size);
    if (!name.starts_with("trusted.SGI_ACL_") && name != hash_attribute) f(list.data());
    list.remove_prefix(std::min(size + 1, list.size()));
  }
}

inline bool contains(std::string_view list, std::string_view name) noexcept {
  bool found = false;
  for_each_name(list, [&](const char* one) { found = found || name == one; });
  return found;
}

} // namespace afio::algorithms
