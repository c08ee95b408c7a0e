// A handle whose bytes can be read and written at offsets, from and to several buffers at once.
#pragma once

#include "afio/fs_handle.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace afio {

using buffer = std::span<std::byte>;
using const_buffer = std::span<const std::byte>;

/// Offset and length of a part of a file, in bytes.
struct extent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  std::uint64_t end() const noexcept { return offset + length; }

  friend bool operator==(const extent&, const extent&) noexcept = default;
};

/// What a barrier waits for.
enum class barrier_kind : std::uint8_t {
  start, ///< Nothing: write-back is started and nothing is promised at a power cut.
  data, ///< Until the contents, and the metadata needed to read them back, are durable (fdatasync).
  all,  ///< Until all metadata is durable too (fsync).
};

/// Regular files do not wait for events, so these calls take no deadline; they return when the
/// kernel has done them. All may be called by several threads at once. Offsets and sizes up to 2^63
/// - 1 (EINVAL beyond). A handle opened with caching::none or only_metadata needs buffers, offsets
/// and sizes aligned to the device's block (EINVAL). Nothing here allocates.
class io_handle : public fs_handle {
public:
  /// How many buffers one call takes (IOV_MAX of Linux); EINVAL beyond.
  static constexpr std::size_t max_buffers = 1024;

  io_handle() noexcept = default;

  /// Fills the buffers one after another from `offset`. Bytes read: fewer than asked for at the end
  /// of the file, 0 behind it, and where the kernel read less.
  result<std::size_t> read(std::span<const buffer> into, std::uint64_t offset) const noexcept;
  result<std::size_t> read(buffer into, std::uint64_t offset) const noexcept;
  /// Bytes written: fewer than given only where the kernel wrote less (a full disk: call again and
  /// hear why). At the end of the file, whatever the offset, if append-only.
  result<std::size_t> write(std::span<const const_buffer> from, std::uint64_t offset) noexcept;
  result<std::size_t> write(const_buffer from, std::uint64_t offset) noexcept;

  /// For an error of write-back that is reported once (EIO), later barriers may succeed although
  /// the data is lost: believe the first. `part` narrows `start` only; the others wait for the
  /// whole file.
  result<void> barrier(barrier_kind kind, extent part = {}) noexcept;

protected:
  using fs_handle::fs_handle;
};

} // namespace afio
