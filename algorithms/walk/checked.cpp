#include "algorithms/walk/checked.hpp"

#ifdef AFIO_CHECKED

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace afio::algorithms::walk_detail::checked {

namespace {

std::uint64_t mount_by_proc(int number) noexcept {
  char path[64];
  std::snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", number);
  std::FILE* info = std::fopen(path, "re");
  if (info == nullptr) return 0;
  unsigned long long mount = 0;
  char line[128];
  while (std::fgets(line, sizeof(line), info) != nullptr) {
    if (std::sscanf(line, "mnt_id: %llu", &mount) == 1) break;
  }
  std::fclose(info);
  return mount;
}

} // namespace

result<void> same_directory(const directory_handle& dir, const identity& id) noexcept {
  struct stat s;
  const int number = dir.native().number();
  int failed = 0;
  do failed = ::fstat(number, &s);
  while (failed != 0 && errno == EINTR);
  if (failed != 0) return error(errno, call::verify);
  const auto device = std::uint64_t{major(s.st_dev)} << 32 | minor(s.st_dev);
  const std::uint64_t mount = mount_by_proc(number);
  const bool same = S_ISDIR(s.st_mode) && s.st_ino == id.inode && device == id.device &&
                    (mount == 0 || id.mount == 0 || mount == id.mount);
  if (!same) return error(errc::check_failed, call::verify);
  return success();
}

result<void> well_formed(const directory_listing& part) noexcept {
  for (const directory_entry e : part) {
    if (!is_leaf_name(e.name)) return error(errc::check_failed, call::getdents64, e.name);
  }
  return success();
}

} // namespace afio::algorithms::walk_detail::checked

#endif
