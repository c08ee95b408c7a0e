// Makes holes of the zeros in one file after another.
#pragma once

#include "afio/file_handle.hpp"
#include "algorithms/holes/punch_options.hpp"
#include "algorithms/holes/zero_runs.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace afio::algorithms {

/// What was done to one file.
struct punched {
  std::uint64_t bytes = 0; ///< That are holes now, or would be.
  bool busy = false;       ///< Somebody has it open, or wanted it: there may be more zeros.
};

/// How many large files are being worked on in all workers.
using large_files = std::atomic<unsigned>;

/// A worker has one of its own. No byte of a file ever reads differently, whoever writes it
/// meanwhile:
///
///  - Where the file system shares blocks (btrfs, xfs), the kernel itself compares with a hole
///    before it shares that (file_handle::share_equal). The file may be in use. No time of it
///    changes.
///  - Else a write lease keeps everybody else out from before the zeros are looked at until they
///    are punched. Where somebody has the file open, it is busy; who comes meanwhile waits for some
///    milliseconds, and the work on that file ends. `modified` is put back, `changed` is now. The
///    kernel would take capabilities, setuid and setgid from the file: one that has any of them is
///    refused (errc::refused) and left alone.
///
/// A process that is stopped for longer than the kernel waits for a lease to be given back (45 s),
/// just between the look at the lease and the punching, would be too late.
class file_puncher {
public:
  /// Borrows both. ENOMEM.
  static result<file_puncher> make(const punch_options& options, large_files& large) noexcept;

  /// Works on `file`, which is open for reading, and was `status` then. `dir` is on its file
  /// system, and any file without a name may be made in it. ECANCELED if asked to stop; other
  /// failures are of this file. What was punched before a failure stays, and is not told.
  result<punched> punch(const path_handle& dir, file_handle file, const stat_t& status) noexcept;

private:
  explicit file_puncher(const punch_options& options, large_files& large) noexcept
      : options_(&options), large_(&large) {}

  struct work;
  result<void> begin(work& on, const path_handle& dir, const extent& first) noexcept;
  result<bool> share_first(work& on, const path_handle& dir, const extent& first) noexcept;
  result<bool> prepare_hole(const path_handle& dir, std::uint64_t device) noexcept;
  result<bool> take_lease(work& on) noexcept;
  result<void> give_lease_back(work& on) noexcept;
  result<void> punch_rest(work& on) noexcept;
  result<void> punch_in_turn(work& on) noexcept;
  result<void> punch_beside(work& on) noexcept;
  result<void> give(work& on, const extent& run) noexcept;
  result<void> share(work& on, const extent& run) noexcept;

  const punch_options* options_;
  large_files* large_;
  std::unique_ptr<std::byte[]> buffer_;
  file_handle hole_; ///< Without a name, and with nothing but a hole in it.
  std::optional<std::uint64_t> hole_device_;
  std::optional<std::uint64_t> no_sharing_; ///< The last device where blocks cannot be shared.
  std::optional<std::uint64_t> block_device_;
  std::uint64_t block_ = 0;
};

} // namespace afio::algorithms
