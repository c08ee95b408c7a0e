// Rows of one directory, lined up, which workers can share out among them.
#pragma once

#include "algorithms/walk/name_buffer.hpp"
#include "algorithms/walk/name_list.hpp"
#include "algorithms/walk/node.hpp"
#include "algorithms/walk/row.hpp"
#include "algorithms/walk/walk.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace afio::algorithms::walk_detail {

/// Both ends of a run of rows can be claimed: the owner takes from the front, helpers from the
/// back, so that each stays in one region of a list sorted by inode. One atomic word holds both
/// ends.
class claim_range {
public:
  void reset(std::uint32_t count) noexcept { ends_.store(count, std::memory_order_relaxed); }

  std::uint32_t left() const noexcept {
    const auto ends = ends_.load(std::memory_order_relaxed);
    return back(ends) - front(ends);
  }

  struct run {
    std::uint32_t first;
    std::uint32_t count; // 0: nothing is left.
  };

  run claim_front(std::uint32_t most) noexcept;
  run claim_back(std::uint32_t most) noexcept;

private:
  static std::uint32_t front(std::uint64_t ends) noexcept {
    return static_cast<std::uint32_t>(ends >> 32);
  }

  static std::uint32_t back(std::uint64_t ends) noexcept {
    return static_cast<std::uint32_t>(ends);
  }

  std::atomic<std::uint64_t> ends_{0};
};

template <std::size_t N>
struct batch : task {
  batch() noexcept : task(kind::batch) {}

  /// How many rows it has.
  std::size_t size() const noexcept { return lines.empty() ? rows.size() : lines.size(); }

  /// The rows of a run that was claimed: where they are, or in `room`, which is as long. Each run
  /// once.
  std::span<row<N>> rows_of(claim_range::run run, std::span<row<N>> room) noexcept;

  node<N>* of = nullptr;

  // Where one tree is listed: the names in its records, and a row for each.
  name_buffer names;
  std::vector<row<N>> rows;
  // Where several are: the names of each, and where in them each row has its own. A row is made
  // when somebody has claimed it: it takes 128 bytes, of three trees.
  static constexpr name_list::place absent = ~name_list::place{0};
  std::array<name_list, N> lists;
  std::vector<std::array<name_list::place, N>> lines;

  claim_range unclaimed;
  std::atomic<std::uint32_t> owners{1};
  std::atomic<bool> offered{false}; // Stands in a queue.
};

/// What filling a batch came to.
template <std::size_t N>
struct filled {
  bool more = false;                            // The directory has further rows.
  std::array<std::optional<error>, N> failures; // Of listing, a tree each.
};

/// Fills `b` with the next rows of the pinned directory `n`. Where one tree is to be listed, as
/// many as a buffer takes; where several are, all, by name. Rows that were listed before a failure
/// are in it; but those of an optional tree are not, and it has no failure.
template <std::size_t N>
filled<N> fill(batch<N>& b, node<N>& n, row_order order) noexcept;

} // namespace afio::algorithms::walk_detail
