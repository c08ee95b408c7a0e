#include "afio/map_handle.hpp"

#include "afio/detail/cache_lines.hpp"
#include "afio/detail/syscalls.hpp"
#include "afio/memory_usage.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include <sys/mman.h>

#ifndef MADV_POPULATE_READ // Linux 5.14
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

namespace afio {

namespace sys = detail::sys;

namespace {

/// More than any address space; rounding up to a page cannot overflow.
constexpr std::uint64_t most = std::uint64_t{1} << 62;

std::uint64_t rounded_up(std::uint64_t bytes, std::uint64_t page) noexcept {
  return (bytes + page - 1) / page * page;
}

int commitment_of(map_flags flags) noexcept {
  return has(flags, map_flags::nocommit) ? MAP_NORESERVE : 0;
}

/// How mmap is told what a map of a section is to be.
int flags_of(map_flags flags) noexcept {
  const int kind = has(flags, map_flags::cow)            ? MAP_PRIVATE
                   : has(flags, map_flags::non_volatile) ? MAP_SHARED_VALIDATE | MAP_SYNC
                                                         : MAP_SHARED;
  return kind | commitment_of(flags);
}

/// How mmap is told of pages of that size.
int flags_of_page(std::uint64_t page) noexcept {
  if (page == afio::page_size()) return 0;
  return MAP_HUGETLB | std::countr_zero(page) << MAP_HUGE_SHIFT;
}

int protection_of(map_flags flags) noexcept {
  int protection = PROT_NONE;
  if (has(flags, map_flags::read | map_flags::write | map_flags::cow)) protection |= PROT_READ;
  if (has(flags, map_flags::write | map_flags::cow)) protection |= PROT_WRITE;
  if (has(flags, map_flags::execute)) protection |= PROT_EXEC;
  return protection;
}

buffer part_of(buffer pages, std::uint64_t from, std::uint64_t to) noexcept {
  return pages.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
}

result<void> populate(buffer pages, map_flags flags) noexcept {
  if (pages.empty()) return success();
  const bool writes = has(flags, map_flags::write | map_flags::cow);
  return sys::advise(pages, writes ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

} // namespace

std::uint64_t map_handle::up(std::uint64_t bytes) const noexcept {
  return rounded_up(bytes, page_);
}

std::uint64_t map_handle::down(std::uint64_t bytes) const noexcept { return bytes / page_ * page_; }

result<map_handle> map_handle::map(const section_handle& section, map_options options) noexcept {
  options.page_size = afio::page_size();
  std::uint64_t length = options.part.length;
  if (length == 0) {
    AFIO_TRY(const std::uint64_t there, section.length());
    length = there - std::min(there, options.part.offset);
  }
  const std::uint64_t reserved = std::max(length, options.reservation);
  if (reserved == 0 || reserved > most || options.part.offset > most)
    return error(EINVAL, call::mmap);
  const bool copies = has(options.flags, map_flags::cow);
  if (copies && has(options.flags, map_flags::non_volatile)) return error(EINVAL, call::mmap);
  AFIO_TRY(const buffer pages,
           sys::map(section.native(), static_cast<off_t>(options.part.offset),
                    static_cast<std::size_t>(rounded_up(reserved, afio::page_size())),
                    protection_of(options.flags), flags_of(options.flags)));
  map_handle made(pages, length, options, copies ? backing::copy_of_section : backing::section);
  if (has(options.flags, map_flags::prefault)) {
    AFIO_TRY(made.prefault({0, length}));
  }
  return made;
}

result<map_handle> map_handle::map(std::uint64_t bytes, map_options options) noexcept {
  const std::uint64_t reserved = std::max(bytes, options.reservation);
  if (bytes == 0 || reserved > most) return error(EINVAL, call::mmap);
  options.part = {};
  if (options.page_size == 0) options.page_size = afio::page_size();
  if (!std::has_single_bit(options.page_size) || options.page_size < afio::page_size())
    return error(EINVAL, call::mmap);
  const std::uint64_t whole = rounded_up(reserved, options.page_size);
  const std::uint64_t used = rounded_up(bytes, options.page_size);
  const bool spare = whole > used; // The kernel counts no memory for what cannot be touched.
  AFIO_TRY(const buffer pages, sys::map(detail::descriptor(), 0, static_cast<std::size_t>(whole),
                                        spare ? PROT_NONE : protection_of(options.flags),
                                        MAP_PRIVATE | MAP_ANONYMOUS | commitment_of(options.flags) |
                                            flags_of_page(options.page_size)));
  map_handle made(pages, bytes, options, backing::memory);
  if (spare) {
    AFIO_TRY(sys::protect(part_of(pages, 0, used), protection_of(options.flags)));
  }
  if (has(options.flags, map_flags::prefault)) {
    AFIO_TRY(made.prefault({0, bytes}));
  }
  return made;
}

result<map_handle> map_handle::reserve(std::uint64_t bytes) noexcept {
  if (bytes == 0 || bytes > most) return error(EINVAL, call::mmap);
  const map_options options{.flags = map_flags::none, .page_size = afio::page_size()};
  AFIO_TRY(const buffer pages,
           sys::map(detail::descriptor(), 0,
                    static_cast<std::size_t>(rounded_up(bytes, afio::page_size())), PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS));
  return map_handle(pages, bytes, options, backing::address_space);
}

map_handle::~map_handle() { (void)close(); }

result<void> map_handle::close() noexcept {
  if (!is_open()) return success();
  auto stored = settle();
  sys::unmap(std::exchange(pages_, {}));
  length_ = 0;
  return stored;
}

result<void> map_handle::settle() const noexcept {
  if (!has(flags_, map_flags::barrier_on_close)) return success();
  return barrier(barrier_kind::data);
}

/// The pages that have any byte of `part`.
result<buffer> map_handle::touched_by(extent part, call about) const noexcept {
  if (part.offset > pages_.size() || part.length > pages_.size() - part.offset)
    return error(EINVAL, about);
  if (part.length == 0) return buffer();
  return part_of(pages_, down(part.offset), up(part.end()));
}

/// The pages all of whose bytes are of `part`.
result<buffer> map_handle::within(extent part, call about) const noexcept {
  AFIO_TRY(const buffer touched, touched_by(part, about));
  if (touched.empty()) return buffer();
  const std::uint64_t from = up(part.offset);
  const std::uint64_t to = down(part.end());
  return from < to ? part_of(pages_, from, to) : buffer();
}

result<void> map_handle::truncate(std::uint64_t bytes, placement where) noexcept {
  if (bytes == 0 || bytes > most || !is_open()) return error(EINVAL, call::mremap);
  AFIO_TRY(bytes <= pages_.size() ? resize_within(bytes) : resize_beyond(bytes, where));
  const std::uint64_t before = std::exchange(length_, bytes);
  if (bytes > before && has(flags_, map_flags::prefault)) return prefault({before, bytes - before});
  return success();
}

result<void> map_handle::resize_within(std::uint64_t bytes) noexcept {
  // A section's pages are mapped as far as the reservation goes: only the count changes.
  if (backing_ != backing::memory) return success();
  const std::uint64_t now = up(length_);
  const std::uint64_t then = up(bytes);
  if (then > now) return sys::protect(part_of(pages_, now, then), protection_of(flags_));
  if (then < now) {
    AFIO_TRY(drop(part_of(pages_, then, now)));
  }
  // What grows again later reads as zeros, to the byte.
  if (bytes < length_ && has(flags_, map_flags::write | map_flags::cow))
    std::memset(pages_.data() + bytes, 0, std::min(then, length_) - bytes);
  return success();
}

result<void> map_handle::resize_beyond(std::uint64_t bytes, placement where) noexcept {
  const int flags = where == placement::anywhere ? MREMAP_MAYMOVE : 0;
  // The kernel makes nothing longer that consists of two kinds of page.
  const buffer spare =
      backing_ == backing::memory ? part_of(pages_, up(length_), pages_.size()) : buffer();
  if (!spare.empty()) {
    AFIO_TRY(sys::protect(spare, protection_of(flags_)));
  }
  auto grown = sys::remap(pages_, static_cast<std::size_t>(up(bytes)), flags);
  if (!grown) {
    // As it was; if that fails, too, there is more memory to touch than was promised.
    if (!spare.empty()) (void)sys::protect(spare, PROT_NONE);
    return grown.assume_error();
  }
  pages_ = grown.assume_value();
  return success();
}

result<void> map_handle::commit(extent part, map_flags flags) noexcept {
  AFIO_TRY(const buffer pages, touched_by(part, call::mprotect));
  const bool copies = has(flags, map_flags::cow);
  const bool shares = has(flags, map_flags::write) && !copies;
  // mprotect would allow it, and the stores go where they always went.
  if ((copies && backing_ == backing::section) || (shares && backing_ == backing::copy_of_section))
    return error(EINVAL, call::mprotect);
  if (pages.empty()) return success();
  AFIO_TRY(sys::protect(pages, protection_of(flags)));
  if (has(flags, map_flags::prefault)) return populate(pages, flags);
  return success();
}

result<void> map_handle::commit(extent part, const section_handle& section, std::uint64_t from,
                                map_flags flags) noexcept {
  AFIO_TRY(const buffer pages, touched_by(part, call::mmap));
  if (backing_ != backing::address_space || part.offset % page_ != 0 || from % page_ != 0 ||
      from > most)
    return error(EINVAL, call::mmap);
  if (pages.empty()) return success();
  AFIO_TRY(sys::map_over(pages, section.native(), static_cast<off_t>(from), protection_of(flags),
                         flags_of(flags)));
  if (has(flags, map_flags::prefault)) return populate(pages, flags);
  return success();
}

result<void> map_handle::decommit(extent part) noexcept {
  AFIO_TRY(const buffer pages, within(part, call::mprotect));
  if (pages.empty()) return success();
  const bool of_section = backing_ == backing::section || backing_ == backing::copy_of_section;
  // New address space has no memory set aside; but large pages are counted for that, too.
  if (of_section || page_ != afio::page_size()) return drop(pages);
  return sys::map_over(pages, PROT_NONE, commitment_of(flags_));
}

/// What was in these pages goes, and touching them is SIGSEGV. They stay one mapping with the
/// others, to the kernel, as soon as they may be touched like them: so that it can grow.
result<void> map_handle::drop(buffer pages) const noexcept {
  AFIO_TRY(sys::protect(pages, PROT_NONE));
  auto gone = sys::advise(pages, MADV_DONTNEED);
  if (!gone) (void)sys::protect(pages, protection_of(flags_));
  return gone;
}

result<void> map_handle::zero_memory(extent part) noexcept {
  AFIO_TRY(const buffer whole, within(part, call::madvise));
  if (part.length == 0) return success();
  if (backing_ != backing::address_space && !has(flags_, map_flags::write | map_flags::cow))
    return error(EACCES, call::madvise);
  const buffer bytes = part_of(pages_, part.offset, part.end());
  AFIO_TRY(const bool given_back, give_back(whole));
  if (!given_back) {
    std::memset(bytes.data(), 0, bytes.size());
    return success();
  }
  const auto before = static_cast<std::size_t>(whole.data() - bytes.data());
  const std::size_t behind = before + whole.size();
  std::memset(bytes.data(), 0, before);
  std::memset(bytes.data() + behind, 0, bytes.size() - behind);
  return success();
}

/// Whether these pages read as zeros now, without having been written. Those that a section was put
/// over would read as that again.
result<bool> map_handle::give_back(buffer pages) const noexcept {
  const bool is_known = backing_ == backing::memory || backing_ == backing::section;
  if (pages.empty() || !is_known) return false;
  const auto gone = sys::advise(pages, backing_ == backing::section ? MADV_REMOVE : MADV_DONTNEED);
  if (gone) return true;
  const error& why = gone.assume_error();
  // The file system has no holes, or the process has locked its memory.
  if (why == std::errc::operation_not_supported || why == std::errc::invalid_argument) return false;
  return why;
}

result<void> map_handle::do_not_store(extent part) noexcept {
  AFIO_TRY(const buffer pages, within(part, call::madvise));
  if (backing_ == backing::section || backing_ == backing::copy_of_section ||
      page_ != afio::page_size())
    return error(EOPNOTSUPP, call::madvise);
  if (pages.empty()) return success();
  return sys::advise(pages, MADV_FREE);
}

result<void> map_handle::prefetch(extent part) const noexcept {
  AFIO_TRY(const buffer pages, touched_by(part, call::madvise));
  if (pages.empty()) return success();
  return sys::advise(pages, MADV_WILLNEED);
}

result<void> map_handle::prefault(extent part) const noexcept {
  AFIO_TRY(const buffer pages, touched_by(part, call::madvise));
  return populate(pages, flags_);
}

result<void> map_handle::advise(extent part, access_pattern pattern) const noexcept {
  AFIO_TRY(const buffer pages, touched_by(part, call::madvise));
  if (pages.empty()) return success();
  constexpr int advice[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_HUGEPAGE};
  return sys::advise(pages, advice[static_cast<std::size_t>(pattern)]);
}

result<void> map_handle::barrier(barrier_kind kind, extent part) const noexcept {
  if (kind == barrier_kind::all) return error(EOPNOTSUPP, call::msync);
  // All: who stored behind length(), where a section has grown, means that, too.
  if (part == extent{})
    part.length = has(flags_, map_flags::non_volatile) ? length_ : pages_.size();
  AFIO_TRY(const buffer pages, touched_by(part, call::msync));
  if (pages.empty()) return success();
  if (has(flags_, map_flags::non_volatile)) {
    if (kind == barrier_kind::data) detail::write_back_cache(pages);
    return success();
  }
  return sys::sync_mapped(pages, kind == barrier_kind::start ? MS_ASYNC : MS_SYNC);
}

} // namespace afio
