#include "algorithms/file_metadata.hpp"

#include "algorithms/attribute_names.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <span>

#include <linux/fs.h>
#include <unistd.h>

namespace afio::algorithms {

aspect aspect_of_attribute(std::string_view name) noexcept {
  return is_acl(name) ? aspect::acl : aspect::xattr;
}

std::string_view name_of(aspect one) noexcept {
  switch (one) {
  case aspect::mode:
    return "mode";
  case aspect::ownership:
    return "owner";
  case aspect::timestamps:
    return "times";
  case aspect::xattr:
    return "extended attribute";
  case aspect::acl:
    return "ACL";
  case aspect::flags:
    return "inode flags";
  case aspect::links:
    return "hard link";
  case aspect::none:
  case aspect::all:
    break;
  }
  return "metadata";
}

namespace {

constexpr std::uint16_t setid_bits = 06000;
constexpr std::uint16_t group_bits = 0070;
constexpr std::uint16_t other_bits = 0007;

constexpr std::string_view access_acl = "system.posix_acl_access";
/// A list of names.
constexpr std::string_view only_access_acl(access_acl.data(), access_acl.size() + 1);

/// What an access ACL gives the owning group: its entry, cut by the mask. The format is the
/// kernel's posix_acl_xattr: a version of 4 bytes, then entries of tag, permissions (2 bytes each)
/// and id (4).
std::uint16_t group_permissions(std::span<const std::byte> acl) noexcept {
  constexpr std::size_t header = 4, entry = 8;
  constexpr std::uint16_t owning_group = 0x04, mask = 0x10;
  std::uint16_t group = 0, limit = 7;
  for (std::size_t at = header; at + entry <= acl.size(); at += entry) {
    std::uint16_t tag, permissions;
    std::memcpy(&tag, acl.data() + at, sizeof(tag));
    std::memcpy(&permissions, acl.data() + at + 2, sizeof(permissions));
    if (tag == owning_group) group = permissions;
    if (tag == mask) limit = permissions;
  }
  return static_cast<std::uint16_t>((group & limit & 7) << 3);
}

/// What is set on a file that is still empty, on any file, and only when it has its name.
constexpr std::uint32_t early_flags = FS_NOCOW_FL;
constexpr std::uint32_t common_flags = FS_SYNC_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_DIRSYNC_FL |
                                       FS_TOPDIR_FL | FS_COMPR_FL | FS_PROJINHERIT_FL | FS_DAX_FL;
constexpr std::uint32_t late_flags = FS_IMMUTABLE_FL | FS_APPEND_FL;

bool has_flags(file_type type) noexcept {
  return type == file_type::regular || type == file_type::directory;
}

} // namespace

result<metadata_copier> metadata_copier::make(aspect which, std::uint16_t umask) noexcept {
  std::unique_ptr<buffers> b(new (std::nothrow) buffers);
  if (!b) return error(ENOMEM, call::none);
  return metadata_copier(which, umask, std::move(b));
}

void metadata_copier::prepare(const fs_handle& from, const stat_t& status, const fs_handle& to,
                              loss_listener& told) noexcept {
  const bool kept = has(which_, aspect::flags) && has_flags(status.type);
  flags_ = kept ? flags_of(from, status, told) : 0;
  set_flags(to, early_flags, flags_, told);
}

result<void> metadata_copier::copy(const fs_handle& from, const stat_t& status, const fs_handle& to,
                                   const stat_t& now, target kind, loss_listener& told) noexcept {
  const bool keeps_mode = has(which_, aspect::mode);
  std::uint16_t mode = keeps_mode ? status.mode : status.mode & 0777 & ~umask_;
  mode &= copy_owner(status, to, now, told);
  AFIO_TRY(const std::uint16_t group, copy_attributes(from, to, kind, told));
  mode &= static_cast<std::uint16_t>(group | ~group_bits);
  // A chown takes bits away, and an ACL sets some.
  const bool as_born = kind == target::fresh && mode == now.mode && status.owner == now.owner &&
                       status.group == now.group && !acl_set_;
  const bool stays = kind == target::kept && !keeps_mode;
  if (status.type != file_type::symlink && !as_born && !stays) {
    AFIO_TRY(to.set_mode(mode));
  }
  set_flags(to, common_flags, flags_, told);
  if (has(which_, aspect::timestamps)) {
    const auto set = to.set_times(status.accessed, status.modified);
    if (!set) told.lost(aspect::timestamps, set.assume_error());
  }
  return success();
}

/// The bits of a mode that may be set.
std::uint16_t metadata_copier::copy_owner(const stat_t& status, const fs_handle& to,
                                          const stat_t& now, loss_listener& told) noexcept {
  constexpr std::uint16_t all = 07777;
  if (status.owner == now.owner && status.group == now.group) return all;
  // Without them, it is not theirs whose rights the bits would lend.
  constexpr std::uint16_t plain = all & ~setid_bits;
  const auto without_group = [&] {
    const auto everybody = static_cast<std::uint16_t>((status.mode & other_bits) << 3);
    return static_cast<std::uint16_t>(plain & (everybody | ~group_bits));
  };
  if (!has(which_, aspect::ownership)) {
    return status.group == now.group ? plain : without_group();
  }
  const auto both = to.set_owner(status.owner, status.group);
  if (both) return all;
  told.lost(aspect::ownership, both.assume_error());
  if (status.group == now.group) return plain;
  // Who is a member may give a file to a group without being allowed to give it to a user.
  return to.set_owner(fs_handle::no_owner, status.group) ? plain : without_group();
}

/// The bits for the group that a mode may have: all, but where an ACL is lost.
result<std::uint16_t> metadata_copier::copy_attributes(const fs_handle& from, const fs_handle& to,
                                                       target kind, loss_listener& told) noexcept {
  acl_set_ = false;
  const auto listed = attribute_names(from, buffers_->names);
  if (!listed) told.lost(aspect::xattr, listed.assume_error());
  // Where they are not known, the target's stay; but what the group may do must be known.
  const std::string_view names = listed ? listed.assume_value() : only_access_acl;
  const bool has_own_acl =
      kind != target::fresh && (!listed || remove_others(names, to, kind, told));
  const bool keeps_own_acl = kind == target::kept && !has(which_, aspect::acl);
  bool replaced = false;
  std::uint16_t group = group_bits;
  for_each_name(names, [&](const char* name) {
    const aspect part = aspect_of_attribute(name);
    const bool kept = has(which_, part);
    if (!kept && name != access_acl) return;
    const auto read = from.get_attribute(name, buffers_->value);
    const int native = read ? 0 : read.assume_error().native();
    // Gone since it was listed: then the source has changed, which is found out in the end. Where
    // nothing was listed, there is none.
    if (native == ENODATA || (!listed && native == ENOTSUP)) return;
    const auto value = std::span(buffers_->value).first(read ? read.assume_value() : 0);
    const auto set = !read  ? result<void>(read.as_failure())
                     : kept ? to.set_attribute(name, value)
                            : result<void>(error(ENOTSUP, call::none));
    acl_set_ = acl_set_ || (set && part == aspect::acl);
    replaced = replaced || (set && name == access_acl);
    if (set) return;
    if (kept) told.lost(part, set.assume_error());
    if (name == access_acl) group = group_permissions(value);
  });
  if (has_own_acl && !keeps_own_acl && !replaced) {
    AFIO_TRY(take_off_acl(to));
  }
  return group;
}

/// Takes from `to` what `wanted` does not have and what would lend rights, or is a user's: all but
/// an access ACL. Whether it may have one.
bool metadata_copier::remove_others(std::string_view wanted, const fs_handle& to, target kind,
                                    loss_listener& told) noexcept {
  // The wanted names are in the buffer of names, so these go into that of values.
  const auto room =
      std::span(reinterpret_cast<char*>(buffers_->value.data()), buffers_->value.size());
  const auto listed = attribute_names(to, room);
  if (!listed) {
    told.lost(aspect::xattr, listed.assume_error());
    return true;
  }
  for_each_name(listed.assume_value(), [&](const char* name) {
    const std::string_view text = name;
    const bool ours = text.starts_with("user.") || text.starts_with("trusted.") || is_acl(text) ||
                      text == "security.capability";
    const aspect part = aspect_of_attribute(text);
    const bool stays = kind == target::kept && !has(which_, part);
    if (!ours || stays || text == access_acl || contains(wanted, text)) return;
    const auto removed = to.remove_attribute(name);
    if (!removed) told.lost(part, removed.assume_error());
  });
  return contains(listed.assume_value(), access_acl);
}

/// A mode that is set while there is an ACL opens that to all whom it names, so it must be gone.
result<void> metadata_copier::take_off_acl(const fs_handle& to) noexcept {
  const auto read = to.get_attribute(access_acl.data(), buffers_->value);
  const int native = read ? 0 : read.assume_error().native();
  if (native == ENODATA || native == ENOTSUP) return success(); // There is none.
  const std::size_t size = read ? read.assume_value() : 0;
  const std::uint16_t group = group_permissions(std::span(buffers_->value).first(size));
  // Its mask is in the mode, and becomes what the owning group may.
  AFIO_TRY(const stat_t now, to.stat(want::mode));
  const auto mode = static_cast<std::uint16_t>(now.mode & (group | ~group_bits));
  if (mode != now.mode) {
    AFIO_TRY(to.set_mode(mode));
  }
  return to.remove_attribute(access_acl.data());
}

/// 0 where there are none.
std::uint32_t metadata_copier::flags_of(const fs_handle& file, const stat_t& status,
                                        loss_listener& told) noexcept {
  if (status.id.device == without_flags_) return 0;
  const auto flags = file.inode_flags();
  if (flags) return flags.assume_value();
  const int native = flags.assume_error().native();
  const bool has_none = native == ENOTTY || native == EOPNOTSUPP || native == ENOSYS;
  // A file system without flags has none to keep, of no file. Else it is this one that is to blame.
  if (has_none)
    without_flags_ = status.id.device;
  else
    told.lost(aspect::flags, flags.assume_error());
  return 0;
}

void metadata_copier::set_flags(const fs_handle& to, std::uint32_t which, std::uint32_t wanted,
                                loss_listener& told) noexcept {
  wanted &= which;
  // What the new one has inherited may stay: backups shall be compressed where their directory says
  // so. comparison::inherited is for that.
  if (wanted == 0) return;
  const auto now = to.inode_flags();
  auto set = now ? to.set_inode_flags((now.assume_value() & ~which) | wanted)
                 : result<void>(now.as_failure());
  if (!set) told.lost(aspect::flags, set.assume_error());
}

void metadata_copier::seal(const stat_t& status, const fs_handle& to,
                           loss_listener& told) noexcept {
  if (!has(which_, aspect::flags) || !has_flags(status.type)) return;
  const std::uint32_t wanted = (status.has_attribute(attribute::immutable) ? FS_IMMUTABLE_FL : 0U) |
                               (status.has_attribute(attribute::append_only) ? FS_APPEND_FL : 0U);
  set_flags(to, late_flags, wanted, told);
}

namespace {

/// What a directory that is there may allow until it is done: what the source allows too, and all
/// to its owner.
std::uint16_t narrowed(const stat_t& now, const stat_t& source) noexcept {
  const std::uint16_t group = source.group == now.group ? source.mode : source.mode << 3;
  return static_cast<std::uint16_t>(now.mode & (07700 | (group & 0070) | (source.mode & 0007)));
}

} // namespace

result<void> make_no_wider(const path_handle& dir, const stat_t& now,
                           const stat_t& source) noexcept {
  const std::uint16_t mode = narrowed(now, source);
  return mode == now.mode ? success() : dir.set_mode(mode);
}

result<void> make_no_wider(const path_handle& dir, leaf_name name, const stat_t& source) noexcept {
  stat_t now;
  AFIO_TRY(now.stamp(dir, name));
  if (narrowed(now, source) == now.mode) return success();
  AFIO_TRY(const path_handle below, path_handle::path(dir, name));
  AFIO_TRY(const identity id, below.identity());
  if (!id.same_file(now.id)) return error(errc::raced, call::openat2, name);
  return make_no_wider(below, now, source);
}

} // namespace afio::algorithms
