// A file that may be equal to another one, and the list of them.
#pragma once

#include "algorithms/dedupe/inventory.hpp"
#include "algorithms/hash/spooky_hash.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace afio::algorithms::dedupe_detail {

/// An inode, under all names that were found of it.
struct candidate {
  std::uint32_t first_name = 0; ///< Of the list of names.
  std::uint32_t names = 0;
  std::uint32_t of_class = 0; ///< Only files of one class can be equal: they have the same size.
  enum class read : std::uint8_t {
    nothing,
    ends, ///< `contents` is that of the first and the last block.
    all,
    failed, ///< It is equal to nothing.
  } read = read::nothing;
  hash128 contents;
  hash128 attributes;      ///< 0 where they do not count, or there are none.
  std::uint64_t place = 0; ///< Of its first block on the device, of one whose ends were read.
};

/// What is in a plan.
struct contents_of_plan {
  inventory found;
  std::vector<const found_file*> names; ///< Names of one inode are adjacent.
  std::vector<candidate> candidates;    ///< Equal ones are adjacent.

  /// A group: candidates [first, first + count), of which the first is kept.
  struct group {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };

  std::vector<group> groups;

  std::span<const found_file* const> names_of(const candidate& one) const noexcept {
    return std::span(names).subspan(one.first_name, one.names);
  }

  /// What f(name) comes to with the first of its names that it succeeds with, else with the last:
  /// by one it may have been renamed.
  template <class F>
  auto by_any_name(const candidate& one, F&& f) const noexcept {
    const auto all = names_of(one);
    auto last = f(*all.front());
    for (std::size_t i = 1; !last && i < all.size(); ++i) last = f(*all[i]);
    return last;
  }

  const found_file& file(const candidate& one) const noexcept { return *names[one.first_name]; }
};

} // namespace afio::algorithms::dedupe_detail
