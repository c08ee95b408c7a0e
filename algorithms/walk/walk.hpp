// The engine's contract: walk N directory trees in lockstep, in parallel, within bounds.
//
// One directory is opened in each tree (it may be absent in some), its entries are lined up by name
// into rows, a visitor acts on the rows, then the directories among them are walked, and when all
// below a directory is done the visitor leaves it. What every algorithm needs is done here once:
//
//  - Names are single components below an open directory. A directory that is entered has the inode
//    that was listed, and is on the mount and device of its parent unless crossing is allowed. A
//    visitor may have a symlink followed to a directory (cell::followed), which then may be
//    anywhere.
//  - Descriptors: at most `descriptors` directories are open. One that loses its descriptor is
//    opened again downward from an open ancestor, and must be the same (mount, device, inode);
//    else it is reported as errc::raced. Depth is bounded by memory only.
//  - Memory: of a directory that only one tree has, at most about 1 MiB of its listing is held a
//    worker, whatever its size; of one that several have, all its names, and up to 35 bytes with
//    each. A directory waiting to be walked costs about 150 bytes and its name; workers go depth
//    first, so these are few.
//  - Threads: workers take directories from each other, oldest first, and share out the rows of
//    large directories. One worker is exactly sequential and starts no thread.
//  - Failures are told by name to the observer and the walk goes on, or stops, as on_failure says.
#pragma once

#include "afio/deadline.hpp"
#include "afio/path_handle.hpp"
#include "algorithms/observer.hpp"
#include "algorithms/walk/visitor.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

namespace afio::algorithms {

/// The order of rows of a directory that only one tree has. Else they are always by name.
enum class row_order : std::uint8_t {
  listed,   ///< As the file system lists them.
  by_inode, ///< Sorted within a batch: the order on disk of many file systems' inodes.
};

enum class on_failure : std::uint8_t { proceed, stop };

/// Whether place::handle may be used in leave(). Costs a re-open where the descriptor was needed
/// elsewhere.
enum class leaving : std::uint8_t { without_handles, with_handles };

/// What one row may cost its visitor, hence how few rows of a directory are shared out.
enum class row_cost : std::uint8_t {
  calls,    ///< Some calls of the kernel's: from 256 rows on.
  contents, ///< A file's contents, whatever its size: from two rows on.
};

struct walk_options {
  unsigned threads = 0;     ///< 0: as many as there are processors available to the process.
  unsigned descriptors = 0; ///< 0: three quarters of RLIMIT_NOFILE, 4096 at the most.
  crossing mounts = crossing::same_mount; ///< any_mount: other devices and subvolumes, too.
  algorithms::on_failure on_failure = algorithms::on_failure::proceed;
  row_order order = row_order::listed;
  algorithms::leaving leaving = algorithms::leaving::without_handles;
  algorithms::row_cost row_cost = algorithms::row_cost::calls;
  /// With row_cost::contents: so many rows at once are done sooner than one after another, hence
  /// wanted while there are as many for every worker.
  unsigned rows_together = 1;
  want fields = want::none;       ///< What cells' stat shall hold; none: no status is read.
  unsigned list_again_limit = 64; ///< How often after::list_again is believed for one directory.
  afio::deadline deadline = {};   ///< No new row is begun after it.
  std::stop_token stop = {};      ///< Nor after this is asked to stop.
  progress* counters = nullptr;
};

/// Why a walk ended before all was done.
enum class stopped : std::uint8_t { no, by_deadline, by_request, by_failure };

struct walk_report {
  std::uint64_t directories = 0; ///< Entered.
  std::uint64_t rows = 0;        ///< Handed to visitors.
  std::uint64_t failures = 0;    ///< Told to the observer.
  algorithms::stopped stopped = stopped::no;
};

/// A tree to walk. The name is what failures begin with; it may be empty.
struct walk_root {
  const path_handle* directory = nullptr; ///< Null: absent. Borrowed for the walk.
  std::string_view name;
  bool fresh = false; ///< Made by the caller just now: as cell::fresh.
  /// Others do without it: an entry whose status cannot be read there is absent, as is all that is
  /// in a directory which cannot be listed to its end, and that is no failure. (Where it alone is
  /// listed, rows of a large directory that were visited before that were present.) A visitor says
  /// the same of a directory that cannot be opened (verdict::open_again).
  bool optional = false;
};

/// How many directories a walk with these options may have open.
unsigned descriptor_limit(const walk_options& options) noexcept;

/// How many workers a walk of N trees with these options will use: 1 or more, fewer than asked for
/// if the descriptors would not do (each worker may need 2 N).
unsigned worker_count(const walk_options& options, std::size_t trees) noexcept;

/// Walks until all is done or the walk is stopped. `visitors` has worker_count() elements. Fails
/// only if it could not begin: a root that cannot be opened, no memory. Afterwards no
/// descriptor of the walk's is open. Instantiated for N = 1, 2, 3.
template <std::size_t N>
result<walk_report> walk(const std::array<walk_root, N>& roots,
                         std::span<visitor<N>* const> visitors, const walk_options& options,
                         observer& told) noexcept;

/// The same for visitors in a vector. Throws std::bad_alloc.
template <std::size_t N, class V>
result<walk_report> walk(const std::array<walk_root, N>& roots, std::vector<V>& visitors,
                         const walk_options& options, observer& told) {
  std::vector<visitor<N>*> pointers;
  pointers.reserve(visitors.size());
  for (V& v : visitors) pointers.push_back(&v);
  return walk<N>(roots, std::span<visitor<N>* const>(pointers), options, told);
}

} // namespace afio::algorithms
