#include "afio/path_handle.hpp"

#include "afio/detail/syscalls.hpp"
#include "afio/random_name.hpp"

#include <cerrno>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace afio {

namespace sys = detail::sys;

namespace {

constexpr int anchor_flags = O_PATH | O_DIRECTORY;

unsigned rename_flags(replace how) noexcept {
  switch (how) {
  case replace::no:
    return RENAME_NOREPLACE;
  case replace::yes:
    return 0;
  case replace::exchange:
    return RENAME_EXCHANGE;
  }
  return RENAME_NOREPLACE;
}

} // namespace

result<path_handle> path_handle::path(const path_handle& base, path_view path) noexcept {
  return path.with_c_str([&](const char* name) -> result<path_handle> {
    AFIO_TRY(auto opened, sys::open(base.file_, *name == '\0' ? "." : name, anchor_flags, 0,
                                    sys::resolve::anywhere));
    return path_handle(std::move(opened));
  });
}

result<path_handle> path_handle::path(const path_handle& base, leaf_name name,
                                      crossing how) noexcept {
  const auto resolve =
      how == crossing::same_mount ? sys::resolve::single_same_mount : sys::resolve::single;
  AFIO_TRY(auto opened, sys::open(base.file_, name.c_str(), anchor_flags, 0, resolve));
  return path_handle(std::move(opened));
}

const path_handle& path_handle::working_directory() noexcept {
  static const path_handle here{detail::descriptor(AT_FDCWD)};
  return here;
}

result<path_handle> path_handle::clone() const noexcept {
  // The working directory is not a descriptor of its own that could be duplicated.
  if (!file_.is_open()) return path(*this, path_view());
  AFIO_TRY(auto copy, sys::duplicate(file_));
  return path_handle(std::move(copy));
}

result<void> path_handle::unlink(leaf_name name) const noexcept {
  return sys::unlink(file_, name.c_str(), 0);
}

result<void> path_handle::remove_directory(leaf_name name) const noexcept {
  return sys::unlink(file_, name.c_str(), AT_REMOVEDIR);
}

result<void> path_handle::rename(leaf_name name, const path_handle& to, leaf_name new_name,
                                 replace how) const noexcept {
  auto renamed = sys::rename(file_, name.c_str(), to.file_, new_name.c_str(), rename_flags(how));
  // Some file systems know no flags. Nobody can be using 128 fresh random bits, so replacing them
  // replaces nothing; any other name is left alone.
  const bool no_flags = !renamed && renamed.assume_error().native() == EINVAL;
  if (no_flags && how == replace::no && is_random_name(new_name)) {
    return sys::rename(file_, name.c_str(), to.file_, new_name.c_str(), 0);
  }
  return renamed;
}

result<void> path_handle::link(leaf_name name, const path_handle& to,
                               leaf_name new_name) const noexcept {
  return sys::link(file_, name.c_str(), to.file_, new_name.c_str());
}

result<void> path_handle::create_directory(leaf_name name, std::uint16_t mode) const noexcept {
  return sys::make_directory(file_, name.c_str(), mode);
}

namespace {

/// 0 for what mknod does not make.
mode_t node_type(file_type type) noexcept {
  switch (type) {
  case file_type::fifo:
    return S_IFIFO;
  case file_type::socket:
    return S_IFSOCK;
  case file_type::character_device:
    return S_IFCHR;
  case file_type::block_device:
    return S_IFBLK;
  default:
    return 0;
  }
}

} // namespace

result<void> path_handle::create_node(leaf_name name, file_type type, std::uint16_t mode,
                                      std::uint64_t device_number) const noexcept {
  const mode_t kind = node_type(type);
  if (kind == 0) return error(EINVAL, call::mknodat, name);
  const dev_t device =
      makedev(static_cast<unsigned>(device_number >> 32), static_cast<unsigned>(device_number));
  return sys::make_node(file_, name.c_str(), kind | (mode & 07777), device);
}

result<void> path_handle::set_mode(leaf_name name, std::uint16_t mode) const noexcept {
  return sys::change_mode(file_, name.c_str(), mode & 07777);
}

result<std::size_t> path_handle::list_attributes(leaf_name name,
                                                 std::span<char> buffer) const noexcept {
  return sys::list_attributes(file_, name.c_str(), buffer);
}

result<std::optional<std::size_t>>
path_handle::find_attribute(leaf_name name, const char* attribute,
                            std::span<std::byte> buffer) const noexcept {
  return sys::find_attribute(file_, name.c_str(), attribute, buffer);
}

} // namespace afio
