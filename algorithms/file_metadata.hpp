// What a file has besides its contents, and how a copy is given the same.
#pragma once

#include "afio/path_handle.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace afio::algorithms {

/// A part of a file that is not its contents. Combine with `|`.
enum class aspect : std::uint8_t {
  none = 0,
  mode = 1 << 0,       ///< Permission bits with setuid, setgid and sticky.
  ownership = 1 << 1,  ///< User and group.
  timestamps = 1 << 2, ///< Of access and modification, nanoseconds.
  xattr = 1 << 3,      ///< Extended attributes, capabilities and security labels too; not ACLs.
  acl = 1 << 4,        ///< POSIX ACLs, of directories their default ones too.
  flags = 1 << 5,      ///< What chattr sets, as far as it can be set.
  links = 1 << 6,      ///< Hard links: several names of one inode stay that.
  all = (1 << 7) - 1
};

constexpr aspect operator|(aspect a, aspect b) noexcept {
  return static_cast<aspect>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}

constexpr aspect without(aspect set, aspect part) noexcept {
  return static_cast<aspect>(static_cast<std::uint8_t>(set) & ~static_cast<std::uint8_t>(part));
}

constexpr bool has(aspect set, aspect part) noexcept {
  return (static_cast<std::uint8_t>(set) & static_cast<std::uint8_t>(part)) != 0;
}

/// Which part an extended attribute belongs to, acl or xattr.
aspect aspect_of_attribute(std::string_view name) noexcept;

/// "mode", "owner", "times", "extended attribute", "ACL", "inode flags", "hard link".
std::string_view name_of(aspect one) noexcept;

/// Hears what could not be kept.
class loss_listener {
public:
  virtual void lost(aspect what, const error& why) noexcept = 0;

protected:
  ~loss_listener() = default;
};

/// Gives copies the metadata of their sources. One for each thread: it owns the buffers (128 KiB).
///
/// The order is that of promises: owner first, because it takes setuid and capabilities away; then
/// attributes and ACLs, mode, flags, times. At no moment may anybody do with the copy what they may
/// not do with the source, nor afterwards if something could not be kept: without its owner or
/// group a file is never setuid or setgid, and the group's permissions are then no more than
/// everybody's; without its ACL they are what the ACL gave to the owning group, or nothing if that
/// cannot be read.
class metadata_copier {
public:
  /// Where modes are not kept, copies get the permissions of their sources less those in `umask`.
  /// ENOMEM.
  static result<metadata_copier> make(aspect which, std::uint16_t umask) noexcept;

  /// What the target was before. Where the source's attributes cannot be listed, which is told,
  /// nothing of it goes but an access ACL.
  enum class target : std::uint8_t {
    fresh,    ///< Made by the caller just now, in a directory without a default ACL.
    existing, ///< Anything: ACLs, capabilities and attributes (user.*, trusted.*) that the source
              ///< lacks go; so does an access ACL where the source's cannot or shall not be set.
    kept,     ///< The same; but of parts that are not copied, the target's own stay.
  };

  /// To be called first, while `to` is empty: reads the flags of `from`, which is open for reading,
  /// and sets those that only work on an empty file (no copy-on-write).
  void prepare(const fs_handle& from, const stat_t& status, const fs_handle& to,
               loss_listener& told) noexcept;
  /// Gives `to`, whose status is `now`, what `from` has, whose status is `status`. Parts that could
  /// not be kept are told, and the rest is done. Fails where the mode cannot be set to what it must
  /// not be wider than, or an access ACL of the target's own cannot be taken off.
  result<void> copy(const fs_handle& from, const stat_t& status, const fs_handle& to,
                    const stat_t& now, target kind, loss_listener& told) noexcept;
  /// The flags that forbid all further change (immutable, append-only): when `to` has its name.
  void seal(const stat_t& status, const fs_handle& to, loss_listener& told) noexcept;

private:
  struct buffers {
    std::array<char, 65'536> names;
    alignas(8) std::array<std::byte, 65'536> value;
  };

  metadata_copier(aspect which, std::uint16_t umask, std::unique_ptr<buffers> b) noexcept
      : which_(which), umask_(umask), buffers_(std::move(b)) {}

  std::uint16_t copy_owner(const stat_t& status, const fs_handle& to, const stat_t& now,
                           loss_listener& told) noexcept;
  result<std::uint16_t> copy_attributes(const fs_handle& from, const fs_handle& to, target kind,
                                        loss_listener& told) noexcept;
  result<void> take_off_acl(const fs_handle& to) noexcept;
  bool remove_others(std::string_view wanted, const fs_handle& to, target kind,
                     loss_listener& told) noexcept;
  std::uint32_t flags_of(const fs_handle& file, const stat_t& status, loss_listener& told) noexcept;
  static void set_flags(const fs_handle& to, std::uint32_t which, std::uint32_t wanted,
                        loss_listener& told) noexcept;

  aspect which_;
  std::uint16_t umask_;
  std::unique_ptr<buffers> buffers_;
  bool acl_set_ = false;            // On the file that is being worked on.
  std::uint32_t flags_ = 0;         // Of the file that was prepared for.
  std::uint64_t without_flags_ = 0; // A device whose files have no inode flags.
};

/// Takes from a directory that is there, and whose status is `now`, what its source does not allow
/// (all to its owner): what comes into it is then no more open than it was, at any moment. Its
/// metadata come when all is in it.
result<void> make_no_wider(const path_handle& dir, const stat_t& now,
                           const stat_t& source) noexcept;
/// The same for the directory `name` of `dir`. errc::raced if the name means another one meanwhile.
result<void> make_no_wider(const path_handle& dir, leaf_name name, const stat_t& source) noexcept;

} // namespace afio::algorithms
