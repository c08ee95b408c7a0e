#include "afio/fs_handle.hpp"

#include "afio/detail/syscalls.hpp"
#include "afio/path_handle.hpp"
#include "afio/random_name.hpp"

#include <array>
#include <cerrno>

#include <sys/xattr.h>

namespace afio {

namespace sys = detail::sys;

result<fs_handle> fs_handle::pin(const path_handle& dir, leaf_name name) noexcept {
  AFIO_TRY(auto opened,
           sys::open(dir.native(), name.c_str(), O_PATH | O_NOFOLLOW, 0, sys::resolve::single));
  return fs_handle(std::move(opened));
}

result<fs_handle> fs_handle::pin_target(const path_handle& dir, leaf_name name) noexcept {
  AFIO_TRY(auto opened, sys::open(dir.native(), name.c_str(), O_PATH, 0, sys::resolve::anywhere));
  return fs_handle(std::move(opened));
}

result<stat_t> fs_handle::stat(want fields) const noexcept {
  stat_t s;
  AFIO_TRY(s.stamp(*this, fields));
  return s;
}

result<afio::identity> fs_handle::identity() const noexcept {
  AFIO_TRY(const stat_t s, stat(want::identity));
  return s.id;
}

result<statfs_t> fs_handle::statfs() const noexcept {
  statfs_t fs;
  AFIO_TRY(fs.stamp(*this));
  return fs;
}

namespace {

result<afio::identity> identity_of(const path_handle& dir, leaf_name name) noexcept {
  stat_t s;
  AFIO_TRY(s.stamp(dir, name, want::identity));
  return s.id;
}

/// The location that `path` names, if it is still that of `file`.
result<location> checked_location(const fs_handle& file, path_view path) noexcept {
  AFIO_TRY(auto dir, path_handle::path(path_handle::working_directory(), path.parent()));
  AFIO_TRY(const leaf_buffer name, leaf_buffer::from(path.filename()));
  AFIO_TRY(const identity there, identity_of(dir, name));
  AFIO_TRY(const identity here, file.identity());
  if (!here.same_file(there)) return error(errc::raced, call::verify, name.view());
  return location{std::move(dir), name};
}

/// A cheap look, so that a name which plainly means another file is never moved at all.
result<void> check_before(const identity& wanted, const path_handle& dir, leaf_name name) noexcept {
  AFIO_TRY(const identity before, identity_of(dir, name));
  if (!wanted.same_file(before)) return error(errc::raced, call::verify, name);
  return success();
}

/// Why what moved from `name` went back there: it was another file, or could not be looked at.
error not_moved(const result<identity>& found, leaf_name name) noexcept {
  return found ? error(errc::raced, call::renameat2, name) : found.assume_error().about(name);
}

/// Gives the file of a private name a name, where that is free.
result<void> give_name(const path_handle& from, leaf_name aside, const path_handle& to,
                       leaf_name name) noexcept {
  auto renamed = from.rename(aside, to, name, replace::no);
  if (renamed || renamed.assume_error().native() != EINVAL) return renamed;
  // The file system knows no flags. But a link never replaces, and a rename of a directory replaces
  // an empty directory at the most.
  stat_t s;
  AFIO_TRY(s.stamp(from, aside, want::type));
  if (s.type == file_type::directory) return from.rename(aside, to, name, replace::yes);
  AFIO_TRY(const auto file,
           sys::open(from.native(), aside.c_str(), O_PATH | O_NOFOLLOW, 0, sys::resolve::single));
  auto linked = sys::link(file, to.native(), name.c_str());
  // EPERM: neither flags nor links here, so what the rename said is the reason.
  if (!linked)
    return linked.assume_error() == std::errc::operation_not_permitted ? renamed : linked;
  return from.unlink(aside);
}

/// What was moved aside cannot go back, because the name has been taken anew, or nothing here gives
/// a name that is sure to replace none. Under a private name it would be taken for a leftover of
/// afio's, so it gets one that nothing cleans up, and the error that says `why` names it.
error keep_safe(const path_handle& dir, leaf_name aside, const error& why) noexcept {
  const auto kept = kept_name();
  // 128 fresh random bits: nothing has that name, so it need not be refused to replace it.
  const bool renamed = kept && dir.rename(aside, dir, kept.assume_value(), replace::yes);
  return why.about(renamed ? kept.assume_value().view() : aside.view());
}

/// Gives what was moved aside to `in` the name back that it had in `dir`; the error that says
/// `why`.
error put_back(const path_handle& in, leaf_name aside, const path_handle& dir, leaf_name name,
               const error& why) noexcept {
  return give_name(in, aside, dir, name) ? why : keep_safe(in, aside, why);
}

/// Renames `name` to `aside`, a fresh private name of `to`, and proves that what moved is `file`;
/// puts it back and says raced if it is something else.
result<void> move_aside(const fs_handle& file, const path_handle& dir, leaf_name name,
                        const path_handle& to, leaf_name aside) noexcept {
  AFIO_TRY(const identity wanted, file.identity());
  AFIO_TRY(check_before(wanted, dir, name));
  AFIO_TRY(dir.rename(name, to, aside, replace::no));
  const auto moved = identity_of(to, aside);
  if (moved && wanted.same_file(moved.assume_value())) return success();
  // Somebody exchanged the name in between; theirs goes back where it was.
  return put_back(to, aside, dir, name, not_moved(moved, name));
}

} // namespace

result<location> fs_handle::locate(deadline d) const noexcept {
  constexpr std::string_view gone = " (deleted)";
  // A path that leads elsewhere this often is not being renamed: a mount covers it, say.
  constexpr unsigned enough_looks = 100;
  const auto limit = d.start();
  std::array<std::array<char, path_view::max_size>, 2> buffers;
  std::string_view before;
  for (unsigned look = 0, same = 0; same < enough_looks; ++look) {
    AFIO_TRY(const std::string_view path, current_path(buffers[look % 2]));
    auto found = checked_location(*this, path);
    if (found) return found;
    const error& e = found.assume_error();
    const bool moved = e == errc::raced || e == std::errc::no_such_file_or_directory ||
                       e == std::errc::not_a_directory;
    if (!moved) return found;
    if (path.ends_with(gone)) return error(ENOENT, call::readlinkat, path);
    if (limit.expired()) return error(ETIMEDOUT, call::verify, path);
    same = path == before ? same + 1 : 0;
    before = path;
  }
  return error(errc::raced, call::verify, before);
}

result<void> fs_handle::unlink(const path_handle& dir, leaf_name name) const noexcept {
  AFIO_TRY(const stat_t s, stat(want::type | want::identity));
  if (s.type == file_type::directory) {
    AFIO_TRY(check_before(s.id, dir, name));
    return dir.remove_directory(name);
  }
  AFIO_TRY(const leaf_buffer aside, random_name());
  AFIO_TRY(move_aside(*this, dir, name, dir, aside));
  const auto removed = dir.unlink(aside);
  if (!removed) return put_back(dir, aside, dir, name, removed.assume_error());
  return success();
}

result<void> fs_handle::unlink(deadline d) const noexcept {
  AFIO_TRY(const location at, locate(d));
  return unlink(at.directory, at.name);
}

result<void> fs_handle::relink(const path_handle& dir, leaf_name name, const path_handle& to,
                               leaf_name new_name, replace how) const noexcept {
  if (how == replace::exchange) {
    // Both names stay in use all the time, so the exchange itself is checked, and exchanged back.
    AFIO_TRY(const afio::identity wanted, identity());
    AFIO_TRY(check_before(wanted, dir, name));
    AFIO_TRY(dir.rename(name, to, new_name, how));
    const auto moved = identity_of(to, new_name);
    if (moved && wanted.same_file(moved.assume_value())) return success();
    AFIO_TRY(dir.rename(name, to, new_name, how));
    return not_moved(moved, name);
  }
  // A name of that pattern is private already: one step is enough.
  if (how == replace::no && is_random_name(new_name)) {
    return move_aside(*this, dir, name, to, new_name);
  }
  AFIO_TRY(const leaf_buffer aside, random_name());
  AFIO_TRY(move_aside(*this, dir, name, to, aside));
  const auto renamed =
      how == replace::no ? give_name(to, aside, to, new_name) : to.rename(aside, to, new_name, how);
  if (!renamed) return put_back(to, aside, dir, name, renamed.assume_error());
  // Renaming one hard link over another of the same inode does nothing, so it may still be there.
  if (how == replace::yes) return sys::unlink_if_exists(to.native(), aside.name().c_str());
  return success();
}

result<void> fs_handle::relink(const path_handle& to, leaf_name new_name, replace how,
                               deadline d) const noexcept {
  AFIO_TRY(const location at, locate(d));
  return relink(at.directory, at.name, to, new_name, how);
}

result<void> fs_handle::link(const path_handle& to, leaf_name new_name) const noexcept {
  return sys::link(file_, to.native(), new_name.c_str());
}

result<void> fs_handle::set_mode(std::uint16_t mode) const noexcept {
  return sys::change_mode(file_, "", mode & 07777);
}

result<void> fs_handle::set_owner(std::uint32_t user, std::uint32_t group) const noexcept {
  return sys::change_owner(file_, user, group);
}

namespace {

timespec kernel_time(const timestamp& t) noexcept {
  return {.tv_sec = t.seconds, .tv_nsec = static_cast<long>(t.nanoseconds)};
}

} // namespace

result<void> fs_handle::set_times(const timestamp& accessed,
                                  const timestamp& modified) const noexcept {
  return sys::change_times(file_, kernel_time(accessed), kernel_time(modified));
}

result<std::uint32_t> fs_handle::inode_flags() const noexcept {
  AFIO_TRY(const int flags, sys::inode_flags(file_));
  return static_cast<std::uint32_t>(flags);
}

result<void> fs_handle::set_inode_flags(std::uint32_t flags) const noexcept {
  return sys::set_inode_flags(file_, static_cast<int>(flags));
}

result<std::size_t> fs_handle::list_attributes(std::span<char> buffer) const noexcept {
  return sys::list_attributes(file_, buffer);
}

result<std::size_t> fs_handle::get_attribute(const char* name,
                                             std::span<std::byte> buffer) const noexcept {
  return sys::get_attribute(file_, name, buffer);
}

result<void> fs_handle::set_attribute(const char* name, std::span<const std::byte> value,
                                      creation how) const noexcept {
  switch (how) {
  case creation::if_needed:
    return sys::set_attribute(file_, name, value, 0);
  case creation::only_if_not_exist:
    return sys::set_attribute(file_, name, value, XATTR_CREATE);
  case creation::open_existing:
  case creation::truncate_existing:
    return sys::set_attribute(file_, name, value, XATTR_REPLACE);
  }
  return error(EINVAL, call::fsetxattr, name);
}

result<void> fs_handle::remove_attribute(const char* name) const noexcept {
  return sys::remove_attribute(file_, name);
}

} // namespace afio
