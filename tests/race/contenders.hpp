// The programs that are put to the test: the tool, and the controls that prove that a test can
// fail.
#pragma once

#include "tests/race/scene.hpp"
#include "tests/support/subprocess.hpp"
#include "tests/support/supervisor.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace afio::testing {

/// What a program does with the tree of a scene.
enum class task {
  removes,
  copies,           ///< to where nothing is
  merges,           ///< it into an older copy
  updates,          ///< an older copy, which has more, less and other things
  moves,            ///< to another file system
  clones,           ///< to where nothing is, sharing with an older clone
  continues_series, ///< with one more clone
  merges_changes,   ///< since a base, into a copy with changes of its own
  lists,            ///< the names of inodes that have several, by "inode":N,
  dedupes,          ///< by hard links
  punches,          ///< holes where zeros are
};

/// A program that deletes, copies, moves, lists, deduplicates or punches trees. The root, and the
/// copy's name, are added to its arguments.
struct contender {
  std::string name;
  std::vector<std::string> arguments;
  std::chrono::milliseconds time = std::chrono::seconds(10); ///< hung when it takes longer
  task does = task::removes;

  [[nodiscard]] bool has(std::string_view option) const;

  /// It renames the root before it deletes anything.
  [[nodiscard]] bool hides() const { return has("--hide"); }

  /// It makes a clone.
  bool clones() const { return does == task::clones || does == task::continues_series; }

  /// It deletes nothing before it knows that it can delete all.
  [[nodiscard]] bool all_or_nothing() const { return has("--all-or-nothing"); }
};

/// afio-rmtree with these options; one thread unless they say otherwise. The variable AFIO_RMTREE
/// says where it is.
contender afio_rmtree(std::initializer_list<std::string> options = {});

/// afio-cptree, the same, with --merge or without. The variable AFIO_CPTREE says where it is.
contender afio_cptree(std::initializer_list<std::string> options = {});

/// afio-mvtree, the same, to another file system. The variable AFIO_MVTREE says where it is.
contender afio_mvtree(std::initializer_list<std::string> options = {});

/// afio-update --delete, the same. The variable AFIO_UPDATE says where it is.
contender afio_update(std::initializer_list<std::string> options = {});

/// afio-update --base, the same. The variable AFIO_UPDATE says where it is.
contender afio_merge(std::initializer_list<std::string> options = {});

/// afio-clone --since and --series, the same. The variable AFIO_CLONE says where it is.
contender afio_clone(std::initializer_list<std::string> options = {});
contender afio_series(std::initializer_list<std::string> options = {});

/// afio-hardlinks --json, the same. The variable AFIO_HARDLINKS says where it is.
contender afio_hardlinks(std::initializer_list<std::string> options = {});

/// Python's os.walk with os.lstat: a control.
contender walk_by_paths();

/// afio-dedupe --link=hard, the same. The variable AFIO_DEDUPE says where it is.
contender afio_dedupe(std::initializer_list<std::string> options = {});

/// Compares, links and renames by paths, in Python: a control.
contender link_by_paths();

/// What people use for it now: controls, too.
contender jdupes();
contender rdfind();
contender hardlink();

/// afio-holes punch, the same. The variable AFIO_HOLES says where it is.
contender afio_holes_punch(std::initializer_list<std::string> options = {});

/// `fallocate --dig-holes` on what find finds: what people use for it now, and a control.
contender dig_holes();

/// `mv`, `cp -a` and Python's shutil.copytree: controls that everybody has. Each falls in its own
/// way.
contender mv();
contender cp(task does);
contender copytree(task does);
/// A clone, and a merge, as one would write them in Python.
contender naive_clone();
contender naive_merge();

/// naive_path and the like, by the last part of the name. Each falls in its own way. The variable
/// AFIO_CONTROLS says where one of them is.
contender naive(const std::string& name);

/// The scene that its task needs.
scene scene_for(const contender& tool);

/// It with its arguments for this scene, in an environment that is the same everywhere.
program command(const contender& tool, const scene& at);
/// The same for another root.
program to_delete(const contender& tool, const std::filesystem::path& root);

/// Stops count from the first one on that has to do with the scene.
supervision counted_from(const scene& at, const contender& tool);

/// How many stops it makes when nobody disturbs it. Throws if it does not succeed even then.
std::uint64_t count_stops(const contender& tool,
                          enum supervision::streams streams = supervision::streams::passed_by);

} // namespace afio::testing
