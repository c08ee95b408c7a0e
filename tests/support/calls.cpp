#include "tests/support/calls.hpp"

#include <sys/syscall.h>

// Newer than the headers that some build machines have. One number on all architectures.
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#define SYS_removexattrat 466
#endif
#ifndef SYS_file_getattr
#define SYS_file_getattr 468
#define SYS_file_setattr 469
#endif

#define AFIO_CALL(name, ...)                                                                       \
  { #name, SYS_##name, __VA_ARGS__ }

namespace afio::testing {
namespace {

constexpr named_at path(signed char argument) { return {none, argument}; }

constexpr named_at descriptor(signed char argument) { return {argument, none}; }

constexpr named_at relative(signed char descriptor_argument) {
  return {descriptor_argument, static_cast<signed char>(descriptor_argument + 1)};
}

constexpr call names[] = {
    AFIO_CALL(openat, relative(0)),
    AFIO_CALL(openat2, relative(0)),
    AFIO_CALL(newfstatat, relative(0)),
    AFIO_CALL(statx, relative(0)),
    AFIO_CALL(fstat, descriptor(0)),
    AFIO_CALL(statfs, path(0)),
    AFIO_CALL(fstatfs, descriptor(0)),
    AFIO_CALL(faccessat, relative(0)),
    AFIO_CALL(faccessat2, relative(0)),
    AFIO_CALL(readlinkat, relative(0)),
    AFIO_CALL(getdents64, descriptor(0)),
    AFIO_CALL(unlinkat, relative(0)),
    AFIO_CALL(renameat2, relative(0), relative(2)),
    AFIO_CALL(linkat, relative(0), relative(2)),
    AFIO_CALL(symlinkat, relative(1)),
    AFIO_CALL(mkdirat, relative(0)),
    AFIO_CALL(mknodat, relative(0)),
    AFIO_CALL(fchmod, descriptor(0)),
    AFIO_CALL(fchmodat, relative(0)),
    AFIO_CALL(fchmodat2, relative(0)),
    AFIO_CALL(fchown, descriptor(0)),
    AFIO_CALL(fchownat, relative(0)),
    AFIO_CALL(setxattr, path(0)),
    AFIO_CALL(lsetxattr, path(0)),
    AFIO_CALL(fsetxattr, descriptor(0)),
    AFIO_CALL(getxattr, path(0)),
    AFIO_CALL(lgetxattr, path(0)),
    AFIO_CALL(fgetxattr, descriptor(0)),
    AFIO_CALL(listxattr, path(0)),
    AFIO_CALL(llistxattr, path(0)),
    AFIO_CALL(flistxattr, descriptor(0)),
    AFIO_CALL(removexattr, path(0)),
    AFIO_CALL(lremovexattr, path(0)),
    AFIO_CALL(fremovexattr, descriptor(0)),
    AFIO_CALL(setxattrat, relative(0)),
    AFIO_CALL(getxattrat, relative(0)),
    AFIO_CALL(listxattrat, relative(0)),
    AFIO_CALL(removexattrat, relative(0)),
    AFIO_CALL(file_getattr, relative(0)),
    AFIO_CALL(file_setattr, relative(0)),
    AFIO_CALL(utimensat, relative(0)),
    AFIO_CALL(chdir, path(0)),
    AFIO_CALL(fchdir, descriptor(0)),
    AFIO_CALL(truncate, path(0)),
    AFIO_CALL(ftruncate, descriptor(0)),
    AFIO_CALL(fallocate, descriptor(0)),
    AFIO_CALL(copy_file_range, descriptor(0), descriptor(2)),
    AFIO_CALL(ioctl, descriptor(0)),
    AFIO_CALL(name_to_handle_at, relative(0)),
    AFIO_CALL(open_by_handle_at, descriptor(0)),
    AFIO_CALL(fsync, descriptor(0)),
    AFIO_CALL(fdatasync, descriptor(0)),
    AFIO_CALL(syncfs, descriptor(0)),
#ifdef SYS_renameat
    AFIO_CALL(renameat, relative(0), relative(2)),
#endif
#ifdef SYS_open // the calls that only older architectures have
    AFIO_CALL(open, path(0)),
    AFIO_CALL(creat, path(0)),
    AFIO_CALL(stat, path(0)),
    AFIO_CALL(lstat, path(0)),
    AFIO_CALL(access, path(0)),
    AFIO_CALL(readlink, path(0)),
    AFIO_CALL(getdents, descriptor(0)),
    AFIO_CALL(unlink, path(0)),
    AFIO_CALL(rmdir, path(0)),
    AFIO_CALL(rename, path(0), path(1)),
    AFIO_CALL(link, path(0), path(1)),
    AFIO_CALL(symlink, path(1)),
    AFIO_CALL(mkdir, path(0)),
    AFIO_CALL(mknod, path(0)),
    AFIO_CALL(chmod, path(0)),
    AFIO_CALL(chown, path(0)),
    AFIO_CALL(lchown, path(0)),
    AFIO_CALL(utime, path(0)),
    AFIO_CALL(utimes, path(0)),
    AFIO_CALL(futimesat, relative(0)),
#endif
};

constexpr call streams[] = {
    AFIO_CALL(read, descriptor(0)),    AFIO_CALL(write, descriptor(0)),
    AFIO_CALL(pread64, descriptor(0)), AFIO_CALL(pwrite64, descriptor(0)),
    AFIO_CALL(readv, descriptor(0)),   AFIO_CALL(writev, descriptor(0)),
    AFIO_CALL(preadv, descriptor(0)),  AFIO_CALL(pwritev, descriptor(0)),
    AFIO_CALL(lseek, descriptor(0)),   AFIO_CALL(sendfile, descriptor(0), descriptor(1)),
    AFIO_CALL(close, descriptor(0)),
};

} // namespace

std::span<const call> file_system_calls() noexcept { return names; }

std::span<const call> stream_calls() noexcept { return streams; }

} // namespace afio::testing
