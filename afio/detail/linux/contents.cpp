// Calls about the bytes of a file and where they are stored.
#include "afio/detail/linux/door.hpp"
#include "afio/detail/syscalls.hpp"

#include <cerrno>
#include <cstddef>
#include <new>

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

namespace afio::detail::sys {

result<off_t> seek(const descriptor& file, off_t offset, int whence) noexcept {
  return enter(call::lseek, nullptr, [&] { return ::lseek(file.number(), offset, whence); });
}

result<std::size_t> read(const descriptor& file, std::span<std::byte> into, off_t at) noexcept {
  const ssize_t bytes =
      attempt(call::pread64, [&] { return ::pread(file.number(), into.data(), into.size(), at); });
  if (bytes < 0) return error(static_cast<int>(-bytes), call::pread64);
  return static_cast<std::size_t>(bytes);
}

result<std::size_t> write(const descriptor& file, std::span<const std::byte> from,
                          off_t at) noexcept {
  const ssize_t bytes = attempt(
      call::pwrite64, [&] { return ::pwrite(file.number(), from.data(), from.size(), at); });
  if (bytes < 0) return error(static_cast<int>(-bytes), call::pwrite64);
  return static_cast<std::size_t>(bytes);
}

result<std::size_t> read(const descriptor& file, std::span<const iovec> into, off_t at) noexcept {
  AFIO_TRY(const ssize_t bytes, enter(call::preadv, nullptr, [&] {
             return ::preadv(file.number(), into.data(), static_cast<int>(into.size()), at);
           }));
  return static_cast<std::size_t>(bytes);
}

result<std::size_t> write(const descriptor& file, std::span<const iovec> from, off_t at) noexcept {
  AFIO_TRY(const ssize_t bytes, enter(call::pwritev, nullptr, [&] {
             return ::pwritev(file.number(), from.data(), static_cast<int>(from.size()), at);
           }));
  return static_cast<std::size_t>(bytes);
}

result<void> sync_all(const descriptor& file) noexcept {
  return enter_void(call::fsync, nullptr, [&] { return ::fsync(file.number()); });
}

result<void> sync_data(const descriptor& file) noexcept {
  return enter_void(call::fdatasync, nullptr, [&] { return ::fdatasync(file.number()); });
}

result<void> sync_file_system(const descriptor& file) noexcept {
  return enter_void(call::syncfs, nullptr, [&] { return ::syncfs(file.number()); });
}

result<void> start_write_back(const descriptor& file, off_t at, off_t bytes) noexcept {
  return enter_void(call::sync_file_range, nullptr, [&] {
    return ::sync_file_range(file.number(), at, bytes, SYNC_FILE_RANGE_WRITE);
  });
}

result<void> truncate(const descriptor& file, off_t size) noexcept {
  return enter_void(call::ftruncate, nullptr, [&] { return ::ftruncate(file.number(), size); });
}

result<void> allocate(const descriptor& file, int mode, off_t at, off_t bytes) noexcept {
  return enter_void(call::fallocate, nullptr,
                    [&] { return ::fallocate(file.number(), mode, at, bytes); });
}

result<void> clone_range(const descriptor& from, off_t at, off_t bytes, const descriptor& to,
                         off_t to_at) noexcept {
  file_clone_range request{};
  request.src_fd = from.number();
  request.src_offset = static_cast<std::uint64_t>(at);
  request.src_length = static_cast<std::uint64_t>(bytes);
  request.dest_offset = static_cast<std::uint64_t>(to_at);
  return enter_void(call::ioctl, nullptr,
                    [&] { return ::ioctl(to.number(), FICLONERANGE, &request); });
}

result<std::size_t> share_equal(const descriptor& from, off_t at, std::size_t bytes,
                                const descriptor& to, off_t to_at) noexcept {
  // The header, then one target.
  alignas(file_dedupe_range)
      std::byte room[sizeof(file_dedupe_range) + sizeof(file_dedupe_range_info)];
  auto& request = *new (room) file_dedupe_range;
  file_dedupe_range_info& target = request.info[0];
  AFIO_TRY(const int status, enter(call::ioctl, nullptr, [&] {
             request = {};
             request.src_offset = static_cast<std::uint64_t>(at);
             request.src_length = bytes;
             request.dest_count = 1;
             target = {};
             target.dest_fd = to.number();
             target.dest_offset = static_cast<std::uint64_t>(to_at);
             if (::ioctl(from.number(), FIDEDUPERANGE, &request) != 0) return -1;
             // What is wrong with the target is told beside it.
             if (target.status >= 0) return static_cast<int>(target.status);
             errno = -target.status;
             return -1;
           }));
  if (status == FILE_DEDUPE_RANGE_DIFFERS) return std::size_t{0};
  return static_cast<std::size_t>(target.bytes_deduped);
}

result<void> map_extents(const descriptor& file, struct ::fiemap& request) noexcept {
  return enter_void(call::ioctl, nullptr,
                    [&] { return ::ioctl(file.number(), FS_IOC_FIEMAP, &request); });
}

result<std::size_t> copy_range(const descriptor& from, off_t at, const descriptor& to, off_t to_at,
                               std::size_t bytes) noexcept {
  AFIO_TRY(const ssize_t copied, enter(call::copy_file_range, nullptr, [&] {
             off_t source = at;
             off_t target = to_at;
             return ::copy_file_range(from.number(), &source, to.number(), &target, bytes, 0);
           }));
  return static_cast<std::size_t>(copied);
}

} // namespace afio::detail::sys
