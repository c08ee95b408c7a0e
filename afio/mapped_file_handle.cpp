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

/// Does `act` to one buffer after another, until it does less than all of one. Bytes done; an error
/// only if nothing was done.
template <class Buffer, class F>
result<std::size_t> one_by_one(std::span<const Buffer> buffers, std::uint64_t offset, call about,
                               F&& act) noexcept {
  if (buffers.size() > io_handle::max_buffers) return error(EINVAL, about);
  std::size_t done = 0;
  for (const Buffer each : buffers) {
    const auto some = act(each, offset + done);
    if (!some) return done > 0 ? result<std::size_t>(done) : some;
    done += some.assume_value();
    if (some.assume_value() < each.size()) break;
  }
  return done;
}

/// What a map has besides, for as long as it lives.
constexpr map_flags kept =
    map_flags::cow | map_flags::execute | map_flags::nocommit | map_flags::barrier_on_close;

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
                                     .flags = flags | (options.flags & kept),
                                     .reservation = std::max(options.reservation, page_size())}));
  if (has(options.flags, map_flags::prefault)) {
    AFIO_TRY(map.prefault({0, length}));
  }
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
  auto closed = file_handle::close();
  return unmapped ? std::move(closed) : std::move(unmapped);
}

result<void> mapped_file_handle::set_append_only(appends how) noexcept {
  if (how == appends::only_at_end) return error(ENOTSUP, call::fcntl);
  return file_handle::set_append_only(how);
}

result<std::size_t> mapped_file_handle::read(std::span<const buffer> into,
                                             std::uint64_t offset) const noexcept {
  return one_by_one(into, offset, call::preadv,
                    [&](buffer each, std::uint64_t at) { return read(each, at); });
}

result<std::size_t> mapped_file_handle::write(std::span<const const_buffer> from,
                                              std::uint64_t offset) noexcept {
  return one_by_one(from, offset, call::pwritev,
                    [&](const_buffer each, std::uint64_t at) { return write(each, at); });
}

result<std::size_t> mapped_file_handle::write_out(const_buffer from,
                                                  std::uint64_t offset) noexcept {
  if (!writes()) return error(EACCES, call::pwritev);
  if (has(map_.flags(), map_flags::cow)) return error(EINVAL, call::pwritev);
  AFIO_TRY(const std::size_t written, file_handle::write(from, offset));
  if (written == 0 || offset + written <= length()) return written;
  AFIO_TRY(const std::uint64_t now, size());
  AFIO_TRY(make_room(now));
  has_grown_to(now);
  return written;
}

/// Another thread may have gone further meanwhile, and must not lose that.
void mapped_file_handle::has_grown_to(std::uint64_t now) noexcept {
  std::uint64_t known = length();
  while (known < now && !length_.compare_exchange_weak(known, now, std::memory_order_relaxed)) {
  }
}

result<void> mapped_file_handle::truncate(std::uint64_t bytes) noexcept {
  if (has(map_.flags(), map_flags::cow)) return error(EINVAL, call::ftruncate);
  AFIO_TRY(make_room(bytes));
  // First nothing is read there any more, then it goes.
  const std::uint64_t before = length();
  if (bytes < before) length_.store(bytes, std::memory_order_relaxed);
  auto done = file_handle::truncate(bytes);
  if (!done) {
    // It may have gone all the same, and not become durable. Where nobody can say: as if it had.
    const auto now = size();
    if (now) has_grown_to(std::min(before, now.assume_value()));
    return done;
  }
  has_grown_to(bytes);
  // Another thread may have asked before it went and said so after it; if this fails, as was said.
  if (bytes < before) (void)update_map();
  return done;
}

result<std::uint64_t> mapped_file_handle::update_map() noexcept {
  for (std::uint64_t known = length();;) {
    AFIO_TRY(const std::uint64_t now, size());
    AFIO_TRY(make_room(now));
    // Else another thread has learned more since the question was asked.
    if (length_.compare_exchange_strong(known, now, std::memory_order_relaxed)) return now;
  }
}

result<void> mapped_file_handle::reserve(std::uint64_t bytes) noexcept { return make_room(bytes); }

/// The map's own length is never read: what counts is that its reservation covers the file.
result<void> mapped_file_handle::make_room(std::uint64_t length) noexcept {
  if (length <= map_.reservation()) return success();
  return map_.truncate(length, placement::anywhere);
}

} // namespace afio
