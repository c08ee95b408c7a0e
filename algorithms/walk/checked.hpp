// The checked build (--config=checked): steps of the engine done again another way and compared.
//
// Only what holds under any race is compared, so that race tests can run in it: what a descriptor
// is, not what a name means. A difference is an error of errc::check_failed, which nothing
// swallows.
#pragma once

#include "afio/directory_handle.hpp"

namespace afio::algorithms::walk_detail::checked {

#ifdef AFIO_CHECKED
/// The descriptor's identity by fstat and /proc/self/fdinfo is the one that statx gave.
result<void> same_directory(const directory_handle& dir, const identity& id) noexcept;
/// Every name of the listing is a leaf name, and the records add up to its size.
result<void> well_formed(const directory_listing& part) noexcept;
#else
inline result<void> same_directory(const directory_handle&, const identity&) noexcept {
  return success();
}

inline result<void> well_formed(const directory_listing&) noexcept { return success(); }
#endif

} // namespace afio::algorithms::walk_detail::checked
