// How a file is stored: its data and its holes, and where a file system keeps them.
#pragma once

#include "afio/file_handle.hpp"
#include "afio/physical_extents.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace afio::algorithms {

/// A part of a file that is one thing.
struct file_piece {
  extent where;
  /// A hole reads as zeros. It may have room of its own all the same (extent_flags::unwritten).
  enum class kind : std::uint8_t { data, hole } what = kind::hole;
  extent_flags flags = extent_flags::none;
  std::optional<std::uint64_t> physical; ///< Where in the file system; nothing where not known.
  friend bool operator==(const file_piece&, const file_piece&) noexcept = default;
};

/// The pieces of a file, in order, without a gap, up to its size.
struct file_layout {
  std::uint64_t size = 0;
  std::vector<file_piece> pieces;

  /// How many bytes of data there are, and how many bytes have these flags.
  std::uint64_t data() const noexcept;
  std::uint64_t flagged(extent_flags flags) const noexcept;
};

/// Looks at `file`, which is open for reading. What is data is as next_data() says, because an
/// extent that the file system calls unwritten may have been written and be in memory still; the
/// rest is as physical_extents() says, if the file system tells. A file that is being written may
/// be told as it never was. Memory as it has extents. ENOMEM.
result<file_layout> layout_of(const file_handle& file) noexcept;

/// The same of what both have said. Pure.
file_layout lay_out(std::uint64_t size, std::span<const extent> data,
                    std::span<const physical_extent> stored);

/// A column of a picture of a layout: how much of the file there is of each.
struct bar_cell {
  std::uint64_t data = 0;
  std::uint64_t shared = 0;    ///< Data, too, but not the file's alone.
  std::uint64_t allocated = 0; ///< Holes that have room of their own.
  std::uint64_t hole = 0;

  std::uint64_t bytes() const noexcept { return data + shared + allocated + hole; }
};

/// The file cut into `columns` of the same size, or fewer if it has fewer blocks of 4 KiB.
std::vector<bar_cell> bar_of(const file_layout& layout, std::size_t columns);

} // namespace afio::algorithms
