// Where a file's data is nothing but zeros.
#pragma once

#include "afio/file_handle.hpp"
#include "afio/file_view.hpp"
#include "algorithms/observer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>

namespace afio::algorithms {

/// Finds the runs of zeros in what a file has of data, in order. Holes are no data, and neither is
/// what was only allocated. Reads with `through`, 256 KiB of which keep in the processor's cache.
/// What a run was when it was read is all that is known of it: somebody may have written since.
class zero_runs {
public:
  struct how {
    std::uint64_t least = 0; ///< Bytes of a run that is told.
    std::uint64_t block = 0; ///< What runs are aligned to: a power of two, up to through.size().
    std::stop_token stop = {};
    progress* counters = nullptr; ///< To whose bytes is added what is read. May be null.
  };

  /// A longer run is told in parts of this size, so that nobody is kept waiting for long.
  static constexpr std::uint64_t part = 16 << 20;

  /// Borrows all but the options. Looks at whole blocks alone, up to `end`.
  zero_runs(const file_handle& file, std::uint64_t end, buffer through, const how& options) noexcept
      : file_(&file), end_(end), through_(through), how_(options) {}

  /// The next one; nothing when there are no more; and an empty one where none was found in a part,
  /// so that the caller can look about. ECANCELED if asked to stop. Does not allocate.
  result<std::optional<extent>> next() noexcept;

  /// Looks at `file` from now on, beginning at `from`, which is a multiple of the block.
  void again(const file_handle& file, std::uint64_t from) noexcept;
  /// From now on maps the file, which copies nothing, instead of reading it: for as long as
  /// `leased`, the handle that it looks through, holds its lease. When somebody wants that, a
  /// lease::read is given back, and all goes on by reading.
  void map_under(file_handle& leased, lease kind) noexcept;

private:
  struct window {
    const_buffer bytes;
    file_view view;
  };

  result<bool> find_data() noexcept;
  result<window> look() noexcept;
  bool may_map() noexcept;
  result<void> scan() noexcept;
  void take_run() noexcept;

  const file_handle* file_;
  std::uint64_t end_;
  buffer through_;
  how how_;
  file_handle* leased_ = nullptr;
  lease lease_kind_ = lease::read;
  extent data_;                   ///< Being looked at.
  std::uint64_t at_ = 0;          ///< The next block.
  std::uint64_t begin_ = 0;       ///< Of the run of zeros that ends at `at_`, which may be empty.
  bool has_begun_before_ = false; ///< It goes on from one that was told.
  std::uint64_t in_vain_ = 0;     ///< Bytes looked at since the last time that anything was told.
  std::array<extent, 64> found_;  ///< Not told yet: `told_` up to `count_`.
  std::size_t told_ = 0;
  std::size_t count_ = 0;
};

} // namespace afio::algorithms
