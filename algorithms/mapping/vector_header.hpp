// The first bytes of the file of a mapped_vector, all numbers little-endian.
//
//     offset  bytes
//          0      8  "afioMVEC"
//          8      4  version, 1
//         12      4  bytes of an element
//         16      8  how many elements there are
//         24      8  how many there were at the last barrier, or fewer
//       4096         elements, one after another; what is behind the last one means nothing
//
// What is between is not read, and zeros when the file is made.
#pragma once

#include "afio/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace afio::algorithms {

/// Which elements of a mapped_vector there are.
enum class vector_trust : std::uint8_t {
  all, ///< All that were stored: unless the power failed since the last barrier.
  /// Those that the last barrier made durable, if they were not written to since; any others are
  /// forgotten. After a power cut.
  last_barrier,
};

namespace mapping_detail {

struct vector_header {
  std::uint32_t element_size = 0;
  std::uint64_t count = 0;
  std::uint64_t durable = 0;

  friend bool operator==(const vector_header&, const vector_header&) noexcept = default;
};

/// What the file begins with, and where in it the two numbers are that change.
inline constexpr std::size_t vector_header_size = 32;
inline constexpr std::size_t count_offset = 16;
inline constexpr std::size_t durable_offset = 24;
inline constexpr std::size_t elements_offset = 4096;

using encoded_vector_header = std::array<std::byte, vector_header_size>;

encoded_vector_header encode(const vector_header& header) noexcept;

/// `count` is that of the trusted elements, and they are all within a file of `file_size` bytes.
/// EBADMSG for anything that encode() has not made, or a file that is too short. EINVAL for
/// elements of another size.
result<vector_header> decode(std::span<const std::byte, vector_header_size> bytes,
                             std::uint64_t file_size, std::size_t element_size,
                             vector_trust trust) noexcept;

} // namespace mapping_detail

} // namespace afio::algorithms
