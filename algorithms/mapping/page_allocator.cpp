#include "algorithms/mapping/page_allocator.hpp"

#include "algorithms/mapping/marked_map.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>
#include <type_traits>
#include <vector>

namespace afio::algorithms {

/// As it is in the file. All of it zeros but for the magic is a file without pages.
struct page_allocator::header {
  std::uint64_t magic;
  /// The first page never given out; below the first of all it means that one.
  std::uint64_t fresh;
  std::uint64_t root;
  std::uint64_t slot[slots];
};

namespace {

constexpr std::uint64_t magic = 0x3167'7066'6f69'6661; // "afiofpg1"
constexpr std::uint64_t first_page = page_allocator::header_bytes / page_allocator::page_bytes;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 44;

/// A slot, and the link at the beginning of a free page: the place in the list's numbers (page n is
/// at n / 1,021) of the page that is next, plus one, so that 0 ends the list; and above it, in a
/// slot, how often it was changed, in a page, a sum to tell a link from anything else.
constexpr unsigned place_bits = 24;
constexpr std::uint64_t place_mask = (std::uint64_t{1} << place_bits) - 1;

std::uint64_t list_of(page_number page) noexcept {
  return static_cast<std::uint64_t>(page) % page_allocator::slots;
}

std::uint64_t place_of(page_number page) noexcept {
  return static_cast<std::uint64_t>(page) / page_allocator::slots + 1;
}

page_number page_at(std::uint64_t place, std::uint64_t list) noexcept {
  return static_cast<page_number>((place - 1) * page_allocator::slots + list);
}

/// Spreads all bits (a step of SplitMix64, https://prng.di.unimi.it/splitmix64.c).
std::uint64_t sum_of(std::uint64_t place, page_number page) noexcept {
  std::uint64_t bits = place << 32 | static_cast<std::uint64_t>(page);
  bits = (bits ^ bits >> 30) * 0xbf58'476d'1ce4'e5b9;
  bits = (bits ^ bits >> 27) * 0x94d0'49bb'1331'11eb;
  return (bits ^ bits >> 31) & ~place_mask;
}

std::uint64_t link_to(std::uint64_t place, page_number from) noexcept {
  return sum_of(place, from) | place;
}

/// The place that `link`, found in `page`, leads to; nothing where it is no link.
std::optional<std::uint64_t> followed(std::uint64_t link, page_number page) noexcept {
  const std::uint64_t place = link & place_mask;
  if (link != link_to(place, page)) return std::nullopt;
  return place;
}

/// The slot after a change: another first place, and a count that no one has seen with it for 2^40
/// changes.
std::uint64_t changed(std::uint64_t slot, std::uint64_t place) noexcept {
  return ((slot & ~place_mask) + (std::uint64_t{1} << place_bits)) | place;
}

/// One for each page, none of them set.
result<std::vector<bool>> bits(std::uint64_t count) noexcept try {
  return std::vector<bool>(count);

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

/// Where each thread begins to look: so that two do not meet, and what was given back last, and is
/// still in the processor's cache, goes out first.
thread_local std::uint64_t hint = page_allocator::slots;

std::uint64_t first_hint() noexcept {
  static std::atomic<std::uint64_t> threads = 0;
  return threads.fetch_add(1, std::memory_order_relaxed) * 97 % page_allocator::slots;
}

} // namespace

page_allocator::header& page_allocator::head() const noexcept {
  static_assert(sizeof(header) == header_bytes && std::is_trivial_v<header>);
  return *std::launder(reinterpret_cast<header*>(map_.address()));
}

/// Lists that follow each other are in different lines of the processor's cache, since pages that
/// are used by two threads at once often do.
std::atomic_ref<std::uint64_t> page_allocator::slot_of(std::uint64_t list) const noexcept {
  return std::atomic_ref(head().slot[list * 8 % slots]);
}

std::atomic_ref<std::uint64_t> page_allocator::link_of(page_number page) const noexcept {
  return std::atomic_ref(*std::launder(reinterpret_cast<std::uint64_t*>((*this)[page].data())));
}

/// What a page begins with, that may be somebody's by now: then it is of no use, and known by the
/// slot, which has changed. The thread sanitizer would see a race with what they store.
#if defined(__GNUC__)
__attribute__((no_sanitize("thread")))
#endif
std::uint64_t
page_allocator::peek(page_number page) const noexcept {
  return __atomic_load_n(reinterpret_cast<const std::uint64_t*>((*this)[page].data()),
                         __ATOMIC_RELAXED);
}

std::atomic_ref<std::uint64_t> page_allocator::root() const noexcept {
  return std::atomic_ref(head().root);
}

result<page_allocator> page_allocator::open(file_handle file, std::uint64_t reservation) noexcept {
  if (reservation < header_bytes || reservation > most_bytes) return error(EINVAL, call::mmap);
  std::unique_ptr<growth> shared(new (std::nothrow) growth);
  if (!shared) return error(ENOMEM, call::none);
  // Ends before the file is closed, whatever happens: so nothing is made of it but what is
  // returned.
  AFIO_TRY(const auto lock, file.lock_file(lock_kind::exclusive));
  AFIO_TRY(auto marked, mapping_detail::map_marked(file, {magic, header_bytes}, reservation));
  shared->end.store(marked.size / page_bytes, std::memory_order_relaxed);
  return page_allocator(std::move(file), std::move(marked.map), std::move(shared));
}

/// The first page of the list; none where it has none.
result<page_number> page_allocator::take_from(std::uint64_t list) noexcept {
  const auto slot = slot_of(list);
  std::uint64_t now = slot.load(std::memory_order_acquire);
  for (;;) {
    const std::uint64_t place = now & place_mask;
    if (place == 0) return page_number::none;
    const page_number page = page_at(place, list);
    AFIO_TRY(const bool is_there, has(page));
    if (!is_there) return error(EBADMSG, call::verify);
    // If somebody takes the page just now, this is whatever they store there, and the slot has
    // changed.
    const auto next = followed(peek(page), page);
    if (!next) {
      const std::uint64_t seen = now;
      if ((now = slot.load(std::memory_order_acquire)) != seen) continue;
      return error(EBADMSG, call::verify);
    }
    if (slot.compare_exchange_weak(now, changed(now, *next), std::memory_order_acq_rel,
                                   std::memory_order_acquire))
      return page;
  }
}

/// One of those that have never been given out; none where the file has no more of them.
page_number page_allocator::take_fresh() noexcept {
  const std::atomic_ref fresh(head().fresh);
  std::uint64_t now = fresh.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t next = std::max(now, first_page);
    if (next >= growth_->end.load(std::memory_order_acquire)) return page_number::none;
    if (fresh.compare_exchange_weak(now, next + 1, std::memory_order_relaxed))
      return static_cast<page_number>(next);
  }
}

result<page_number> page_allocator::allocate() noexcept {
  if (hint == slots) hint = first_hint();
  AFIO_TRY(const page_number near, take_from(hint));
  if (near != page_number::none) return near;
  for (;;) {
    if (const page_number page = take_fresh(); page != page_number::none) return page;
    for (std::uint64_t i = 1; i < slots; ++i) {
      const std::uint64_t list = (hint + i) % slots;
      AFIO_TRY(const page_number page, take_from(list));
      if (page == page_number::none) continue;
      hint = list;
      return page;
    }
    AFIO_TRY(grow());
  }
}

result<void> page_allocator::free(page_number page) noexcept {
  AFIO_TRY(const bool is_there, has(page));
  if (!is_there) return error(EINVAL, call::verify);
  const std::uint64_t list = list_of(page);
  const auto slot = slot_of(list);
  const auto link = link_of(page);
  std::uint64_t now = slot.load(std::memory_order_relaxed);
  do {
    link.store(link_to(now & place_mask, page), std::memory_order_relaxed);
  } while (!slot.compare_exchange_weak(now, changed(now, place_of(page)), std::memory_order_release,
                                       std::memory_order_relaxed));
  hint = list;
  return success();
}

/// Whether the file has that page. Another process may have made it longer meanwhile.
result<bool> page_allocator::has(page_number page) noexcept {
  const auto number = static_cast<std::uint64_t>(page);
  if (number < first_page) return false;
  if (number < growth_->end.load(std::memory_order_acquire)) return true;
  AFIO_TRY(const std::uint64_t end, learn());
  return number < end;
}

/// How far the file goes now, in pages.
result<std::uint64_t> page_allocator::learn() noexcept {
  AFIO_TRY(const std::uint64_t size, file_.size());
  if (size > map_.reservation()) return error(ENOMEM, call::mmap);
  // Nobody makes it shorter: so the order in which threads come here does not matter much.
  growth_->end.store(size / page_bytes, std::memory_order_release);
  return size / page_bytes;
}

/// Makes the file longer, unless another handle has.
result<void> page_allocator::grow() noexcept {
  const std::lock_guard own(growth_->one);
  AFIO_TRY(const auto lock, file_.lock_file(lock_kind::exclusive));
  const std::uint64_t known = growth_->end.load(std::memory_order_relaxed);
  AFIO_TRY(const std::uint64_t end, learn());
  // However far it grew, that would not be reached.
  if (std::atomic_ref(head().fresh).load(std::memory_order_relaxed) > end)
    return error(EBADMSG, call::verify);
  if (end > known) return success();
  const extent more{end * page_bytes, slots * page_bytes};
  if (more.end() > map_.reservation()) return error(ENOMEM, call::mmap);
  AFIO_TRY(file_.zero(more));
  AFIO_TRY(learn());
  return success();
}

result<page_census> page_allocator::census() noexcept {
  AFIO_TRY(const std::uint64_t end, learn());
  AFIO_TRY(auto seen, bits(end));
  const std::uint64_t fresh =
      std::max(std::atomic_ref(head().fresh).load(std::memory_order_relaxed), first_page);
  if (fresh > end) return error(EBADMSG, call::verify);
  page_census found{.pages = end - first_page, .free = end - fresh};
  for (std::uint64_t list = 0; list < slots; ++list) {
    std::uint64_t place = slot_of(list).load(std::memory_order_relaxed) & place_mask;
    while (place != 0) {
      const page_number page = page_at(place, list);
      const auto number = static_cast<std::uint64_t>(page);
      if (number < first_page || number >= fresh || seen[number])
        return error(EBADMSG, call::verify);
      seen[number] = true;
      ++found.free;
      const auto next = followed(peek(page), page);
      if (!next) return error(EBADMSG, call::verify);
      place = *next;
    }
  }
  return found;
}

result<void> page_allocator::rebuild(std::span<const page_number> used) noexcept {
  AFIO_TRY(const std::uint64_t end, learn());
  AFIO_TRY(auto keeps, bits(end));
  for (const page_number page : used) {
    const auto number = static_cast<std::uint64_t>(page);
    if (number < first_page || number >= end) return error(EINVAL, call::verify);
    keeps[number] = true;
  }
  for (std::uint64_t list = 0; list < slots; ++list) {
    const auto slot = slot_of(list);
    slot.store(changed(slot.load(std::memory_order_relaxed), 0), std::memory_order_relaxed);
  }
  std::uint64_t fresh = end;
  while (fresh > first_page && !keeps[fresh - 1]) --fresh;
  std::atomic_ref(head().fresh).store(fresh, std::memory_order_relaxed);
  for (std::uint64_t number = first_page; number < fresh; ++number) {
    if (!keeps[number]) {
      AFIO_TRY(free(static_cast<page_number>(number)));
    }
  }
  return success();
}

result<void> page_allocator::barrier() noexcept { return file_.barrier(barrier_kind::data); }

} // namespace afio::algorithms
