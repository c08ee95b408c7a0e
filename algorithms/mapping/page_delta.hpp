// What has changed of a file, in a file of its own.
#pragma once

#include "afio/file_handle.hpp"
#include "algorithms/hash/spooky_hash.hpp"

#include <cstdint>

namespace afio::algorithms {

/// In bytes, but for runs.
struct delta_report {
  std::uint64_t runs = 0;    ///< Pieces of the file that are in it.
  std::uint64_t changed = 0; ///< Bytes of these.
  std::uint64_t size = 0;    ///< Of the delta.

  friend bool operator==(const delta_report&, const delta_report&) noexcept = default;
};

/// A delta is, numbers little-endian: the 8 bytes "afiodlt1"; the size of the file that it is
/// about, 8 bytes; then for each run its offset and its length, 8 bytes each, and its bytes, in the
/// order of offsets, apart; then twice 8 bytes of ones; then the SpookyHash V2 (128 bits, seed 0)
/// of all before. So one that is cut, or was not written to its end, is found out. What it does not
/// know is what was in the file before.
///
/// Writes one, from the beginning of a file that is empty. One thread at a time; no allocation.
class delta_writer {
public:
  /// `to` must outlive this.
  explicit delta_writer(file_handle& to) noexcept : to_(&to) {}

  /// Of a file of `base_size` bytes. Errors as for io_handle::write, here and below.
  result<void> begin(std::uint64_t base_size) noexcept;
  /// `bytes`, which are at `offset`: behind all that were added before, and within the file
  /// (EINVAL).
  result<void> add(std::uint64_t offset, const_buffer bytes) noexcept;
  /// Ends it. Durable once the caller's barrier is.
  result<delta_report> finish() noexcept;

private:
  result<void> put(const_buffer bytes) noexcept;
  result<void> put_pair(std::uint64_t first, std::uint64_t second) noexcept;

  file_handle* to_;
  spooky_hasher hash_;
  delta_report report_;
  std::uint64_t base_size_ = 0;
  std::uint64_t end_ = 0; ///< Of the last run.
};

/// Makes the changes of `delta` to `to`, which must have the size of the file that the delta is
/// about (EINVAL). The whole delta is read and judged first: EBADMSG, and nothing is
/// changed, for one that is not whole, or no delta. After a kill or a failure midway some of it is
/// done: apply it again. Durable once the caller's barrier is. Allocates 64 KiB (ENOMEM).
result<delta_report> apply_delta(const file_handle& delta, file_handle& to) noexcept;

} // namespace afio::algorithms
