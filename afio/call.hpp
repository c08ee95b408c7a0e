// The kernel's calls by name: what an error says it came from, and what a test can make fail.
#pragma once

#include <cstdint>
#include <string_view>

namespace afio {

/// A call of the kernel's, or `verify` for a check of afio's own on what a call returned.
/// Values are for one process; they are not stored and may be renumbered by a release.
enum class call : std::uint8_t {
  none,
  close,
  copy_file_range,
  dup,
  fallocate,
  fcntl,
  fdatasync,
  fgetxattr,
  flistxattr,
  fremovexattr,
  fsetxattr,
  fstatfs,
  fsync,
  ftruncate,
  getdents64,
  getrandom,
  getxattrat,
  ioctl,
  linkat,
  listxattrat,
  lseek,
  memfd_create,
  mkdirat,
  openat,
  openat2,
  pread64,
  preadv,
  pwrite64,
  pwritev,
  readlinkat,
  renameat2,
  statx,
  symlinkat,
  sync_file_range,
  fchmodat2,
  unlinkat,
  fchownat,
  utimensat,
  mknodat,
  syncfs,
  mmap,
  mremap,
  mprotect,
  msync,
  madvise,
  verify,
  count_
};

/// The name that strace would print, "verify" for afio's own checks. Static storage, never fails.
std::string_view name_of(call which) noexcept;

} // namespace afio
