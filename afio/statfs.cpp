#include "afio/statfs.hpp"

#include "afio/detail/syscalls.hpp"
#include "afio/fs_handle.hpp"

#include <linux/magic.h>
#include <sys/statvfs.h>

namespace afio {

result<void> statfs_t::stamp(const fs_handle& file) noexcept {
  struct ::statfs fs;
  AFIO_TRY(detail::sys::statfs(file.native(), fs));
  const auto unit = static_cast<std::uint64_t>(fs.f_frsize != 0 ? fs.f_frsize : fs.f_bsize);
  kind = static_cast<std::uint64_t>(fs.f_type);
  block_size = static_cast<std::uint64_t>(fs.f_bsize);
  total = fs.f_blocks * unit;
  free = fs.f_bfree * unit;
  available = fs.f_bavail * unit;
  files = fs.f_files;
  files_free = fs.f_ffree;
  name_max = static_cast<std::uint64_t>(fs.f_namelen);
  read_only = (static_cast<unsigned long>(fs.f_flags) & ST_RDONLY) != 0;
  return success();
}

std::string_view statfs_t::kind_name() const noexcept {
  constexpr std::uint64_t xfs = 0x58465342; // XFS_SUPER_MAGIC, which linux/magic.h lacks
  constexpr std::uint64_t fuse = 0x65735546;
  switch (kind) {
  case EXT4_SUPER_MAGIC:
    return "ext4";
  case xfs:
    return "xfs";
  case BTRFS_SUPER_MAGIC:
    return "btrfs";
  case TMPFS_MAGIC:
    return "tmpfs";
  case OVERLAYFS_SUPER_MAGIC:
    return "overlay";
  case NFS_SUPER_MAGIC:
    return "nfs";
  case fuse:
    return "fuse";
  case SQUASHFS_MAGIC:
    return "squashfs";
  case PROC_SUPER_MAGIC:
    return "proc";
  default:
    return "unknown";
  }
}

} // namespace afio
