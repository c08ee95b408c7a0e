// All names of one directory of one tree, as small as can be.
#pragma once

#include "afio/directory_handle.hpp"
#include "algorithms/walk/name_buffer.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace afio::algorithms::walk_detail {

/// An entry is 11 bytes and its name, where the kernel's record is 24 to 31; and 4 bytes to find
/// it.
class name_list {
public:
  using place = std::uint32_t;

  void clear() noexcept {
    bytes_.clear();
    places_.clear();
  }

  /// Adds the listing from where `dir` stands to its end, up to 4 GiB of it. What was listed before
  /// a failure is in it. ENOMEM.
  result<void> read(const directory_handle& dir) noexcept;

  void sort_by_name() noexcept;

  std::span<const place> places() const noexcept { return places_; }

  directory_entry at(place where) const noexcept;

private:
  result<void> add(const directory_listing& part) noexcept;

  name_buffer bytes_;
  std::vector<place> places_;
};

} // namespace afio::algorithms::walk_detail
