#include "algorithms/walk/name_list.hpp"

#include "algorithms/walk/checked.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>

namespace afio::algorithms::walk_detail {

namespace {

/// More than this at a time would only be touched for nothing.
constexpr std::size_t most_at_once = 1 << 20;
/// Less spare room than this is not worth a call.
constexpr std::size_t worthwhile = 16 << 10;

constexpr std::size_t aligned(std::size_t size) noexcept { return (size + 7) & ~std::size_t{7}; }

// What an entry is kept as: inode, type, length, the name and a NUL.
constexpr std::size_t type_at = 8, length_at = 9, name_at = 10;

} // namespace

result<void> name_list::read(const directory_handle& dir) noexcept {
  for (;;) {
    AFIO_TRY(bytes_.reserve(worthwhile));
    const auto spare = bytes_.spare();
    // The kernel wants its records aligned.
    const std::size_t gap = aligned(bytes_.used().size()) - bytes_.used().size();
    const std::size_t size = std::min(spare.size() - gap, most_at_once);
    AFIO_TRY(const directory_listing part, dir.read(spare.subspan(gap, size)));
    AFIO_TRY(checked::well_formed(part));
    if (part.at_end()) return success();
    AFIO_TRY(add(part));
  }
}

/// `part` lies behind what is used. Entries are smaller than records, so that each can be written
/// before the next record begins.
result<void> name_list::add(const directory_listing& part) noexcept try {
  for (auto record = part.begin(); record != part.end();) {
    const directory_entry e = *record;
    ++record; // Before its bytes are written over.
    const std::size_t used = bytes_.used().size(), length = e.name.view().size();
    if (used > std::numeric_limits<place>::max()) return error(ENOMEM, call::none);
    places_.push_back(static_cast<place>(used));
    std::byte* const to = bytes_.spare().data();
    std::memmove(to + name_at, e.name.c_str(), length + 1);
    std::memcpy(to, &e.inode, sizeof e.inode);
    to[type_at] = static_cast<std::byte>(e.type);
    to[length_at] = static_cast<std::byte>(length);
    bytes_.use(name_at + length + 1);
  }
  return success();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

directory_entry name_list::at(place where) const noexcept {
  const std::byte* const from = bytes_.used().data() + where;
  directory_entry e{.name = leaf_name::from_kernel(reinterpret_cast<const char*>(from + name_at),
                                                   std::to_integer<std::size_t>(from[length_at])),
                    .type = static_cast<file_type>(from[type_at]),
                    .inode = 0,
                    .next = 0};
  std::memcpy(&e.inode, from, sizeof e.inode);
  return e;
}

void name_list::sort_by_name() noexcept {
  std::sort(places_.begin(), places_.end(),
            [this](place a, place b) { return at(a).name.view() < at(b).name.view(); });
}

} // namespace afio::algorithms::walk_detail
