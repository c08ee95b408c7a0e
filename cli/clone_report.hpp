// afio-clone --report: a series as a page with pictures.
#pragma once

#include "algorithms/clone_tree/retention.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace afio::cli {

/// A clone of a series, and what it takes.
struct listed_clone {
  algorithms::series_clone which;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;       ///< Sizes of its files, each inode once.
  std::uint64_t bytes_new = 0;   ///< Of these, what the clone before does not share.
  std::uint64_t reclaimable = 0; ///< What deleting it alone would give back.

  std::uint64_t bytes_shared() const noexcept { return bytes - bytes_new; }
};

/// One HTML page that needs no other file and loads nothing: what the clones have, share and add as
/// charts over time and as a table. `clones`: the oldest first. `missing`: how many
/// there are, these or others, that could not be looked at to the end.
std::string html_report(std::string_view series, std::span<const listed_clone> clones,
                        std::uint64_t missing);

} // namespace afio::cli
