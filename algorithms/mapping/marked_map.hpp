// A file that begins with a mark, and all of it in memory.
#pragma once

#include "afio/file_handle.hpp"
#include "afio/map_handle.hpp"

#include <cstdint>

namespace afio::algorithms::mapping_detail {

/// What such a file begins with.
struct file_mark {
  std::uint64_t magic; ///< Its first word. All else in the header of a new file is zeros.
  std::uint64_t header_bytes;
};

struct marked_map {
  map_handle map;
  std::uint64_t size; ///< Of the file, in bytes.
};

/// Maps all of `file`, which the caller has locked, with so much address space. One that is empty,
/// or nothing but the zeros of a header, gets one first. EBADMSG for one that begins otherwise;
/// EINVAL for a reservation of less than its length; else as file_handle::zero and map_handle::map.
result<marked_map> map_marked(file_handle& file, file_mark mark,
                              std::uint64_t reservation) noexcept;

} // namespace afio::algorithms::mapping_detail
