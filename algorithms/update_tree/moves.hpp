// Files that have another name by now: renamed in the target, rather than copied and deleted.
#pragma once

#include "algorithms/update_tree/update_tree.hpp"
#include "algorithms/walk/walk.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace afio::algorithms::update_detail {

/// A regular file that only one tree has.
struct lone_file {
  std::string path; ///< Below the root.
  std::uint64_t size;
  timestamp modified;
  std::uint16_t mode;
  std::uint32_t owner, group;
  identity id;
};

/// A file of the target's that is waiting for its new name.
struct moved_file {
  std::string from;   ///< Its old path, below the roots.
  leaf_buffer staged; ///< Its name in the target's root; in a rehearsal, of nothing.
};

/// By their new paths. For all workers.
class moves {
public:
  /// Finds regular files, not empty, that only the target (tree 1) has under their names, each with
  /// one that only the source has and that has the same size, time of modification, mode, owner and
  /// contents.
  /// Unless it is a rehearsal, they get random names in the root of the target. Files that cannot
  /// be read or renamed are none: they are copied and deleted like any other.
  ///
  /// Memory: a path for each file that only one tree has. Throws std::bad_alloc.
  result<void> find(const std::array<walk_root, 2>& roots, const update_options& how);

  /// The file for that new path, which is then the caller's to rename.
  std::optional<moved_file> take(const std::string& to);

  /// Takes one back that could not be renamed.
  void give_back(const std::string& to, moved_file file);

  /// Whether what had that old path has been found to have moved.
  bool is_from(const std::string& path) const { return from_.contains(path); }

  /// Whether that is the name of one in the root of the target.
  bool is_staged(leaf_name name) const { return staged_.contains(name.view()); }

  bool empty() const noexcept { return from_.empty(); }

  /// Deletes what nobody has taken, because it could not be renamed and was copied; or gives it its
  /// old name again, after an update that has not come to its end.
  void remove_rest(const path_handle& target) noexcept;
  void put_back_rest(const path_handle& target) noexcept;

private:
  result<void> stage(const path_handle& root, const std::string& to, const lone_file& old,
                     const update_options& how);

  std::map<std::string, moved_file> to_;
  std::set<std::string, std::less<>> from_, staged_; // Constant after find().
  std::mutex lock_;
};

} // namespace afio::algorithms::update_detail
