// Trees for tests: made from a literal, written down to be compared, and removed whatever they
// hold.
#pragma once

#include "tests/support/identity.hpp"

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace afio::testing {

/// Makes a tree below `root`, which is made too if it is missing. A line an entry:
///
///     d NAME [MODE]            directory; 0755 without a mode
///     f NAME SIZE [MODE]       file of that many bytes, other ones for every name; 0644
///     e NAME = NAME [MODE]     another file with the contents of one above; 0644 without a mode
///     z NAME SIZE [MODE]       as f, but its second half is zeros
///     l NAME -> TARGET         symlink
///     h NAME = NAME            another hardlink of an entry above
///     p NAME [MODE]            fifo
///     s NAME [MODE]            socket
///     c NAME MAJOR MINOR       character device
///     b NAME MAJOR MINOR       block device
///     o NAME UID GID           owner and group of an entry above
///
/// Names are relative to `root`; `\xNN` in one is that byte. Missing parents are made. Modes are
/// set last, the deepest first, so that a directory may be unreadable. Throws if anything fails.
void make_tree(const std::filesystem::path& root, std::string_view literal);

/// What a test compares of an entry. A directory has no size and no number of links here: they
/// depend on the file system.
struct facts {
  char type = '?'; ///< as in the literal: d f l p s c b
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::uint64_t size = 0;
  std::uint64_t content = 0; ///< a hash of a file's bytes; a device's number
  std::string target = {};   ///< of a symlink
  std::uint64_t links = 0;
  bool operator==(const facts&) const = default;
};

struct manifest_entry : facts {
  identity inode;
  bool operator==(const manifest_entry&) const = default;
};

/// All entries of a tree by their paths below its root, which itself is ".".
struct manifest {
  manifest() = default;
  /// Reads it now. Follows no symlink and opens nothing but files and directories.
  explicit manifest(const std::filesystem::path& root);

  std::map<std::string, manifest_entry> entries;
  bool operator==(const manifest&) const = default;
};

/// A line for each entry that is in one only (- before, + after) or is another one (~); inodes
/// count. Empty when both are equal.
std::string difference(const manifest& before, const manifest& after);
std::ostream& operator<<(std::ostream& out, const manifest& shown);

/// Removes a tree: unmounts what is mounted in it, lifts immutable flags, opens modes, and is not
/// hindered by any depth. Not for a tree that someone else changes. Throws if something stays.
void remove_by_force(const std::filesystem::path& root);

} // namespace afio::testing
