// A file whose contents are in memory: read without a copy.
#pragma once

#include "afio/guarded.hpp"
#include "afio/map_handle.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace afio {

/// What touching a page that is not there does to calls of a mapped_file_handle that copy.
enum class mapped_access : std::uint8_t {
  unguarded, ///< SIGBUS. For files that nobody else cuts, on a disk that has room.
  guarded,   ///< The call fails, with the reason (guarded.hpp).
};

/// Named at the call: `{.reservation = 1 << 30}`.
struct mapping_options {
  /// Bytes of address space to keep for growth; at least the file's length. As long as the file
  /// stays within, addresses do.
  std::uint64_t reservation = 0;
  /// What else the map is to be: cow, execute, nocommit, barrier_on_close, and prefault, of what
  /// the file has when it is opened. Reading and writing are as the file is open; other flags are
  /// ignored.
  map_flags flags = map_flags::none;
  mapped_access access = mapped_access::unguarded;
};

/// Is a file_handle, and all that one does is done, except what is said here. Its own reads and
/// writes, those of other handles, and stores through other maps are seen by each other at once
/// (but on a file system that does not keep its maps coherent, of which Linux has none on disk).
///
/// **Length.** It knows how long the file was when it was opened, and what truncate(), write() and
/// update_map() made of that. What is behind is neither read nor written in place, even if somebody
/// else has made the file longer: call update_map() to follow. If somebody else made it shorter,
/// touching what is gone is SIGBUS, or EFAULT where guarded (guarded.hpp).
///
/// **Addresses** stay until the length, or reserve(), goes beyond the reservation. Then the map may
/// move: pointers from read() end.
///
/// **Threads**: reads and writes at once by any number, also while some make the file longer, as
/// long as it stays within the reservation. Not while one goes beyond it, closes, or moves the
/// handle; nor, but where guarded, while one makes the file shorter.
/// Nothing allocates unless it fails.
class mapped_file_handle : public file_handle {
public:
  mapped_file_handle() noexcept = default;

  /// Maps `file`, which goes with it. EINVAL for mode::none and append; else as map_handle::map.
  static result<mapped_file_handle> mapped(file_handle file, mapping_options options = {}) noexcept;
  /// As file_handle::file, then maps it.
  static result<mapped_file_handle> mapped_file(const path_handle& base, leaf_name name,
                                                file_options how = {},
                                                mapping_options options = {}) noexcept;
  /// A file without a name in the file system of `dir` (file_handle::unnamed), mapped.
  static result<mapped_file_handle> mapped_temp_inode(const path_handle& dir,
                                                      mapping_options options = {}) noexcept;

  mapped_file_handle(mapped_file_handle&& other) noexcept
      : file_handle(std::move(other)),
        map_(std::move(other.map_)),
        length_(other.length_.exchange(0, std::memory_order_relaxed)),
        access_(other.access_) {}

  mapped_file_handle& operator=(mapped_file_handle&& other) noexcept {
    file_handle::operator=(static_cast<file_handle&&>(other)); // not yet what follows
    map_ = std::move(other.map_);
    length_.store(other.length_.exchange(0, std::memory_order_relaxed), std::memory_order_relaxed);
    access_ = other.access_;
    return *this;
  }

  ~mapped_file_handle() = default;

  /// Unmaps and closes, both whatever the other does, and reports the first failure.
  result<void> close() noexcept;

  /// ENOTSUP for only_at_end: what is stored goes where it is stored.
  result<void> set_append_only(appends how) noexcept;

  const map_handle& map() const noexcept { return map_; }

  std::byte* address() const noexcept { return map_.address(); }

  /// Known length in bytes, without a call of the kernel; size() asks it.
  std::uint64_t length() const noexcept { return length_.load(std::memory_order_relaxed); }

  /// Where `part` is in memory: fewer bytes where the known length ends before, none behind it.
  const_buffer read(extent part) const noexcept {
    const std::uint64_t end = length();
    const std::uint64_t from = std::min(part.offset, end);
    const std::uint64_t bytes = std::min(part.length, end - from);
    return {map_.address() + from, static_cast<std::size_t>(bytes)};
  }

  /// Copies from the map. Bytes read, as read() above. EFAULT where guarded and not there.
  result<std::size_t> read(buffer into, std::uint64_t offset) const noexcept {
    const const_buffer from = read(extent{offset, into.size()});
    AFIO_TRY(copy(from, into.data(), from));
    return from.size();
  }

  /// The same into several buffers, one after another. If not the first fails: what was read by
  /// then.
  result<std::size_t> read(std::span<const buffer> into, std::uint64_t offset) const noexcept;

  /// Copies into the map. What ends behind the known length is written as a file_handle does, which
  /// makes the file longer; then that length is known, and what else is in the file by then. Bytes
  /// written. EACCES where the file is not open for writing. Where guarded: what the kernel says
  /// when it writes there (ENOSPC, EIO); if somebody has cut the file, it is made longer again. If
  /// the map cannot follow (ENOMEM), all is written, and the known length is what it was.
  ///
  /// Of a cow map, what is written is the map's alone: behind the end EINVAL; EFAULT where guarded
  /// and not there.
  result<std::size_t> write(const_buffer from, std::uint64_t offset) noexcept {
    const std::uint64_t end = length();
    if (!writes() || offset > end || from.size() > end - offset) return write_out(from, offset);
    std::byte* const to = map_.address() + offset;
    const auto copied = copy({to, from.size()}, to, from);
    if (copied) return from.size();
    if (has(map_.flags(), map_flags::cow)) return copied.assume_error();
    return write_out(from, offset);
  }

  /// The same out of several buffers, not as one write: others may see some of it earlier.
  result<std::size_t> write(std::span<const const_buffer> from, std::uint64_t offset) noexcept;

  /// As file_handle::truncate; the map follows. EINVAL for a cow map; ENOMEM where it cannot
  /// follow. After a failure the lengths are what they were; but where it is to be durable and that
  /// alone fails, the file has its new length, and no more is known of it than it has.
  result<void> truncate(std::uint64_t bytes) noexcept;
  /// Learns how long the file is now. In bytes. ENOMEM where the map cannot follow: the known
  /// length is what it was.
  result<std::uint64_t> update_map() noexcept;
  /// Keeps at least so much address space. May move the map.
  result<void> reserve(std::uint64_t bytes) noexcept;

private:
  mapped_file_handle(file_handle file, map_handle map, std::uint64_t length,
                     mapped_access access) noexcept
      : file_handle(std::move(file)), map_(std::move(map)), length_(length), access_(access) {}

  bool writes() const noexcept { return has(map_.flags(), map_flags::write | map_flags::cow); }

  /// Copies `from` to `to`; `mapped` is the side that is the map's.
  result<void> copy(const_buffer mapped, std::byte* to, const_buffer from) const noexcept {
    const auto move = [&] { std::memmove(to, from.data(), from.size()); };
    if (access_ == mapped_access::guarded) return guarded(mapped, move);
    move();
    return success();
  }

  result<std::size_t> write_out(const_buffer from, std::uint64_t offset) noexcept;
  result<void> make_room(std::uint64_t length) noexcept;
  void has_grown_to(std::uint64_t length) noexcept;

  map_handle map_;
  std::atomic<std::uint64_t> length_ = 0;
  mapped_access access_ = mapped_access::unguarded;
};

} // namespace afio
