// Trees at random, in memory and on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>

#include <unistd.h>

namespace afio::unit {

/// What there is, by its path below the root; the root itself is not in it.
struct tree_model {
  enum class kind : std::uint8_t { file, directory, symlink, fifo };

  struct entry {
    kind what;
    std::string linked_to = {}; ///< A hardlink's other name.
    bool immutable = false;
    bool unreadable = false; ///< A directory of mode 0000.
  };

  std::map<std::string, entry> entries;

  bool is_directory(const std::string& path) const;
  /// "a/b" of "a/b/c", "" of "a".
  static std::string parent_of(const std::string& path);
};

/// A tree of up to so many entries. Everything follows from the generator's state.
tree_model random_tree(std::mt19937_64& random, unsigned most_entries);
/// Another one that shares about half of the first one's names, some with other types.
tree_model random_relative(std::mt19937_64& random, const tree_model& of, unsigned most_entries);

/// Writes the model to the directory `root`, which is made, all for one owner. Immutability and
/// unreadable modes come last.
void write_tree(const tree_model& model, const std::filesystem::path& root,
                uid_t owner = ::geteuid());
/// The paths of all that is below `root`.
std::set<std::string> read_tree(const std::filesystem::path& root);

} // namespace afio::unit
