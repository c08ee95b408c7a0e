// A piece of the address space: memory of its own, or a section's.
#pragma once

#include "afio/map_flags.hpp"
#include "afio/section_handle.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace afio {

/// Named at the call: `{.flags = map_flags::read, .reservation = 1 << 30}`.
struct map_options {
  /// Of the section. Its offset is a multiple of afio::page_size(). A length of 0 is as far as the
  /// section goes now.
  extent part = {};
  map_flags flags = map_flags::read | map_flags::write;
  /// Bytes of address space to keep for truncate() to grow into, counted from the beginning of the
  /// map. Costs nothing but addresses, of which a process has 128 TiB; of large pages, as much as
  /// if it were all used.
  std::uint64_t reservation = 0;
  /// Of memory of its own: the machine's page, or a larger one of which it has set some aside
  /// (page_sizes(); ENOMEM where it has too few, EINVAL for other sizes). 0 is the machine's page.
  /// access_pattern::large_pages needs nothing set aside.
  std::uint64_t page_size = 0;
};

/// How a map will be used, for the kernel to read ahead or not.
enum class access_pattern : std::uint8_t {
  normal, ///< Reads some pages around each one that is missing.
  random, ///< Reads nothing but that page.
  sequential,
  /// Memory may come in pieces of 2 MiB instead of 4 KiB where it is free: fewer page faults, and
  /// more of it taken than is touched. Only for memory of its own, and tmpfs. EINVAL where the
  /// kernel has none.
  large_pages,
};

/// Whether a map that cannot grow where it is may be moved elsewhere.
enum class placement : std::uint8_t { in_place, anywhere };

/// Move-only; the pages go with it. Addresses stay the same until truncate() with
/// placement::anywhere, close, or destruction. Holds nothing of the section that it was made from,
/// which may be closed before.
///
/// **Parts** are offsets from the beginning of the map, in bytes, and must be within the
/// reservation (EINVAL). Where a call works on whole pages, it says which.
///
/// **At the end of a section**: the last page reads as zeros behind the end, and what is stored
/// there is lost. Pages behind it are SIGBUS to touch until the section has grown so far; then they
/// are there, without another call. Whoever cuts the section takes pages away in the same manner.
/// Where a file has holes, storing into one can be SIGBUS, too: if the disk is full. (On a full
/// tmpfs, even reading it.) To get an error instead, see guarded.hpp.
///
/// **Threads**: the memory is everyone's, as any memory is. Calls may be made at once by several
/// threads, but for truncate, close, and moving the handle.
///
/// Where the process has locked its memory (mlockall), what would give pages back is EINVAL.
/// Nothing here allocates unless it fails.
class map_handle {
public:
  map_handle() noexcept = default;

  /// Maps a part of `section`. EACCES for what its file is not open for (EBADF for mode::none);
  /// EINVAL for an empty part without a reservation, or an offset that is no multiple of the page;
  /// ENOMEM where no address space is left, or the machine sets no more memory aside; ENODEV where
  /// the file system maps nothing. With prefault, EFAULT where the section ends before the part.
  static result<map_handle> map(const section_handle& section, map_options options = {}) noexcept;
  /// `bytes` of memory of its own, full of zeros. `part` is not used. EINVAL for no bytes.
  static result<map_handle> map(std::uint64_t bytes, map_options options = {}) noexcept;
  /// Address space alone, for commit() to fill.
  static result<map_handle> reserve(std::uint64_t bytes) noexcept;

  map_handle(map_handle&& other) noexcept
      : pages_(std::exchange(other.pages_, {})),
        length_(std::exchange(other.length_, 0)),
        offset_(other.offset_),
        page_(other.page_),
        flags_(other.flags_),
        backing_(other.backing_) {}

  map_handle& operator=(map_handle&& other) noexcept {
    map_handle taken(std::move(other));
    std::swap(pages_, taken.pages_);
    std::swap(length_, taken.length_);
    std::swap(offset_, taken.offset_);
    std::swap(page_, taken.page_);
    std::swap(flags_, taken.flags_);
    std::swap(backing_, taken.backing_);
    return *this;
  }

  /// As close(), but nobody is left to hear of a failure.
  ~map_handle();

  bool is_open() const noexcept { return !pages_.empty(); }

  /// Unmaps, after a barrier with barrier_on_close, whose failure it reports. The map is closed
  /// whatever it returns.
  result<void> close() noexcept;

  std::byte* address() const noexcept { return pages_.data(); }

  /// Bytes asked for, by map() or truncate().
  std::uint64_t length() const noexcept { return length_; }

  /// Bytes of address space, in whole pages; never less than length().
  std::uint64_t reservation() const noexcept { return pages_.size(); }

  /// Where in the section it begins.
  std::uint64_t offset() const noexcept { return offset_; }

  map_flags flags() const noexcept { return flags_; }

  buffer bytes() const noexcept { return pages_.first(static_cast<std::size_t>(length_)); }

  /// What it is made of, in bytes.
  std::uint64_t page_size() const noexcept { return page_; }

  /// Grows or shrinks to `bytes`. Memory of its own grows by zeros, also where it had shrunk
  /// before; of a section, length() is all that changes within the reservation, and never the
  /// section. Within the reservation addresses stay. Beyond it: ENOMEM where something else is in
  /// the way and it may not move; EFAULT where parts were given other flags or advice than the
  /// rest; EINVAL for large pages. EINVAL for no bytes, or (some kernels: ENOMEM) more than there
  /// are addresses. After a failure all is as it was; but where prefault then fails, as prefault()
  /// does, it has its new length.
  ///
  /// Memory of its own that shrinks to a part of a page is written there, so that it can grow by
  /// zeros: the page that `bytes` ends in must not be decommitted, or committed with other flags
  /// than the map's (SIGSEGV).
  result<void> truncate(std::uint64_t bytes, placement where) noexcept;

  /// Gives all pages that touch `part` what `flags` says of them (read, write, cow, execute,
  /// prefault). ENOMEM, EACCES as for map(). Whether stores are a section's was settled when it was
  /// mapped: EINVAL for cow in a map without, and for write without cow in one with it. (Of what
  /// the other commit() put over a part, that is not known: there, say the same again.)
  result<void> commit(extent part, map_flags flags = map_flags::read | map_flags::write) noexcept;
  /// Of a map made by reserve(): puts `section`, from `from` on, in the place of the pages of
  /// `part`. EINVAL for another map, or where the beginning of either is no multiple of the page;
  /// else as map().
  result<void> commit(extent part, const section_handle& section, std::uint64_t from,
                      map_flags flags = map_flags::read | map_flags::write) noexcept;
  /// Takes back all pages that are wholly within `part`, until they are committed again: touching
  /// them is SIGSEGV. Memory of its own, and what a cow map has of its own, is then gone. After a
  /// failure all is as it was.
  result<void> decommit(extent part) noexcept;
  /// Makes `part` read as zeros, giving whole pages back where that is possible: to the system, or
  /// as a hole of the file that a section is of, where it can have holes. All else of `part` is
  /// written: parts of pages, and in a map made by reserve() everything; so it must not be
  /// decommitted, or committed only to be read (SIGSEGV). EACCES for a map that is not to be
  /// written.
  result<void> zero_memory(extent part) noexcept;
  /// Says that what is in the pages wholly within `part` is of no use any more: the kernel may drop
  /// it before a next store into each, so until then they read as they did, or as zeros. Only for
  /// memory of its own; of a section, and of large pages, EOPNOTSUPP.
  result<void> do_not_store(extent part) noexcept;
  /// Starts to read the pages that touch `part`, and does not wait.
  result<void> prefetch(extent part) const noexcept;
  /// Returns when all pages that touch `part` are in memory, ready to be written to if the map's
  /// flags say so. EFAULT where there is none (see above), also for a disk that is full or fails;
  /// EINVAL before Linux 5.14, and for what is not committed.
  result<void> prefault(extent part) const noexcept;
  /// For all pages that touch `part`.
  result<void> advise(extent part, access_pattern pattern) const noexcept;

  /// Of what was stored into `part`, {} meaning all: with barrier_kind::data it is
  /// durable on return, with what is needed to read it back, as io_handle::barrier says; start is
  /// started by the kernel in its own time, and returns. EOPNOTSUPP for all, which needs the file
  /// (io_handle::barrier). Nothing is durable that is a map's own.
  result<void> barrier(barrier_kind kind, extent part = {}) const noexcept;

private:
  enum class backing : std::uint8_t { address_space, memory, section, copy_of_section };

  map_handle(buffer pages, std::uint64_t length, const map_options& options, backing b) noexcept
      : pages_(pages),
        length_(length),
        offset_(options.part.offset),
        page_(options.page_size),
        flags_(options.flags),
        backing_(b) {}

  std::uint64_t up(std::uint64_t bytes) const noexcept;
  std::uint64_t down(std::uint64_t bytes) const noexcept;
  result<buffer> touched_by(extent part, call about) const noexcept;
  result<buffer> within(extent part, call about) const noexcept;
  result<void> settle() const noexcept;
  result<void> drop(buffer pages) const noexcept;
  result<bool> give_back(buffer pages) const noexcept;
  result<void> resize_within(std::uint64_t bytes) noexcept;
  result<void> resize_beyond(std::uint64_t bytes, placement where) noexcept;

  buffer pages_; ///< The whole reservation.
  std::uint64_t length_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t page_ = 0;
  map_flags flags_ = map_flags::none;
  backing backing_ = backing::address_space;
};

} // namespace afio
