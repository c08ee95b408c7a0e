// Which pages of a map are its own.
#pragma once

#include "afio/map_handle.hpp"

#include <span>

namespace afio {

/// What the kernel tells of the pages of the process that opened it (so a fork()ed child opens its
/// own). One can serve all maps; threads as for any handle.
class page_map : public handle {
public:
  page_map() noexcept = default;

  /// ENOSYS where /proc is not mounted.
  static result<page_map> open() noexcept;

  /// Of a cow map: the pages of `part` that were stored into since it was mapped, so that it has
  /// them for itself, as runs of whole pages, ascending, offsets from the beginning of the map.
  /// Nothing else of it differs from its section. (Exactly those: also the ones that have been
  /// swapped out. A store that leaves all bytes as they were counts.) Written to the front of
  /// `into`; where that is full, go on behind the last run's end.
  ///
  /// EINVAL for a map that is neither cow nor made by reserve() (for sections put there by cow), or
  /// a part that is not in it. Stores that happen meanwhile may be in it or not. 40 ns a page that
  /// was touched, were it only read, and nearly nothing for others; before Linux 6.7, about as much
  /// (as measured). Does not allocate.
  result<std::span<extent>> copied(const map_handle& map, extent part,
                                   std::span<extent> into) const noexcept;

private:
  using handle::handle;
};

} // namespace afio
