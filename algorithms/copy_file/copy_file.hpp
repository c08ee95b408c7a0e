// Copies one file, with all that belongs to it, so that nobody ever sees half of it.
#pragma once

#include "afio/directory_handle.hpp"
#include "algorithms/file_metadata.hpp"
#include "algorithms/observer.hpp"

#include <chrono>
#include <cstdint>
#include <stop_token>

namespace afio::algorithms {

/// Whether the copy shares blocks with its source.
enum class reflink : std::uint8_t {
  automatic, ///< Where the file system can.
  always,    ///< Or the file fails (EOPNOTSUPP, EXDEV).
  never,
};

/// What becomes of runs of zeros.
enum class sparse : std::uint8_t {
  automatic, ///< Holes stay holes, zeros stay zeros.
  always,    ///< Blocks of zeros become holes.
  never,     ///< Holes become zeros.
};

/// What is durable when. On a file system that keeps its promises.
enum class sync : std::uint8_t {
  none,  ///< The kernel decides.
  files, ///< Contents and metadata before the name: at a power cut a name is old or new, whole.
  all,   ///< The names, too, when the call returns.
};

struct copy_file_options {
  aspect preserve = aspect::all;
  algorithms::reflink reflink = algorithms::reflink::automatic;
  algorithms::sparse sparse = algorithms::sparse::automatic;
  algorithms::sync sync = algorithms::sync::none;
  enum class verify : std::uint8_t {
    no,
    contents, ///< Both are read again and compared, byte by byte, before the copy gets its name.
  } verify = verify::no;
  /// How long a source that changes while it is copied is tried again.
  afio::deadline retry = afio::deadline::in(std::chrono::seconds(1));
  /// Permissions that a copy does not get where its mode is not kept.
  std::uint16_t umask = 0077;
  unsigned threads = 1; ///< For files beyond 64 MiB.
  std::stop_token stop = {};
};

/// How the contents came over.
enum class copied_by : std::uint8_t { sharing, kernel, buffer };

struct copied_file {
  std::uint64_t bytes = 0; ///< The size of the source.
  copied_by how = copied_by::buffer;
  bool replaced = false; ///< The name existed.
  stat_t source;         ///< As it was before and after it was read.
  identity made;         ///< The copy, whatever its name means by now.
};

/// Copies the regular file `name` of `from` to `new_name` of `to`, replacing a file of that name
/// (not a directory: EISDIR) in one instant.
///
/// The source is held before it is looked at, must be regular (EINVAL for a fifo, socket or device,
/// ELOOP for a symlink, EISDIR), and is only then opened: nothing blocks. The copy is born without
/// a name and private (0600), else under a random name; gets contents, owner, attributes, ACLs,
/// mode, flags and times, in this order; and then its name. The source is compared with what it was
/// before (size, modified, changed): if it has changed, all is done again until options.retry is
/// spent, then errc::kept_changing. A writer that writes through a mapping may show too late for
/// that. ECANCELED after a stop.
///
/// On failure `to` is as it was, unless it is the name's durability (sync::all) that failed. What
/// could not be kept of the metadata is told to `told` and is no failure. Allocates its buffers:
/// 256 KiB for contents, 128 KiB for attributes.
result<copied_file> copy_file(const path_handle& from, leaf_name name, const path_handle& to,
                              leaf_name new_name, const copy_file_options& options,
                              loss_listener& told) noexcept;

} // namespace afio::algorithms
