// Whether one directory is above another, by identity.
#pragma once

#include "afio/path_handle.hpp"

namespace afio::algorithms {

enum class relation : std::uint8_t {
  unrelated,
  same,  ///< Both are one directory.
  above, ///< The first holds the second, at whatever depth, over whatever bind mount.
};

/// How `dir` stands to `other` now: `other`'s parents are opened one by one up to the root, each
/// compared with `dir` by device and inode. Nothing is kept from changing. EACCES where a parent
/// may not be searched. Does not allocate.
result<relation> relation_of(const path_handle& dir, const path_handle& other) noexcept;

/// The directory that holds `dir` now, to look at. errc::boundary where there is none: at the root
/// directory of the process, and unless `how` allows them on another mount, device or subvolume.
/// EACCES where `dir` may not be searched. Does not allocate.
result<path_handle> parent_of(const path_handle& dir, crossing how) noexcept;

/// Whether `dir` is the root directory of the process, over whatever mount. Needs no permission.
result<bool> is_root(const path_handle& dir) noexcept;

} // namespace afio::algorithms
