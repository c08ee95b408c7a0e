// Contents of several files, hashed at once out of memory that they are mapped to.
//
// One message waits for memory as much as for the processor. Several do at the same time, and need
// not be copied first.
#pragma once

#include "afio/map_handle.hpp"
#include "algorithms/hash/spooky_lanes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace afio::algorithms::hash_detail {

/// For one thread. Does not allocate.
class mapped_lanes {
public:
  static constexpr std::size_t most = 8;
  /// What is mapped of each file at a time.
  static constexpr std::size_t window = 1 << 20;

  /// ENOMEM where no address space is left.
  static result<mapped_lanes> make() noexcept;

  /// The first `size` bytes of a file that is open for reading, in the next lane; at most as many
  /// as there are. The file may be closed before the lanes are done. One that cannot be mapped has
  /// no hash.
  void add(const file_handle& file, std::uint64_t size) noexcept;

  bool all_done() const noexcept;
  /// Takes a window of each file that is not done. Bytes that were taken.
  std::uint64_t step() noexcept;

  /// Of the file that was added as number `index`; none if it is not done, or if part of it was not
  /// there: somebody has cut it, or the device cannot read it.
  std::optional<hash128> hash(std::size_t index) const noexcept;

private:
  struct lane {
    section_handle file;
    std::uint64_t left = 0;
    std::uint64_t at = 0;
    bool failed = false;
    spooky_hasher hasher;

    bool done() const noexcept { return failed || left == 0; }
  };

  explicit mapped_lanes(map_handle windows) noexcept : windows_(std::move(windows)) {}

  std::span<const std::byte> map(std::size_t index) noexcept;
  void take_alone(const spooky_piece& piece, lane& of) noexcept;

  map_handle windows_; ///< One of each lane, beside each other.
  std::array<lane, most> lanes_;
  std::size_t count_ = 0;
};

} // namespace afio::algorithms::hash_detail
