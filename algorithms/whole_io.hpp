// Reads and writes that go on until all is done.
#pragma once

#include "afio/io_handle.hpp"

#include <cstddef>
#include <cstdint>

namespace afio::algorithms {

/// Fills `into` from `at` of the file. Bytes read: fewer only at the end of the file.
inline result<std::size_t> read_all(const io_handle& file, buffer into, std::uint64_t at) noexcept {
  std::size_t total = 0;
  while (total < into.size()) {
    AFIO_TRY(const std::size_t bytes, file.read(into.subspan(total), at + total));
    if (bytes == 0) break;
    total += bytes;
  }
  return total;
}

/// Writes all of `bytes` to the file, from `at` on.
inline result<void> write_all(io_handle& file, const_buffer bytes, std::uint64_t at) noexcept {
  while (!bytes.empty()) {
    AFIO_TRY(const std::size_t written, file.write(bytes, at));
    bytes = bytes.subspan(written);
    at += written;
  }
  return success();
}

} // namespace afio::algorithms
