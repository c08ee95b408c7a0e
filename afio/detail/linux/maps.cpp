// Files in memory.
#include "afio/detail/linux/door.hpp"
#include "afio/detail/syscalls.hpp"

#include <cerrno>

#include <sys/mman.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 // Linux 5.14
#endif

namespace afio::detail::sys {

namespace {

void* address_of(std::span<const std::byte> mapped) noexcept {
  return const_cast<std::byte*>(mapped.data());
}

} // namespace

result<std::span<const std::byte>> map(const descriptor& file, off_t at,
                                       std::size_t bytes) noexcept {
  void* where = MAP_FAILED;
  AFIO_TRY(enter_void(call::mmap, nullptr, [&] {
    where = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.number(), at);
    return where == MAP_FAILED ? -1 : 0;
  }));
  return std::span(static_cast<const std::byte*>(where), bytes);
}

result<void> populate(std::span<const std::byte> mapped) noexcept {
  return enter_void(call::madvise, nullptr, [&] {
    return ::madvise(address_of(mapped), mapped.size(), MADV_POPULATE_READ);
  });
}

void unmap(std::span<const std::byte> mapped) noexcept {
  ::munmap(address_of(mapped), mapped.size()); // Fails only for what was never mapped.
}

} // namespace afio::detail::sys
