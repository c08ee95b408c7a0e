#include "afio/directory_handle.hpp"

#include "afio/detail/syscalls.hpp"

#include <cerrno>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>

namespace afio {

namespace sys = detail::sys;

namespace {

constexpr int listing_flags = O_RDONLY | O_DIRECTORY;

// linux_dirent64: ino 0..7, off 8..15, reclen 16..17, type 18, name from 19, NUL-terminated.
constexpr std::size_t name_offset = 19;

template <class T>
T field(const std::byte* record, std::size_t offset) noexcept {
  T value;
  std::memcpy(&value, record + offset, sizeof(value));
  return value;
}

const char* name_in(const std::byte* record) noexcept {
  return reinterpret_cast<const char*>(record + name_offset);
}

file_type type_in(const std::byte* record) noexcept {
  switch (field<unsigned char>(record, 18)) {
  case DT_REG:
    return file_type::regular;
  case DT_DIR:
    return file_type::directory;
  case DT_LNK:
    return file_type::symlink;
  case DT_FIFO:
    return file_type::fifo;
  case DT_SOCK:
    return file_type::socket;
  case DT_CHR:
    return file_type::character_device;
  case DT_BLK:
    return file_type::block_device;
  default:
    return file_type::unknown;
  }
}

bool is_dot(const char* name) noexcept {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/// Some file systems have names that no leaf_name holds: vfat and ntfs up to 765 bytes.
result<void> check_sizes(std::span<const std::byte> records) noexcept {
  constexpr std::size_t suspicious = name_offset + leaf_name::max_size + 1;
  for (std::size_t at = 0; at < records.size();) {
    const std::byte* record = records.data() + at;
    const auto size = field<std::uint16_t>(record, 16);
    if (size >= suspicious && std::strlen(name_in(record)) > leaf_name::max_size) {
      return error(ENAMETOOLONG, call::getdents64, name_in(record));
    }
    at += size;
  }
  return success();
}

} // namespace

directory_entry directory_listing::iterator::operator*() const noexcept {
  const char* name = name_in(at_);
  return {leaf_name::from_kernel(name, std::strlen(name)), type_in(at_),
          field<std::uint64_t>(at_, 0), field<std::int64_t>(at_, 8)};
}

directory_listing::iterator& directory_listing::iterator::operator++() noexcept {
  at_ += field<std::uint16_t>(at_, 16);
  skip_dots();
  return *this;
}

void directory_listing::iterator::skip_dots() noexcept {
  while (at_ != end_ && is_dot(name_in(at_))) at_ += field<std::uint16_t>(at_, 16);
}

result<directory_handle> directory_handle::directory(const path_handle& base,
                                                     path_view path) noexcept {
  return path.with_c_str([&](const char* name) -> result<directory_handle> {
    AFIO_TRY(auto opened, sys::open(base.native(), *name == '\0' ? "." : name, listing_flags, 0,
                                    sys::resolve::anywhere));
    return directory_handle(std::move(opened));
  });
}

result<directory_handle> directory_handle::directory(const path_handle& base, leaf_name name,
                                                     crossing how) noexcept {
  const auto resolve =
      how == crossing::same_mount ? sys::resolve::single_same_mount : sys::resolve::single;
  AFIO_TRY(auto opened, sys::open(base.native(), name.c_str(), listing_flags, 0, resolve));
  return directory_handle(std::move(opened));
}

result<directory_handle> directory_handle::directory(const path_handle& anchor) noexcept {
  AFIO_TRY(auto opened, sys::open(anchor.native(), ".", listing_flags, 0, sys::resolve::anywhere));
  return directory_handle(std::move(opened));
}

result<directory_listing> directory_handle::read(std::span<std::byte> buffer) const noexcept {
  if (buffer.size() < min_buffer) return error(EINVAL, call::getdents64);
  AFIO_TRY(const std::size_t bytes, sys::list(file_, buffer));
  AFIO_TRY(check_sizes(buffer.first(bytes)));
  return directory_listing(buffer.first(bytes));
}

result<void> directory_handle::seek(std::int64_t next) const noexcept {
  AFIO_TRY(sys::seek(file_, next, SEEK_SET));
  return success();
}

result<void> directory_handle::barrier() const noexcept { return sys::sync_all(file_); }

result<void> directory_handle::sync_file_system() const noexcept {
  return sys::sync_file_system(file_);
}

} // namespace afio
