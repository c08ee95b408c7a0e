// The scene of every race, kill and error: a small tree that a tool deletes or copies, and beside
// it what must outlive that.
#pragma once

#include "tests/support/mounts.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/tree.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace afio::testing {

/// Eleven entries, three directories deep: a, a/b and a/b/c are those that get swapped.
extern const std::string_view small_tree;

/// The same with a fifo, names of one inode, and a setuid file of another owner; and an older copy
/// of it, which has something of its own.
extern const std::string_view tree_to_copy;
extern const std::string_view older_copy;

/// Each file of it has two names.
extern const std::string_view tree_to_list;

/// Four files of it are equal, and two.
extern const std::string_view tree_to_dedupe;

/// The second half of each file of it is zeros: blocks of any file system.
extern const std::string_view tree_to_punch;

/// One that has things that go: a file, a directory, and one in the way of a file; and a file in
/// the way of a directory.
extern const std::string_view copy_to_update;

/// A clone of it, which lacks some and has others; some of it has not changed.
extern const std::string_view older_clone;

/// What it has come from, and a copy of that with changes of its own.
extern const std::string_view base, copy_to_merge;

/// An entry and the directory that holds it, which are enough to tell whether it was moved.
struct placed : manifest_entry {
  std::string path;
  std::string name;
  identity parent;
};

/// The entries of a tree by what they are, not by where they are.
using census = std::map<identity, placed>;
census by_identity(const manifest& read);
/// The directory of an entry of it, but for the root.
identity directory_of(const manifest& read, const std::string& path);

/// Equal in all but the number of names.
bool same_but_for_links(facts one, const facts& other);

/// In a folder of its own, which is some levels deep in its scratch directory: a control that
/// climbs out of it by ".." stays in there:
///
///     base/tree    the tree to delete or to copy
///     copies/tree  what shall be its copy, if there is one before
///     older/tree   an older clone, or the base of a merge, if there is one. In a series it is in
///                  copies, and the copy gets a name by the time. All files have one time then:
///                  those that are equal are so for everybody
///     outside      secrets, with all the names of the tree too: what is looked up there by mistake
///                  is found, and lost; no file has the contents of its namesake in the tree, or
///                  each has
///     park         empty; counterparts of swaps wait here
class scene {
public:
  enum class copies_are { beside, on_another_file_system };
  enum class older_is { apart, in_series };
  enum class outside_reads { otherwise, the_same };

  explicit scene(std::string_view tree_literal = small_tree, std::string_view old_copy = "",
                 copies_are where = copies_are::beside,
                 outside_reads as = outside_reads::otherwise);
  scene(std::string_view tree_literal, std::string_view old_copy, std::string_view older_literal,
        older_is where);

  [[nodiscard]] std::filesystem::path folder() const { return scratch_.path() / "4/3/2/1"; }

  /// What is in every path of the scene, and in no other.
  [[nodiscard]] std::string marker() const { return scratch_.path().filename(); }

  [[nodiscard]] std::filesystem::path base() const { return folder() / "base"; }

  [[nodiscard]] std::filesystem::path root() const { return folder() / "base/tree"; }

  [[nodiscard]] std::filesystem::path copies() const { return folder() / "copies"; }

  [[nodiscard]] std::filesystem::path copy() const { return folder() / "copies/tree"; }

  /// Where the copy is, in the folder that holds it; of a series whatever is the newest clone.
  [[nodiscard]] std::filesystem::path copy_in(const std::filesystem::path& copies) const;

  [[nodiscard]] std::filesystem::path older() const {
    return in_series_ ? copies() / older_name : folder() / "older/tree";
  }

  [[nodiscard]] bool is_series() const { return in_series_; }

  [[nodiscard]] std::filesystem::path outside() const { return folder() / "outside"; }

  [[nodiscard]] std::filesystem::path park() const { return folder() / "park"; }

  /// As they were in the beginning.
  [[nodiscard]] const manifest& tree_before() const { return tree_before_; }

  [[nodiscard]] const manifest& outside_before() const { return outside_before_; }

  /// Nothing in it where there was no copy.
  [[nodiscard]] const manifest& copy_before() const { return copy_before_; }

  /// Nothing in it where there was none.
  [[nodiscard]] const manifest& older_before() const { return older_before_; }

  /// Of modification, where there is something older.
  static constexpr std::int64_t time_of_all = 1'500'000'000; // Seconds.

  [[nodiscard]] identity base_identity() const { return base_identity_; }

  [[nodiscard]] identity copies_identity() const { return copies_identity_; }

private:
  static constexpr const char* older_name = "2020-01-01T00:00:00Z";

  scratch_directory scratch_;
  mounted other_file_system_;
  bool in_series_ = false;
  manifest tree_before_, outside_before_, copy_before_, older_before_;
  identity base_identity_, copies_identity_;
};

/// What is wrong with the entries of the tree that are still somewhere in the scene: one whose
/// mode, owner or content is no longer the original's. Empty if nothing is.
std::string damage_to_survivors(const scene& at, const census& now);

/// `.afio-` and 128 random bits: the one pattern of names that a tool makes.
bool is_temporary_name(const std::string& name);

/// The entries of the folder that holds the root.
std::vector<placed> in_base(const scene& at, const census& now);

/// Those of them with a name of the tool's own that it did not say: nobody would find what is
/// there.
std::string untold_places(const scene& at, const census& now, const std::string& said);

/// Something is left of the tree's name, or of those that the tool itself has put beside it.
bool anything_left(const scene& at, const census& now);

/// Either all entries of the tree are still somewhere, or its root does not bear its name any more:
/// neither where it was nor in a place where it waits to be put back.
bool all_or_nothing(const scene& at, const census& now);

} // namespace afio::testing
