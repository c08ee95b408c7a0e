// Memory: mappings of files and of nothing, and what the kernel tells of their pages.
#include "afio/detail/linux/door.hpp"
#include "afio/detail/syscalls.hpp"

#include <sys/ioctl.h>
#include <sys/mman.h>

namespace afio::detail::sys {

namespace {

void* address_of(std::span<const std::byte> mapped) noexcept {
  return const_cast<std::byte*>(mapped.data());
}

} // namespace

result<std::span<std::byte>> map(const descriptor& file, off_t at, std::size_t bytes,
                                 int protection, int flags) noexcept {
  void* where = MAP_FAILED;
  AFIO_TRY(enter_void(call::mmap, nullptr, [&] {
    where = ::mmap(nullptr, bytes, protection, flags, file.number(), at);
    return where == MAP_FAILED ? -1 : 0;
  }));
  return std::span(static_cast<std::byte*>(where), bytes);
}

result<void> map_over(std::span<std::byte> where, int protection, int flags) noexcept {
  return map_over(where, descriptor(), 0, protection, flags | MAP_PRIVATE | MAP_ANONYMOUS);
}

result<void> map_over(std::span<std::byte> where, const descriptor& file, off_t at, int protection,
                      int flags) noexcept {
  return enter_void(call::mmap, nullptr, [&] {
    void* const mapped =
        ::mmap(where.data(), where.size(), protection, flags | MAP_FIXED, file.number(), at);
    return mapped == MAP_FAILED ? -1 : 0;
  });
}

result<std::span<std::byte>> remap(std::span<std::byte> mapped, std::size_t bytes, int flags,
                                   std::byte* where) noexcept {
  void* now = MAP_FAILED;
  AFIO_TRY(enter_void(call::mremap, nullptr, [&] {
    now = ::mremap(mapped.data(), mapped.size(), bytes, flags, where);
    return now == MAP_FAILED ? -1 : 0;
  }));
  return std::span(static_cast<std::byte*>(now), bytes);
}

result<void> protect(std::span<std::byte> mapped, int protection) noexcept {
  return enter_void(call::mprotect, nullptr,
                    [&] { return ::mprotect(mapped.data(), mapped.size(), protection); });
}

result<void> advise(std::span<const std::byte> mapped, int advice) noexcept {
  return enter_void(call::madvise, nullptr,
                    [&] { return ::madvise(address_of(mapped), mapped.size(), advice); });
}

result<void> sync_mapped(std::span<const std::byte> mapped, int flags) noexcept {
  return enter_void(call::msync, nullptr,
                    [&] { return ::msync(address_of(mapped), mapped.size(), flags); });
}

void unmap(std::span<const std::byte> mapped) noexcept {
  ::munmap(address_of(mapped), mapped.size()); // Fails only for what was never mapped.
}

result<std::size_t> scan_pages(const descriptor& own, page_scan& request) noexcept {
  constexpr unsigned long pagemap_scan = _IOWR('f', 16, page_scan);
  request.size = sizeof request;
  // Without a name, which would allocate where an older kernel has no such call.
  AFIO_TRY(const int found, enter(call::ioctl, nullptr,
                                  [&] { return ::ioctl(own.number(), pagemap_scan, &request); }));
  return static_cast<std::size_t>(found);
}

} // namespace afio::detail::sys
