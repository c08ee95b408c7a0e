#include "afio/mapped_file_handle.hpp"

#include "afio/detail/syscalls.hpp"
#include "afio/memory_usage.hpp"

#include <cerrno>

#include <fcntl.h>

namespace afio {

namespace {

/// What may be done with the map of a file that was opened with `status_flags`.
result<map_flags> flags_for(int status_flags) noexcept {
  if ((status_flags & (O_PATH | O_APPEND)) != 0) return error(EINVAL, call::mmap);
  switch (status_flags & O_ACCMODE) {
  case O_RDONLY:
    return map_flags::read;
  case O_RDWR:
    return map_flags::read | map_flags::write;
  default:
    return error(EINVAL, call::mmap);
  }
}

} // namespace

result<mapped_file_handle> mapped_file_handle::mapped(file_handle file,
                                                      mapping_options options) noexcept {
  AFIO_TRY(const int status, detail::sys::status_flags(file.native()));
  AFIO_TRY(map_flags flags, flags_for(status));
  if (has(options.flags, map_flags::cow)) flags = map_flags::read;
  AFIO_TRY(const std::uint64_t length, file.size());
  AFIO_TRY(const auto section, section_handle::section(file));
  AFIO_TRY(auto map,
           map_handle::map(section, {.part = {0, length},
                                     .flags = flags | options.flags,
                                     .reservation = std::max(options.reservation, page_size())}));
  return mapped_file_handle(std::move(file), std::move(map), length, options.access);
}

result<mapped_file_handle> mapped_file_handle::mapped_file(const path_handle& base, leaf_name name,
                                                           file_options how,
                                                           mapping_options options) noexcept {
  AFIO_TRY(auto file, file_handle::file(base, name, how));
  auto made = mapped(std::move(file), options);
  if (!made) return made.assume_error().about(name);
  return made;
}

result<mapped_file_handle> mapped_file_handle::mapped_temp_inode(const path_handle& dir,
                                                                 mapping_options options) noexcept {
  AFIO_TRY(auto file, file_handle::unnamed(dir));
  return mapped(std::move(file), options);
}

result<void> mapped_file_handle::close() noexcept {
  auto unmapped = map_.close();
  length_.store(0, std::memory_order_relaxed);
  AFIO_TRY(file_handle::close());
  return unmapped;
}

result<std::size_t> mapped_file_handle::write_out(const_buffer from,
                                                  std::uint64_t offset) noexcept {
  if (!writes()) return error(EACCES, call::pwritev);
  if (has(map_.flags(), map_flags::cow)) return error(EINVAL, call::pwritev);
  AFIO_TRY(const std::size_t written, file_handle::write(from, offset));
  if (offset + written > length()) {
    AFIO_TRY(update_map());
  }
  return written;
}

result<void> mapped_file_handle::truncate(std::uint64_t bytes) noexcept {
  if (has(map_.flags(), map_flags::cow)) return error(EINVAL, call::ftruncate);
  // First nothing is read there any more, then it goes.
  if (bytes < length()) {
    AFIO_TRY(follow(bytes));
  }
  AFIO_TRY(file_handle::truncate(bytes));
  return follow(bytes);
}

result<std::uint64_t> mapped_file_handle::update_map() noexcept {
  AFIO_TRY(const std::uint64_t now, size());
  AFIO_TRY(follow(now));
  return now;
}

result<void> mapped_file_handle::reserve(std::uint64_t bytes) noexcept {
  return map_.truncate(std::max({bytes, length(), std::uint64_t{1}}), placement::anywhere);
}

/// The map's own length is never read: what counts is that its reservation covers the file.
result<void> mapped_file_handle::follow(std::uint64_t length) noexcept {
  if (length > map_.reservation()) {
    AFIO_TRY(map_.truncate(length, placement::anywhere));
  }
  length_.store(length, std::memory_order_relaxed);
  return success();
}

} // namespace afio
