// Pages of one file, given out and taken back by several threads and processes at once.
#pragma once

#include "afio/file_handle.hpp"
#include "afio/map_handle.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

namespace afio::algorithms {

/// Where a page is in its file, in units of 4,096 bytes.
enum class page_number : std::uint32_t {
  none = 0, ///< The header is there: so no page that is given out has this number.
};

/// What is in a file of pages.
struct page_census {
  std::uint64_t pages = 0; ///< Without the header.
  std::uint64_t free = 0;  ///< Of these: given back, or never given out.

  friend bool operator==(const page_census&, const page_census&) noexcept = default;
};

/// The floor that trees in files stand on: pages of 4,096 bytes in one file, which it makes longer
/// as more are needed, up to 16 TiB. All handles of the file, in one process or many, share what is
/// free; none waits for another, but for a moment when the file grows.
///
/// The file, after the original notes of AFIO v2: a header of 8,192 bytes, which are magic, the
/// next page never given out, a word for who uses the file, and 1,021 **slots**, a list of free
/// pages each; then the pages. Page n is in the list of slot n modulo 1,021, and a free page begins
/// with the number of the next one. A slot is a word of 24 bits for the first page's place and 40
/// that count: a compare and swap on it takes a page or gives one back, and fails if anybody else
/// did either meanwhile. When no slot has a page, 1,021 are appended at once, with their blocks on
/// the disk, so that a full disk is an error of allocate() and no signal later. (But on a file
/// system that never writes in place, as btrfs, any store may need room: see guarded.hpp.) Numbers
/// are as the processor has them.
///
/// **After a kill** of any of the processes at any moment the file is whole, and whoever else has
/// it open goes on. A page that the killed one had, or was taking or giving back just then, is in
/// use for ever, unless rebuild() is told that it is not.
/// **After a power cut** that is so only if barrier() was called behind the last change; else the
/// lists may be of different moments: call rebuild() before anything else.
///
/// Move-only. Calls may be made by several threads at once, but for open, rebuild and destruction.
/// No allocation but in open() and for failures.
class page_allocator {
public:
  static constexpr std::uint64_t page_bytes = 4096;
  static constexpr std::uint64_t slots = 1021;
  static constexpr std::uint64_t header_bytes = 2 * page_bytes;

  /// Takes `file`, open with mode::write. One that is empty gets a header. All pages are mapped at
  /// once at addresses that stay: as far as `reservation`, in bytes, which is as long as the file
  /// can become with this handle. EBADMSG for what has no header of this kind; EINVAL
  /// for less than a file's length, or more than 16 TiB; else as map_handle::map.
  static result<page_allocator> open(file_handle file,
                                     std::uint64_t reservation = std::uint64_t{1} << 40) noexcept;

  /// A page that nobody has. What is in it is not defined. ENOSPC, EDQUOT, EIO, EFBIG where the
  /// file cannot grow; ENOMEM beyond the reservation. EBADMSG where a list is damaged:
  /// no page of that list is given out any more; and where no list has one, and more of the file's
  /// pages were given out than it has: it does not grow then.
  result<page_number> allocate() noexcept;
  /// Gives back a page that allocate() gave, of any handle of the file, and that nobody uses any
  /// more. The file does not get shorter. EINVAL for what is no page of the file.
  result<void> free(page_number page) noexcept;

  /// The page's 4,096 bytes, at the same address as long as this is open.
  std::span<std::byte, page_bytes> operator[](page_number page) const noexcept {
    return std::span<std::byte, page_bytes>(
        map_.address() + static_cast<std::uint64_t>(page) * page_bytes, page_bytes);
  }

  /// A word in the header for who uses the file: where a tree's root is. 0 at first.
  std::atomic_ref<std::uint64_t> root() const noexcept;

  /// Goes through all lists, and proves that they are whole: EBADMSG where a page is in
  /// two, or none is. Only while nobody else changes anything. Allocates a bit a page (ENOMEM).
  result<page_census> census() noexcept;
  /// All pages are free then, but those in `used`. Only while nobody else has the file open. EINVAL
  /// for what is no page of the file, and nothing is done.
  result<void> rebuild(std::span<const page_number> used) noexcept;

  /// What was stored into pages, and the lists as they are, is durable on return. EIO and others as
  /// for io_handle::barrier.
  result<void> barrier() noexcept;

private:
  struct header;

  /// What several threads of a process that grow the file need. It is not moved.
  struct growth {
    std::mutex one;
    std::atomic<std::uint64_t> end; ///< The file has pages as far as this number.
  };

  page_allocator(file_handle file, map_handle map, std::unique_ptr<growth> shared) noexcept
      : file_(std::move(file)), map_(std::move(map)), growth_(std::move(shared)) {}

  header& head() const noexcept;
  std::atomic_ref<std::uint64_t> slot_of(std::uint64_t list) const noexcept;
  std::atomic_ref<std::uint64_t> link_of(page_number page) const noexcept;
  result<page_number> take_from(std::uint64_t list) noexcept;
  page_number take_fresh() noexcept;
  std::uint64_t peek(page_number page) const noexcept;
  result<bool> has(page_number page) noexcept;
  result<std::uint64_t> learn() noexcept;
  result<void> grow() noexcept;

  file_handle file_;
  map_handle map_;
  std::unique_ptr<growth> growth_;
};

} // namespace afio::algorithms
