// One name of a directory, and what it is in each of the trees.
#pragma once

#include "afio/leaf_name.hpp"
#include "afio/stat.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace afio::algorithms {

/// An entry of one tree.
struct cell {
  std::uint64_t inode = 0; ///< As the listing gave it; of a mount point, of what is below it.
  /// Where walk_options::fields asked for any; for the time of rows().
  const stat_t* stat = nullptr;
  file_type type = file_type::unknown;
  bool present = false; ///< Whether the tree has the name. Then its type is known in rows().
  /// Set by a visitor that has just made the directory: it is known to be empty and is not listed.
  bool fresh = false;
  /// Set by a visitor together with `type`, `inode` and `device`: the name is a symlink, and to be
  /// followed to that directory, be it on another mount. What is below is on that one's mount.
  bool followed = false;
  std::uint64_t device = 0; ///< Of what is to be followed to.
};

/// Entries of N trees which have one name.
template <std::size_t N>
struct row {
  leaf_name name = leaf_name::from_kernel("", 0); ///< Never empty.
  std::array<cell, N> in{};
  /// Whether to walk what is below: into every tree in which this is a directory when rows()
  /// returns.
  enum class below : std::uint8_t { enter, skip } below = below::enter;

  /// What the directory's slot (place::slot) holds when it is entered.
  std::uint64_t slot = 0;

  bool has_directory() const noexcept {
    for (const cell& c : in) {
      if (c.type == file_type::directory) return true;
    }
    return false;
  }
};

} // namespace afio::algorithms
