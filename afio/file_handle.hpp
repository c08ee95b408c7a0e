// A regular file: contents, size, extents and holes.
#pragma once

#include "afio/deadline.hpp"
#include "afio/descriptor_table.hpp"
#include "afio/file_lock.hpp"
#include "afio/io_handle.hpp"
#include "afio/path_handle.hpp"

#include <cstdint>
#include <optional>

namespace afio {

/// Whether reading moves the time of access.
enum class access_time : std::uint8_t {
  update, ///< As the mount says.
  keep,   ///< Not, where the kernel allows it: for the owner and CAP_FOWNER. Else as update.
};

/// How to open a file; named at the call: `{.mode = mode::write, .creation = creation::if_needed}`.
struct file_options {
  afio::mode mode = afio::mode::read;
  afio::creation creation = afio::creation::open_existing;
  afio::caching caching = afio::caching::all;
  /// Of a file that is made, less the umask. Private unless said otherwise.
  std::uint16_t permissions = 0600;
  afio::access_time access_time = afio::access_time::update;
};

/// What clone_extents does where blocks cannot be shared.
enum class sharing : std::uint8_t {
  require, ///< EOPNOTSUPP, EXDEV or EINVAL.
  prefer,  ///< Copies inside the kernel instead; between two file systems that is EXDEV, too.
};

/// What a lease is to tell of.
enum class lease : std::uint8_t {
  read,  ///< Somebody wants to write: opens the file for that, or truncates it by its name.
  write, ///< Somebody wants to read or write it.
};

struct opened_file;

class file_handle : public io_handle {
public:
  file_handle() noexcept = default;

  /// Opens or makes the regular file `name` of `base`. Never follows a symlink (ELOOP), never opens
  /// anything but a regular file: a fifo, socket or device is found out before it can block or act
  /// (EINVAL; EISDIR for a directory).
  static result<file_handle> file(const path_handle& base, leaf_name name,
                                  file_options options = {}) noexcept;
  /// The same for what a person typed: symlinks are followed, except that no file is made through
  /// one that leads nowhere (ELOOP, EEXIST).
  static result<file_handle> file(const path_handle& base, path_view path,
                                  file_options options = {}) noexcept;
  /// Opens the file that `pinned` holds, whose status, `status`, says that it is regular (else as
  /// above). creation must be open_existing (EINVAL).
  static result<file_handle> file(const fs_handle& pinned, const stat_t& status,
                                  file_options options = {}) noexcept;
  /// The same, quicker, for who opens many.
  static result<file_handle> file(const descriptor_table& own, const fs_handle& pinned,
                                  const stat_t& status, file_options options = {}) noexcept;
  /// Opens for reading the entry `name` of `base` which was seen to be a regular file, in one
  /// look-up instead of two, for who opens many. Never a symlink (ELOOP); EXDEV as `how` says. A
  /// fifo or device that somebody has put there since is opened without waiting for anything, found
  /// out and closed unread: EINVAL; EISDIR for a directory.
  static result<opened_file> seen(const path_handle& base, leaf_name name,
                                  crossing how = crossing::same_mount,
                                  afio::access_time access_time = access_time::update) noexcept;
  /// A file without a name in the file system of `dir`, 0600, gone when closed unless link() gives
  /// it a name. EOPNOTSUPP where the file system has no O_TMPFILE.
  static result<file_handle> unnamed(const path_handle& dir,
                                     afio::caching caching = afio::caching::temporary) noexcept;

  /// A file in memory, on no file system that has names; gone when closed.
  static result<file_handle> in_memory() noexcept;

  /// Another handle to the same file, with its own mode and caching. EACCES as for an open.
  result<file_handle> clone(afio::mode mode, afio::caching caching) const noexcept;

  afio::caching caching() const noexcept { return caching_; }

  /// As handle::close, after a barrier where caching is safety_barriers.
  result<void> close() noexcept;
  /// Asks for the errors of delayed writes that some file systems (NFS, FUSE) report only as a file
  /// is closed: EIO, ENOSPC, EDQUOT. The handle stays open, and nothing is made durable. Two system
  /// calls.
  result<void> flush() const noexcept;

  /// Locks bytes of the file, be they behind its end, against others that lock: whoever does not
  /// ask for locks reads and writes as ever. Waits while another handle, of this process or any
  /// other, has a lock of any of these bytes that does not go with this one, until the deadline:
  /// ETIMEDOUT then, from fcntl; deadline::in(0s) tries once. Who waits without a limit sleeps in
  /// the kernel and is woken; who has a deadline looks again and again, every millisecond at the
  /// least, after a first look which is before the clock starts. Nobody is promised a turn. A
  /// signal is no reason to give up. Success allocates nothing.
  ///
  /// The lock is the open file description's (F_OFD_SETLK): that of this handle, not of the thread
  /// or process. So threads that use one handle do not exclude each other, those with a clone()
  /// each do; closing other handles of the file changes nothing; a child that was forked has it,
  /// too: either may unlock it for both, and if none does, it is held until both have closed the
  /// handle. It is freed when the handle is closed, or its process killed. Locks of fcntl's other
  /// kind (F_SETLK, lockf) are excluded by it, those of flock are not, but on network file systems.
  ///
  /// A handle has one kind of lock of each byte: taking another one replaces it, at once and with
  /// nobody in between, for the bytes that are asked for; the rest stays as it was. What it had is
  /// kept while it waits, and when it fails. So two that have a shared lock and both want an
  /// exclusive one wait for each other. No deadlock is ever detected: have a deadline, and unlock
  /// when it is over. Likewise, unlocking frees all those bytes, however often this handle has
  /// locked them: of guards that overlap, the first to end unlocks for the others. To change the
  /// kind of a lock, take the new one and release() the old guard.
  ///
  /// EINVAL for no bytes, or where they end beyond 2^63 - 1. EBADF for a shared lock of a handle
  /// that does not read, or an exclusive one of a handle that does not write. ENOLCK where the
  /// kernel, or the server of a network file system, has no locks to give; ENOSYS or EOPNOTSUPP
  /// where the file system has none at all. A lock on a network file system can be lost when its
  /// server is out of reach for long (NFS: EIO of reads and writes from then on).
  result<file_lock> lock_file_range(extent part, lock_kind kind, deadline limit = {}) noexcept;
  /// The same for the whole file, whatever its size becomes.
  result<file_lock> lock_file(lock_kind kind, deadline limit = {}) noexcept;

  /// Takes a lease of the file: while holds_lease() says so, nobody else has it open or mapped for
  /// writing (lease::read), or at all but to name it (lease::write). Whether that worked: not where
  /// somebody has, were it through a mapping whose descriptor was closed, or another handle of this
  /// process, or this one (lease::read needs a handle that only reads). Does not wait.
  ///
  /// Whoever then opens it so waits until the lease is dropped, or for a time that is the machine's
  /// (/proc/sys/fs/lease-break-time, 45 s), after which the lease is gone. This process waits for
  /// itself, too. An open with O_NONBLOCK, as all of afio's are, fails with EAGAIN instead, and the
  /// lease is asked back all the same. The kernel tells the process by SIGURG, which by default is
  /// ignored; holds_lease() is how to ask.
  ///
  /// The lease is the open file description's: dropped when the handle is closed or its process
  /// killed (a child that was forked meanwhile keeps it); a clone() has none. One lease a handle:
  /// taking another kind changes it. EACCES for another user's file without CAP_LEASE; EINVAL,
  /// EOPNOTSUPP or ENOLCK where the file system has none; EBADF for mode::none.
  result<bool> try_lease(lease kind) noexcept;
  /// Whether this handle has a lease that is at least of that kind, and nobody waits for it. Once
  /// false, it stays so until one is taken anew. What was done while it was held is not concerned:
  /// those who wait have not come in.
  result<bool> holds_lease(lease kind) const noexcept;
  /// Lets in whoever waits. No failure where there is no lease any more.
  result<void> drop_lease() noexcept;

  /// Size in bytes now.
  result<std::uint64_t> size() const noexcept;
  /// Cuts or grows with a hole. Durable on return where caching is none, reads or safety_barriers.
  result<void> truncate(std::uint64_t bytes) noexcept;

  /// The first run of data at or behind `from`, cut at `from`; nothing when only holes follow. File
  /// systems without holes report one run. Call again from extent.end().
  result<std::optional<extent>> next_data(std::uint64_t from) const noexcept;
  /// Gives the blocks of `part` back; it reads as zeros, the size stays. EOPNOTSUPP.
  result<void> punch_hole(extent part) noexcept;
  /// Makes `part` read as zeros, by the file system where it can, else by writing them (EOPNOTSUPP
  /// then, if append-only). The file grows where part ends behind it.
  result<void> zero(extent part) noexcept;
  /// Makes `part` of this file appear at `offset` of `to`, sharing blocks where it can. Cut at the
  /// end of this file; bytes done (fewer after a failure part-way are reported as that failure).
  result<std::uint64_t> clone_extents(extent part, file_handle& to, std::uint64_t offset,
                                      sharing how = sharing::prefer) const noexcept;
  /// Makes the bytes of `to` from `offset` on share the blocks of `part` of this file, as far as
  /// they are equal, which the kernel itself makes sure of: neither file reads differently ever,
  /// whoever writes meanwhile, and no time of either changes. Bytes shared now, from the beginning
  /// of the part: it is compared 16 MiB at a time, and ends before the first such piece that has
  /// any difference; so 0 if that is the first. Failures part-way are reported as that failure.
  ///
  /// This handle must be open for reading. `to` need be open for no more than that if the caller is
  /// its owner, or may write it, or has CAP_SYS_ADMIN (EPERM). Both parts must be within their
  /// files and aligned to the file system's block, but that an end may be the end of both (EINVAL).
  /// EXDEV between file systems; EOPNOTSUPP, or from older kernels EINVAL, where blocks cannot be
  /// shared. What is shared already is compared all the same.
  result<std::uint64_t> share_equal(extent part, const file_handle& to,
                                    std::uint64_t offset) const noexcept;
  /// Makes `to`, which is empty, share the blocks of this whole file, whatever its size by then.
  /// EOPNOTSUPP, EXDEV, EINVAL.
  result<void> clone_all(file_handle& to) const noexcept;
  /// Copies `part` to `offset` of `to` inside the kernel (copy_file_range), which may share blocks.
  /// Bytes done: fewer where this file ends before, and 0 from some file systems that make contents
  /// up as they are read. Within one file, what it appends is copied, too, if the part goes so far.
  /// EXDEV, EOPNOTSUPP and EINVAL where the two file systems cannot.
  result<std::uint64_t> copy_extents(extent part, file_handle& to,
                                     std::uint64_t offset) const noexcept;

private:
  file_handle(detail::descriptor file, afio::caching caching) noexcept
      : io_handle(std::move(file)), caching_(caching) {}

  static result<file_handle> checked(detail::descriptor anchor, const file_options& options,
                                     std::string_view name) noexcept;

  afio::caching caching_ = afio::caching::all;
};

/// A file, and what it was when it was opened.
struct opened_file {
  file_handle file;
  stat_t status;
};

} // namespace afio
