#include "afio/stat.hpp"

#include "afio/detail/syscalls.hpp"
#include "afio/fs_handle.hpp"
#include "afio/path_handle.hpp"

// Younger than Debian 12's headers are not needed: STATX_MNT_ID is of Linux 5.8.

namespace afio {

namespace {

struct field {
  want wanted;
  unsigned mask;
};

constexpr field fields_of_statx[] = {
    {want::type, STATX_TYPE},
    {want::mode, STATX_MODE},
    {want::links, STATX_NLINK},
    {want::owner, STATX_UID | STATX_GID},
    {want::times, STATX_ATIME | STATX_MTIME | STATX_CTIME},
    {want::identity, STATX_INO | STATX_MNT_ID},
    {want::size, STATX_SIZE},
    {want::allocated, STATX_BLOCKS},
    {want::born, STATX_BTIME},
};

unsigned mask_of(want fields) noexcept {
  unsigned mask = 0;
  for (const field& f : fields_of_statx) {
    if (has(fields, f.wanted)) mask |= f.mask;
  }
  return mask;
}

/// Mount ids are missing before Linux 5.8; the rest of an identity is then still one.
want filled_of(unsigned mask) noexcept {
  want filled = want::none;
  for (const field& f : fields_of_statx) {
    const unsigned needed = f.mask & ~static_cast<unsigned>(STATX_MNT_ID);
    if ((mask & needed) == needed) filled = filled | f.wanted;
  }
  return filled;
}

file_type type_of(unsigned mode) noexcept {
  switch (mode & S_IFMT) {
  case S_IFREG:
    return file_type::regular;
  case S_IFDIR:
    return file_type::directory;
  case S_IFLNK:
    return file_type::symlink;
  case S_IFIFO:
    return file_type::fifo;
  case S_IFSOCK:
    return file_type::socket;
  case S_IFCHR:
    return file_type::character_device;
  case S_IFBLK:
    return file_type::block_device;
  default:
    return file_type::unknown;
  }
}

timestamp time_of(const statx_timestamp& t) noexcept { return {t.tv_sec, t.tv_nsec}; }

std::uint64_t join(std::uint32_t major, std::uint32_t minor) noexcept {
  return std::uint64_t{major} << 32 | minor;
}

stat_t from_kernel(const struct ::statx& x) noexcept {
  stat_t s;
  s.filled = filled_of(x.stx_mask);
  s.type = type_of(x.stx_mode);
  s.mode = x.stx_mode & 07777;
  s.owner = x.stx_uid;
  s.group = x.stx_gid;
  s.id = {(x.stx_mask & STATX_MNT_ID) != 0 ? x.stx_mnt_id : 0,
          join(x.stx_dev_major, x.stx_dev_minor), x.stx_ino};
  s.links = x.stx_nlink;
  s.size = x.stx_size;
  s.allocated = x.stx_blocks * 512;
  s.device_number = join(x.stx_rdev_major, x.stx_rdev_minor);
  s.io_size = x.stx_blksize;
  s.attributes = static_cast<attribute>(x.stx_attributes & x.stx_attributes_mask);
  s.accessed = time_of(x.stx_atime);
  s.modified = time_of(x.stx_mtime);
  s.changed = time_of(x.stx_ctime);
  s.born = time_of(x.stx_btime);
  return s;
}

} // namespace

result<void> stat_t::stamp(const fs_handle& file, want fields) noexcept {
  struct ::statx x;
  AFIO_TRY(detail::sys::statx(file.native(), "", mask_of(fields), x));
  *this = from_kernel(x);
  return success();
}

result<void> stat_t::stamp(const path_handle& dir, leaf_name name, want fields) noexcept {
  struct ::statx x;
  AFIO_TRY(detail::sys::statx(dir.native(), name.c_str(), mask_of(fields), x));
  *this = from_kernel(x);
  return success();
}

bool unchanged(const stat_t& before, const stat_t& after) noexcept {
  return before.id.same_file(after.id) && before.type == after.type && before.size == after.size &&
         before.modified == after.modified && before.changed == after.changed;
}

} // namespace afio
