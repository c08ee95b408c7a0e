#include "algorithms/equal_contents.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace afio::algorithms {

result<bool> equal_contents(const file_handle& a, const file_handle& b, std::uint64_t size,
                            buffer through, const std::stop_token& stop,
                            progress* counters) noexcept {
  const std::size_t half = through.size() / 2;
  const buffer left = through.first(half), right = through.last(half);
  for (std::uint64_t at = 0;;) {
    if (stop.stop_requested()) return error(ECANCELED, call::none);
    AFIO_TRY(const std::size_t from_a, a.read(left, at));
    AFIO_TRY(const std::size_t from_b, b.read(right.first(std::max<std::size_t>(from_a, 1)), at));
    if (from_a != from_b) return false; // Of regular files, reads are short at the end only.
    if (from_a == 0) return at >= size;
    if (counters != nullptr) counters->bytes.fetch_add(from_a, std::memory_order_relaxed);
    if (std::memcmp(left.data(), right.data(), from_a) != 0) return false;
    at += from_a;
    if (at == size) return true;
  }
}

} // namespace afio::algorithms
