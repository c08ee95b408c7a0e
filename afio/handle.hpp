// What every handle is: one open descriptor with one owner.
#pragma once

#include "afio/detail/descriptor.hpp"
#include "afio/result.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace afio {

/// What a handle may do with what it opens.
enum class mode : std::uint8_t {
  none, ///< Nothing but naming it (O_PATH): never blocks, needs no permission on the file itself.
  read,
  write,  ///< Read and write.
  append, ///< Write at the end only.
};

/// What an open makes of a name that is there, or is not. EINVAL for a mode that cannot: none makes
/// and truncates nothing, read does not truncate.
enum class creation : std::uint8_t {
  open_existing,     ///< ENOENT where it is not there.
  only_if_not_exist, ///< EEXIST where it is.
  if_needed,         ///< Opens it, or makes it.
  truncate_existing, ///< ENOENT where it is not there; else its bytes go.
};

/// How much the kernel may keep in memory, from the AFIO design. What each promises at a power cut
/// is under "durable"; a barrier (io_handle::barrier) makes any of them durable.
enum class caching : std::uint8_t {
  none,               ///< O_DIRECT and O_SYNC: no cache; each write is durable with its metadata.
  only_metadata,      ///< O_DIRECT: contents bypass the cache; not durable by itself.
  reads,              ///< O_SYNC: reads cached; each write is durable with all metadata.
  reads_and_metadata, ///< O_DSYNC: the same, without metadata that reading back does not need.
  all,                ///< The kernel's default: durable some time later.
  safety_barriers,    ///< all, and truncate() and close() each wait until the file is durable.
  temporary,          ///< all, and nobody will need it after a power cut: never waited for.
};

/// Move-only. Closed by its destructor, which has nobody to report to; call close() to hear.
/// Handles may be used by several threads at once, except while one moves, closes or assigns to it.
///
/// The kinds of handle form a tree of plain derived classes without virtual functions: a call over
/// several kinds takes the base (`const fs_handle&`) or, where kinds give one name different
/// bodies, a concept. A virtual interface would buy nothing that either lacks, and put a pointer in
/// each.
class handle {
public:
  handle() noexcept = default;

  bool is_open() const noexcept { return file_.is_open(); }

  /// Closes now. Errors of delayed writes (EIO, ENOSPC, EDQUOT) are reported; the handle is closed
  /// whatever it returns. On a handle that is not open: success.
  result<void> close() noexcept;

  /// Whether writes go to the end whatever offset they name.
  result<bool> is_append_only() const noexcept;
  /// Turns that on or off. ENOTSUP on a handle of mode::none.
  enum class appends : std::uint8_t { anywhere, only_at_end };
  result<void> set_append_only(appends how) noexcept;

  /// The path by which the kernel reaches the file at this moment, into `buffer`: for messages, not
  /// for opening (it may be another file's by then). Ends in " (deleted)" when the name is gone.
  /// ENAMETOOLONG beyond 4,095 bytes or beyond the buffer, ENOSYS without /proc. Does not allocate.
  result<std::string_view> current_path(std::span<char> buffer) const noexcept;

  /// For afio's own layers: the descriptor behind the handle.
  const detail::descriptor& native() const noexcept { return file_; }

protected:
  explicit handle(detail::descriptor file) noexcept
      : file_(static_cast<detail::descriptor&&>(file)) {}

  handle(handle&&) noexcept = default;
  handle& operator=(handle&&) noexcept = default;
  ~handle() = default;

  detail::descriptor file_;
};

} // namespace afio
