#include "algorithms/mapping/marked_map.hpp"

#include "algorithms/is_zero.hpp"

#include <atomic>
#include <cerrno>
#include <new>

namespace afio::algorithms::mapping_detail {

result<marked_map> map_marked(file_handle& file, file_mark mark,
                              std::uint64_t reservation) noexcept {
  AFIO_TRY(std::uint64_t size, file.size());
  if (size == 0) {
    AFIO_TRY(file.zero({0, mark.header_bytes}));
    size = mark.header_bytes;
  }
  if (size < mark.header_bytes) return error(EBADMSG, call::verify);
  if (size > reservation) return error(EINVAL, call::mmap);
  AFIO_TRY(const auto section, section_handle::section(file));
  AFIO_TRY(auto map, map_handle::map(section, {.part = {0, size}, .reservation = reservation}));
  const std::atomic_ref first(*std::launder(reinterpret_cast<std::uint64_t*>(map.address())));
  // Whoever was killed between making the header and marking it left all of it zeros.
  if (size == mark.header_bytes && is_zero(map.bytes()))
    first.store(mark.magic, std::memory_order_release);
  if (first.load(std::memory_order_relaxed) != mark.magic) return error(EBADMSG, call::verify);
  return marked_map{std::move(map), size};
}

} // namespace afio::algorithms::mapping_detail
