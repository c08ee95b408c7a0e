#include "afio/page_map.hpp"

#include "afio/detail/syscalls.hpp"
#include "afio/memory_usage.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>

namespace afio {

namespace sys = detail::sys;

namespace {

/// Runs as they are found, joined where one begins at the end of another.
class runs {
public:
  explicit runs(std::span<extent> into) noexcept : into_(into) {}

  /// False where there is no room for it.
  bool add(extent run) noexcept {
    if (count_ > 0 && into_[count_ - 1].end() == run.offset) {
      into_[count_ - 1].length += run.length;
      return true;
    }
    if (count_ == into_.size()) return false;
    into_[count_++] = run;
    return true;
  }

  std::span<extent> all() const noexcept { return into_.first(count_); }

private:
  std::span<extent> into_;
  std::size_t count_ = 0;
};

/// Of the kernel's words about pages (<linux/fs.h> of Linux 6.7).
enum page_is : std::uint64_t { of_file = 1 << 2, present = 1 << 3, swapped = 1 << 4 };

/// Asks the kernel for runs at once.
result<void> scan(const detail::descriptor& own, std::uint64_t address, std::uint64_t base,
                  std::uint64_t end, runs& found) noexcept {
  std::array<sys::page_region, 256> regions;
  while (address < end) {
    sys::page_scan request{};
    request.start = address;
    request.end = end;
    request.vec = std::bit_cast<std::uintptr_t>(regions.data());
    request.vec_len = regions.size();
    request.category_inverted = page_is::of_file;
    request.category_mask = page_is::of_file;
    request.category_anyof_mask = page_is::present | page_is::swapped;
    request.return_mask = page_is::of_file; // The same of all: so neighbours are one region.
    AFIO_TRY(const std::size_t count, sys::scan_pages(own, request));
    for (const sys::page_region& region : std::span(regions).first(count)) {
      if (!found.add({region.start - base, region.end - region.start})) return success();
    }
    address = request.walk_end;
  }
  return success();
}

/// The same from eight bytes a page.
result<void> read(const detail::descriptor& own, std::uint64_t address, std::uint64_t base,
                  std::uint64_t end, runs& found) noexcept {
  constexpr std::uint64_t is_present = std::uint64_t{1} << 63;
  constexpr std::uint64_t is_swapped = std::uint64_t{1} << 62;
  constexpr std::uint64_t is_of_file = std::uint64_t{1} << 61;
  const std::uint64_t page = page_size();
  std::array<std::uint64_t, 512> words;
  while (address < end) {
    const std::uint64_t count = std::min<std::uint64_t>(words.size(), (end - address) / page);
    const iovec into{words.data(), count * sizeof(std::uint64_t)};
    AFIO_TRY(const std::size_t bytes,
             sys::read(own, {&into, 1}, static_cast<off_t>(address / page * sizeof(words[0]))));
    if (bytes == 0) return error(EIO, call::preadv, "/proc/self/pagemap");
    for (std::size_t i = 0; i < bytes / sizeof(words[0]); ++i, address += page) {
      const bool copied =
          (words[i] & (is_present | is_swapped)) != 0 && (words[i] & is_of_file) == 0;
      if (copied && !found.add({address - base, page})) return success();
    }
  }
  return success();
}

} // namespace

result<page_map> page_map::open() noexcept {
  AFIO_TRY(auto own, sys::open_own("pagemap"));
  return page_map(std::move(own));
}

result<std::span<extent>> page_map::copied(const map_handle& map, extent part,
                                           std::span<extent> into) const noexcept {
  const std::uint64_t page = page_size();
  const bool may_copy = map.flags() == map_flags::none || has(map.flags(), map_flags::cow);
  if (!map.is_open() || !may_copy || part.offset > map.reservation() ||
      part.length > map.reservation() - part.offset)
    return error(EINVAL, call::verify);
  if (part.length == 0 || into.empty()) return into.first(0);
  const auto base = std::bit_cast<std::uintptr_t>(map.address());
  const std::uint64_t from = base + part.offset / page * page;
  const std::uint64_t to = base + (part.end() + page - 1) / page * page;
  runs found(into);
  auto done = scan(file_, from, base, to, found);
  if (!done && done.assume_error().native() == ENOTTY) {
    found = runs(into);
    done = read(file_, from, base, to, found);
  }
  if (!done) return done.assume_error();
  return found.all();
}

} // namespace afio
