#include "algorithms/holes/file_layout.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

namespace afio::algorithms {

namespace {

using kind = file_piece::kind;

constexpr extent_flags without_last(extent_flags flags) noexcept {
  return static_cast<extent_flags>(static_cast<unsigned>(flags) &
                                   ~static_cast<unsigned>(extent_flags::last));
}

/// Adds pieces, and makes one of two where nothing tells them apart.
class builder {
public:
  explicit builder(file_layout& into) noexcept : into_(into) {}

  void add(const file_piece& next) {
    if (next.where.length == 0) return;
    if (!into_.pieces.empty() && goes_on(into_.pieces.back(), next))
      into_.pieces.back().where.length += next.where.length;
    else
      into_.pieces.push_back(next);
  }

private:
  static bool goes_on(const file_piece& last, const file_piece& next) noexcept {
    if (last.what != next.what || last.flags != next.flags) return false;
    if (!last.physical || !next.physical) return last.physical == next.physical;
    return *last.physical + last.where.length == *next.physical;
  }

  file_layout& into_;
};

/// One stretch of data or hole, cut where it is stored differently. `stored` begins with the first
/// extent that may reach into it, and does so for the next stretch afterwards.
void add_stretch(builder& to, extent stretch, kind what, std::span<const physical_extent>& stored) {
  std::uint64_t at = stretch.offset;
  while (at < stretch.end()) {
    while (!stored.empty() && stored.front().where.end() <= at) stored = stored.subspan(1);
    if (stored.empty() || stored.front().where.offset >= stretch.end()) break;
    const physical_extent& e = stored.front();
    const std::uint64_t begin = std::max(at, e.where.offset);
    const std::uint64_t end = std::min(stretch.end(), e.where.end());
    to.add({{at, begin - at}, what, extent_flags::none, {}});
    file_piece piece{{begin, end - begin}, what, without_last(e.flags), {}};
    if (!has(e.flags, extent_flags::unplaced))
      piece.physical = e.physical + (begin - e.where.offset);
    to.add(piece);
    at = end;
  }
  to.add({{at, stretch.end() - at}, what, extent_flags::none, {}});
}

result<std::vector<extent>> data_of(const file_handle& file, std::uint64_t size) {
  std::vector<extent> found;
  for (std::uint64_t at = 0; at < size;) {
    AFIO_TRY(const std::optional<extent> data, file.next_data(at));
    if (!data || data->offset >= size) break;
    const std::uint64_t end = std::min(data->end(), size);
    found.push_back({data->offset, end - data->offset});
    at = end;
  }
  return found;
}

/// None where the file system does not tell.
result<std::vector<physical_extent>> stored_of(const file_handle& file, std::uint64_t size) {
  std::vector<physical_extent> found;
  std::array<physical_extent, 64> some;
  for (std::uint64_t at = 0; at < size;) {
    const auto told = physical_extents(file, {at, size - at}, some);
    if (!told) {
      const int why = told.assume_error().native();
      if (why == EOPNOTSUPP || why == ENOTTY || why == EINVAL) return found;
      return told.as_failure();
    }
    const auto extents = told.assume_value();
    found.insert(found.end(), extents.begin(), extents.end());
    if (extents.size() < some.size() || has(extents.back().flags, extent_flags::last)) break;
    at = extents.back().where.end();
  }
  return found;
}

} // namespace

std::uint64_t file_layout::data() const noexcept {
  std::uint64_t bytes = 0;
  for (const file_piece& p : pieces) bytes += p.what == kind::data ? p.where.length : 0;
  return bytes;
}

std::uint64_t file_layout::flagged(extent_flags flags) const noexcept {
  std::uint64_t bytes = 0;
  for (const file_piece& p : pieces) bytes += has(p.flags, flags) ? p.where.length : 0;
  return bytes;
}

file_layout lay_out(std::uint64_t size, std::span<const extent> data,
                    std::span<const physical_extent> stored) {
  file_layout layout{.size = size};
  builder to(layout);
  std::uint64_t at = 0;
  for (const extent& d : data) {
    add_stretch(to, {at, d.offset - at}, kind::hole, stored);
    add_stretch(to, d, kind::data, stored);
    at = d.end();
  }
  add_stretch(to, {at, size - at}, kind::hole, stored);
  return layout;
}

result<file_layout> layout_of(const file_handle& file) noexcept try {
  AFIO_TRY(const std::uint64_t size, file.size());
  AFIO_TRY(const auto data, data_of(file, size));
  AFIO_TRY(const auto stored, stored_of(file, size));
  return lay_out(size, data, stored);

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

namespace {

std::uint64_t& part_of(bar_cell& cell, const file_piece& piece) noexcept {
  if (piece.what == kind::hole)
    return has(piece.flags, extent_flags::unwritten) ? cell.allocated : cell.hole;
  return has(piece.flags, extent_flags::shared) ? cell.shared : cell.data;
}

} // namespace

std::vector<bar_cell> bar_of(const file_layout& layout, std::size_t columns) {
  constexpr std::uint64_t block = 4096;
  const std::uint64_t count =
      std::min<std::uint64_t>(columns, layout.size / block + (layout.size % block != 0 ? 1 : 0));
  std::vector<bar_cell> bar(count);
  // 128 bits: a size times a column may take more than 64.
  const auto begin_of = [&](std::uint64_t column) {
    __extension__ using wide = unsigned __int128;
    return static_cast<std::uint64_t>(static_cast<wide>(layout.size) * column / count);
  };
  std::size_t column = 0;
  for (const file_piece& piece : layout.pieces) {
    for (std::uint64_t at = piece.where.offset; at < piece.where.end();) {
      while (begin_of(column + 1) <= at) ++column;
      const std::uint64_t end = std::min(piece.where.end(), begin_of(column + 1));
      part_of(bar[column], piece) += end - at;
      at = end;
    }
  }
  return bar;
}

} // namespace afio::algorithms
