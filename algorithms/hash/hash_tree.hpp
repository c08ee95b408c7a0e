// Hashes the files of a tree.
#pragma once

#include "algorithms/hash/file_hasher.hpp"
#include "algorithms/options.hpp"
#include "algorithms/path_filter.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace afio::algorithms {

struct hash_options {
  tree_options tree = {};
  hash_caching caching = hash_caching::none;
  const path_filter* filter = nullptr; ///< What counts; null: all. Borrowed.
  /// How long a file that changes while it is read is read again.
  afio::deadline retry = afio::deadline::in(std::chrono::seconds(1));
};

/// Borrowed for the time of the call.
struct hashed_entry {
  std::string_view path; ///< The root's name as given, then the components below it.
  file_hash is;
};

/// Hears of hashes. Calls come from the workers' threads, one at a time, in no order.
class hash_listener {
public:
  virtual void hashed(const hashed_entry&) noexcept = 0;

protected:
  ~hash_listener() = default;
};

struct hash_report {
  std::uint64_t files = 0;      ///< Names that were hashed; an inode with two of them counts twice.
  std::uint64_t bytes = 0;      ///< Of these.
  std::uint64_t from_cache = 0; ///< Files that were not read.
  std::uint64_t failures = 0;   ///< Told to the observer.
  std::uint64_t kept_changing = 0; ///< Of them, those that changed whenever they were read.
  algorithms::stopped stopped = algorithms::stopped::no;
};

/// Hashes each regular file below `root`, but for ".spookyhashes" and what the filter leaves out;
/// a directory that is left out is not entered. Anything else is neither opened nor told. With a
/// cache, files that have a valid record are not opened, and others get one (hash_cache.hpp).
///
/// What cannot be read is told to `told`, as is what changes while it is read for as long as
/// options.retry says (errc::kept_changing), and what is on another mount, device or subvolume
/// (errc::boundary, EXDEV) unless options.tree.mounts allows it; all else is still done. Small
/// files are read one after another and hashed together; so are up to eight large ones, mapped.
/// Memory: 1.3 MiB a thread, up to 8 MiB of the kernel's cache that it maps, and with
/// hash_caching::file the records of the directories being hashed. Up to 64 files a thread are open
/// at once with a cache, else one; of large ones eight, with two descriptors each. Fails only if it
/// could not begin. Threads as walk().
result<hash_report> hash_tree(const walk_root& root, const hash_options& options,
                              hash_listener& found, observer& told) noexcept;

/// The same of the file at `path`, as a person typed it; symlinks are followed. Told under that
/// name. A file is recorded in an attribute or not at all. Fails for what hash_tree would tell.
result<hash_report> hash_file(const path_handle& base, path_view path, const hash_options& options,
                              hash_listener& found) noexcept;

} // namespace afio::algorithms
