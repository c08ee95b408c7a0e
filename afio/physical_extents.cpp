#include "afio/physical_extents.hpp"

#include "afio/detail/syscalls.hpp"

#include <algorithm>
#include <cstddef>
#include <new>

#include <linux/fiemap.h>

namespace afio {

namespace {

constexpr std::uint32_t at_once = 64;

extent_flags flags_of(const ::fiemap_extent& e) noexcept {
  struct meaning {
    std::uint32_t bits;
    extent_flags flag;
  };

  constexpr meaning meanings[] = {
      {FIEMAP_EXTENT_LAST, extent_flags::last},
      {FIEMAP_EXTENT_SHARED, extent_flags::shared},
      {FIEMAP_EXTENT_UNWRITTEN, extent_flags::unwritten},
      {FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL, extent_flags::in_inode},
      {FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC, extent_flags::unplaced},
      {FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DATA_ENCRYPTED, extent_flags::encoded},
  };
  extent_flags flags = extent_flags::none;
  for (const meaning& m : meanings) {
    if ((e.fe_flags & m.bits) != 0) flags = flags | m.flag;
  }
  return flags;
}

physical_extent told(const ::fiemap_extent& e) noexcept {
  return {.where = {e.fe_logical, e.fe_length}, .physical = e.fe_physical, .flags = flags_of(e)};
}

} // namespace

result<std::span<physical_extent>> physical_extents(const file_handle& file, extent part,
                                                    std::span<physical_extent> into) noexcept {
  // A part may end anywhere: the file does so first.
  const std::uint64_t end = part.offset + std::min(part.length, ~part.offset);
  // The question, with room behind it for the answer: 3.6 KiB.
  alignas(::fiemap) std::byte room[sizeof(::fiemap) + at_once * sizeof(::fiemap_extent)];
  auto& request = *new (room)::fiemap;
  std::size_t filled = 0;
  std::uint64_t from = part.offset;
  while (filled < into.size() && from < end) {
    request = {};
    request.fm_start = from;
    request.fm_length = end - from;
    request.fm_extent_count =
        static_cast<std::uint32_t>(std::min<std::size_t>(at_once, into.size() - filled));
    AFIO_TRY(detail::sys::map_extents(file.native(), request));
    for (std::uint32_t i = 0; i < request.fm_mapped_extents; ++i) {
      into[filled++] = told(request.fm_extents[i]);
    }
    if (request.fm_mapped_extents < request.fm_extent_count) break;
    if (has(into[filled - 1].flags, extent_flags::last)) break;
    from = into[filled - 1].where.end();
  }
  return into.first(filled);
}

} // namespace afio
