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

struct updating;

/// By their new paths. For all workers.
class moves {
public:
  moves() = default;
  moves(const moves&) = delete;
  moves& operator=(const moves&) = delete;

  /// Whatever is still aside gets its old name again, as far as that can be.
  ~moves();

  /// Finds regular files, not empty, that only the target (tree 1) has under their names, each with
  /// one that only the source has and that has the same size, time of modification, mode, owner and
  /// contents.
  /// Unless it is a rehearsal, they get random names in the root of the target, whose times stay,
  /// and so do those of the directories that they were in. Files that cannot be read or renamed are
  /// none: they are copied and deleted like any other, as is all that is not looked at before
  /// `limit`. The target's root is borrowed.
  ///
  /// Memory: a path for each file that only one tree has. Throws std::bad_alloc.
  result<void> find(const std::array<walk_root, 2>& roots, const update_options& how,
                    const deadline::running& limit);

  /// The file for that new path, which is then the caller's to rename.
  std::optional<moved_file> take(const std::string& to);

  /// Takes one back that could not be renamed.
  void give_back(const std::string& to, moved_file file);

  /// Whether what had that old path has been found to have moved.
  bool is_from(const std::string& path) const { return from_.contains(path); }

  /// Whether that is the name of one in the root of the target.
  bool is_staged(leaf_name name) const { return staged_.contains(name.view()); }

  bool empty() const noexcept { return from_.empty(); }

  /// After an update that has come to its end: what nobody has taken goes if its copy is there, as
  /// far as so many entries may, and else gets its old name again. Told, and counted in `sum`.
  /// Durable where the update is.
  /// `target` is what the target is called. Throws std::bad_alloc.
  void end(updating& shared, std::string_view target, update_report& sum);

private:
  result<void> stage(const std::string& to, const lone_file& old);
  result<void> put_back(const moved_file& file, sync durable = sync::none) const noexcept;

  const path_handle* target_ = nullptr; // Null in a rehearsal, where nothing is aside.
  std::map<std::string, moved_file> to_;
  std::set<std::string, std::less<>> from_, staged_; // Constant after find().
  std::mutex lock_;
};

} // namespace afio::algorithms::update_detail
