// A way around copying: what is there already may do instead.
#pragma once

#include "algorithms/copy_tree/copying.hpp"

#include <cstddef>
#include <optional>

namespace afio::algorithms::copy_detail {

/// Of a walk that reads the status of each entry. Tree 0 is the source, the last one the copy. One
/// for each worker.
template <std::size_t N>
class shortcut {
public:
  virtual ~shortcut() = default;

  /// Gives the name of the row, which is no directory in the source, what it shall have in the copy
  /// without copying it, and tells what was done. The inode that has the name then; nothing where
  /// it must be copied. Throws std::bad_alloc.
  virtual result<std::optional<identity>> take(const place<N>& here, const row<N>& r,
                                               account& sum) = 0;
  /// Whether the directory `to` has the metadata of `from`, whose status is `source`, already.
  virtual result<bool> has_metadata(const directory_handle& from, const stat_t& source,
                                    const directory_handle& to) noexcept = 0;

  /// The directory could not be entered, in whichever of the trees. Whether it has been left out of
  /// one that is not needed, and shall be tried again.
  virtual bool does_without(const place<N>& here) noexcept {
    (void)here;
    return false; // All are needed.
  }

  /// Hears that the source, whose status is that, was copied, and which inode that made.
  /// Throws std::bad_alloc.
  virtual void copied(const stat_t& source, const identity& made) {
    (void)source, (void)made; // Most need not know.
  }

protected:
  shortcut() = default;
  shortcut(const shortcut&) = default;
  shortcut& operator=(const shortcut&) = default;
};

} // namespace afio::algorithms::copy_detail
