// Whether two files hold the same bytes.
#pragma once

#include "afio/file_handle.hpp"
#include "algorithms/observer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stop_token>

namespace afio::algorithms {

/// Reads both files from their beginnings, once and up to the first difference, through the two
/// halves of `through`. True where they have the same first `size` bytes; where `size` is 0, which
/// is what some file systems say of contents that they make up, where they end together. Whether a
/// file has grown since is for the caller to see. Before each part, go_on() is asked, a
/// result<void>, whose failure ends it. Bytes read of one are added to `counters`, which may be
/// null. Does not allocate.
template <class F>
result<bool> equal_contents_while(const file_handle& a, const file_handle& b, std::uint64_t size,
                                  buffer through, F&& go_on, progress* counters) noexcept {
  const std::size_t half = through.size() / 2;
  const buffer left = through.first(half), right = through.last(half);
  for (std::uint64_t at = 0;;) {
    AFIO_TRY(go_on());
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

/// The same until it is asked to stop: ECANCELED.
inline result<bool> equal_contents(const file_handle& a, const file_handle& b, std::uint64_t size,
                                   buffer through, const std::stop_token& stop,
                                   progress* counters = nullptr) noexcept {
  const auto go_on = [&]() -> result<void> {
    if (stop.stop_requested()) return error(ECANCELED, call::none);
    return success();
  };
  return equal_contents_while(a, b, size, through, go_on, counters);
}

} // namespace afio::algorithms
