// Files of equal contents become names of one inode, or share the blocks that hold them.
//
// First they are found, and what shall be done is a value, the plan: it can be looked at, and
// carried out. Nothing that was found is believed then: every pair is held open, compared again
// byte for byte, and replaced only while the kernel says that nobody can be writing to either.
#pragma once

#include "algorithms/file_metadata.hpp"
#include "algorithms/hash/hash_cache.hpp"
#include "algorithms/options.hpp"
#include "algorithms/path_filter.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace afio::algorithms {

/// What becomes of a duplicate.
enum class dedupe_by : std::uint8_t {
  /// Its blocks are shared, where the file system can do that; else as `linking`. Two files that
  /// cannot share on a file system that can are a failure, and are not linked.
  automatic,
  /// Its names become names of the file that is kept: what is written to one is then in all.
  linking,
  /// It stays a file of its own, with its metadata, and shares its blocks until one is written to.
  sharing,
};

/// Which of the files of equal contents is kept. Where it leaves a choice: the oldest, then the one
/// with the most names, then the first.
enum class keep : std::uint8_t {
  oldest, ///< By time of modification.
  newest,
  first,      ///< In the order of the trees, then of the paths, byte by byte.
  most_names, ///< Hard links, also such outside the trees.
};

struct dedupe_options {
  tree_options tree = {};
  /// What must be equal besides the contents. Of times, that of modification; links and flags do
  /// not count.
  aspect match = aspect::mode | aspect::ownership | aspect::xattr | aspect::acl;
  dedupe_by by = dedupe_by::automatic;
  algorithms::keep keep = keep::oldest;
  std::uint64_t min_size = 1;                ///< Bytes. Empty files are never taken for equal.
  std::optional<std::uint32_t> owner = {};   ///< Only files of this user.
  const path_filter* filter = nullptr;       ///< Borrowed. Nothing: all.
  hash_caching caching = hash_caching::none; ///< Where hashes are remembered; see hash_cache.hpp.
  /// How long a file that is in use is waited for.
  afio::deadline retry = afio::deadline::in(std::chrono::seconds(0));
};

namespace dedupe_detail {
struct contents_of_plan;
}

/// A file of a group: its names below the trees.
struct duplicate_file {
  std::vector<std::string> paths; ///< Each begins with the name of its tree. Sorted.
  std::uint64_t links = 0;        ///< As many names it has in all; the others are elsewhere.
  std::uint64_t allocated = 0;    ///< Bytes on the device.
};

/// Files of equal contents on one file system.
struct duplicate_group {
  std::uint64_t size = 0;            ///< Of each, in bytes.
  std::vector<duplicate_file> files; ///< The one that is kept comes first.

  /// What is given back at the most: by sharing, the blocks of all but the first; else of those of
  /// them whose names are all known. (What shares its blocks already is not known here.)
  std::uint64_t reclaimable(dedupe_by how) const noexcept;
};

struct dedupe_report;

/// What was found, to be carried out by dedupe(). The roots must stay open until then. Moves only.
class dedupe_plan {
public:
  dedupe_plan(dedupe_plan&&) noexcept;
  dedupe_plan& operator=(dedupe_plan&&) noexcept;
  ~dedupe_plan();

  std::size_t groups() const noexcept;
  /// For people and scripts. Throws std::bad_alloc.
  duplicate_group group(std::size_t index) const;

  std::uint64_t files = 0;      ///< Regular files looked at: inodes.
  std::uint64_t duplicates = 0; ///< Files besides those that are kept.
  std::uint64_t failures = 0;   ///< Told to the observer.
  algorithms::stopped stopped = algorithms::stopped::no;

private:
  friend result<dedupe_plan> find_duplicates(std::span<const walk_root>, const dedupe_options&,
                                             observer&) noexcept;
  friend result<dedupe_report> dedupe(const dedupe_plan&, const dedupe_options&,
                                      observer&) noexcept;
  explicit dedupe_plan(std::unique_ptr<dedupe_detail::contents_of_plan> of) noexcept;

  std::unique_ptr<dedupe_detail::contents_of_plan> of_;
};

/// Finds the groups of files below `trees` that have equal contents and equal metadata, as far as
/// options.match says, and are on one file system. By size, then by hash: files up to 128 KiB are
/// read once, of longer ones first both ends, and the whole only where those are equal. Two files
/// of one hash are taken for equal here; dedupe() compares bytes. Reads only; times of access stay
/// where the kernel allows it. A file that cannot be read is told and left out, and one that
/// changes meanwhile is left out. With a cache, files that have a valid record are not read, and
/// others get one. ".spookyhashes" is no candidate.
///
/// Memory: about 180 bytes and its name for each file of at least min_size. Threads as walk().
/// Fails only if a root cannot be opened or memory is short.
result<dedupe_plan> find_duplicates(std::span<const walk_root> trees, const dedupe_options& options,
                                    observer& told) noexcept;

struct dedupe_report {
  std::uint64_t files = 0;     ///< That were replaced, or share their blocks now.
  std::uint64_t names = 0;     ///< Names that were made names of another file.
  std::uint64_t reclaimed = 0; ///< Bytes given back: of files whose last name went; or shared.
  std::uint64_t changed = 0;   ///< Files left alone because they are no duplicates any more.
  std::uint64_t busy = 0;      ///< Files left alone because somebody has them open for writing.
  std::uint64_t failures = 0;  ///< Told; so are the busy ones, which do not count here.
  algorithms::stopped stopped = algorithms::stopped::no;
};

/// Carries out a plan that was made with the same options. Of each pair of files:
///
///  - Both are opened below their directories, which are opened again downward from the roots and
///    must be those that were walked.
///  - Both are put under a read lease, which the kernel refuses while anybody has the file open for
///    writing, or has it mapped so: such a file is told as busy (EBUSY) and left alone. While the
///    lease is held, who opens the file for writing waits, and we hear of it and let go. Where a
///    file system has no leases (some network ones), nothing guards against a writer: linking is
///    refused there (EOPNOTSUPP), sharing is not, since there the kernel compares.
///  - What must match is compared again, and every byte.
///  - linking: the kept file gets a random private name beside the duplicate's, which must be the
///    duplicate's still, and the two are exchanged. What came out must be what was compared,
///    unchanged, and its lease unbroken; else they are exchanged back. (If somebody has come to the
///    kept file by then, who would lose what he does, what came out stays there under a name that
///    nothing deletes, "afio-kept-", which the failure tells.) Whoever comes to the kept file from
///    then on finds the two one already. A millisecond later, or sixteen files, that lease is
///    looked at again, because who opens a file is for a moment between its name and its lease;
///    then the private name goes. So at every moment, and after every kill, the name is there with
///    those contents. A kill may leave private names (random_name.hpp) beside it. When the kept
///    file can have no more names (EMLINK), the next is kept.
///  - sharing: the kernel compares and shares (FIDEDUPERANGE), in one step; what is shared already
///    is not shared again. Metadata stay, times too.
///
/// The times of directories in which names were exchanged are set back to what they were before.
/// Metadata that somebody changes through an open file in the moment of the exchange may be lost,
/// and so may an extended attribute or ACL that he sets by the name.
/// What was done is told as event_kind::linked or event_kind::shared, `to` naming the kept file.
result<dedupe_report> dedupe(const dedupe_plan& plan, const dedupe_options& options,
                             observer& told) noexcept;

} // namespace afio::algorithms
