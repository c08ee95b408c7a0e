#include "algorithms/mapping/trivial_vector.hpp"

#include "afio/memory_usage.hpp"

#include <cerrno>
#include <new>
#include <stdexcept>

namespace afio::algorithms::mapping_detail {

namespace {

/// From here on, memory comes in pieces of this: then it is aligned to them, so that large pages
/// fit in, and the kernel moves them as a whole.
constexpr std::uint64_t large_page = 2 << 20;

} // namespace

result<void> grow(map_handle& map, std::uint64_t bytes) noexcept {
  const std::uint64_t unit = bytes >= large_page ? large_page : page_size();
  const std::uint64_t whole = (bytes + unit - 1) / unit * unit;
  const bool was_small = map.length() < large_page;
  if (map.is_open()) {
    // EINVAL is the kernel's word for more than a process has addresses.
    if (!map.truncate(whole, placement::anywhere)) return error(ENOMEM, call::mremap);
  } else {
    auto made = map_handle::map(whole);
    if (!made) return error(ENOMEM, call::mmap);
    map = std::move(made).assume_value();
  }
  // EINVAL where the kernel has none: then small ones do.
  if (was_small && whole >= large_page)
    (void)map.advise({0, map.reservation()}, access_pattern::large_pages);
  return success();
}

void throw_length_error() { throw std::length_error("trivial_vector: more than max_size()"); }

void throw_out_of_range() { throw std::out_of_range("trivial_vector::at"); }

void throw_bad_alloc() { throw std::bad_alloc(); }

} // namespace afio::algorithms::mapping_detail
