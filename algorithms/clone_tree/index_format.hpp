// The bytes of a source_index: a header and records, all numbers little-endian.
//
//     offset  bytes
//          0      8  "afioSIDX"
//          8      4  version, 2
//         12      2  bytes of a record, 32
//         14      2  what the copies have of their sources' metadata (aspect), at the least
//         16      8  how many records follow
//         24      8  checksum of the two numbers above and of the records (index_checksum)
//
// and for each record, in the order of `copy`, each of which comes once:
//
//          0      8  inode of the copy
//          8      8  inode of the source
//         16      8  time of change of the source: seconds, signed
//         24      4  nanoseconds of it in the lower 30 bits, the age in the upper two
//         28      4  device of the source, folded
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace afio::algorithms::clone_detail {

struct source_record {
  std::uint64_t copy = 0;
  std::uint64_t source = 0;
  std::int64_t changed_seconds = 0;
  /// The age above the nanoseconds. Workers share it: by std::atomic_ref while there are several.
  mutable std::uint32_t nanoseconds_and_age = 0;
  std::uint32_t device = 0;

  static constexpr unsigned age_shift = 30;
  /// A record that so many saves in a row had no use for goes.
  static constexpr unsigned oldest = 3;

  std::uint32_t nanoseconds() const noexcept {
    return nanoseconds_and_age & ((1U << age_shift) - 1);
  }

  unsigned age() const noexcept { return nanoseconds_and_age >> age_shift; }

  void set_age(unsigned age) const noexcept {
    nanoseconds_and_age = nanoseconds() | age << age_shift;
  }

  friend bool operator==(const source_record&, const source_record&) noexcept = default;
};

inline constexpr std::size_t index_header_size = 32;
inline constexpr std::size_t index_record_size = 32;

/// Of numbers of 64 bits. Each step is a bijection of the sum for a given number, and of the number
/// for a given sum: whatever happens to one number is found for certain, anything else but for one
/// case in 2^64. No help against who means to deceive.
class index_checksum {
public:
  index_checksum(std::uint16_t kept, std::uint64_t count) noexcept {
    add(kept);
    add(count);
  }

  void add(std::uint64_t number) noexcept {
    sum_ ^= number;
    sum_ *= 0x9E3779B97F4A7C15ULL; // Odd, so that nothing is lost; 2^64 by the golden ratio.
    sum_ ^= sum_ >> 32;
  }

  void add(const source_record& r) noexcept;

  std::uint64_t value() const noexcept { return sum_; }

private:
  std::uint64_t sum_ = 0x6F66696153494458ULL;
};

using encoded_header = std::array<std::byte, index_header_size>;

/// What a header says besides what it always does.
struct index_header {
  std::uint16_t kept = 0;
  std::uint64_t count = 0;
  std::uint64_t checksum = 0;
};

encoded_header encode_header(const index_header& says) noexcept;
void encode(const source_record& r, std::span<std::byte, index_record_size> to) noexcept;

/// Takes a file apart, a part after another. What is not as described above is refused.
class index_parser {
public:
  /// Nothing if it is no header of a file of that size.
  static std::optional<index_parser> of(std::span<const std::byte, index_header_size> header,
                                        std::uint64_t file_size) noexcept;

  /// How many records there shall be.
  std::uint64_t count() const noexcept { return says_.count; }

  /// What the copies have of the metadata: to be believed when it is complete.
  std::uint16_t kept() const noexcept { return says_.kept; }

  /// Adds the records of `part`, a multiple of their size, to `to`. False if one is not right.
  /// Throws std::bad_alloc.
  bool take(std::span<const std::byte> part, std::vector<source_record>& to);

  /// Whether all were taken, and the checksum is theirs.
  bool is_complete() const noexcept {
    return taken_ == says_.count && sum_.value() == says_.checksum;
  }

private:
  explicit index_parser(const index_header& says) noexcept
      : says_(says), sum_(says.kept, says.count) {}

  index_header says_;
  std::uint64_t taken_ = 0;
  std::uint64_t last_ = 0; // Copy of the last record taken.
  index_checksum sum_;
};

} // namespace afio::algorithms::clone_detail
