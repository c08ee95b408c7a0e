#include "afio/call.hpp"

#include <array>
#include <cstddef>

namespace afio {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(call::count_)> names = {
    "none",       "close",           "copy_file_range", "dup",
    "fallocate",  "fcntl",           "fdatasync",       "fgetxattr",
    "flistxattr", "fremovexattr",    "fsetxattr",       "fstatfs",
    "fsync",      "ftruncate",       "getdents64",      "getrandom",
    "getxattrat", "ioctl",           "linkat",          "listxattrat",
    "lseek",      "memfd_create",    "mkdirat",         "openat",
    "openat2",    "pread64",         "preadv",          "pwrite64",
    "pwritev",    "readlinkat",      "renameat2",       "statx",
    "symlinkat",  "sync_file_range", "fchmodat2",       "unlinkat",
    "fchownat",   "utimensat",       "mknodat",         "syncfs",
    "mmap",       "mremap",          "mprotect",        "msync",
    "madvise",    "verify"};

static_assert(!names.back().empty(), "every call has a name");

} // namespace

std::string_view name_of(call which) noexcept {
  const auto index = static_cast<std::size_t>(which);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

} // namespace afio
