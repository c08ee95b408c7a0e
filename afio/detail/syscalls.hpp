// The one door to the kernel. Each function is one call: it retries EINTR, turns errno into an
// error once, and can be made to fail or stop by a test (fault.hpp). Nothing else in afio calls the
// kernel about files; descriptors leave this layer only inside a `descriptor`.
//
// Names are `const char*`, NUL-terminated, relative to a directory descriptor. No function here
// allocates unless it fails. All are safe from any thread.
#pragma once

#include "afio/detail/descriptor.hpp"
#include "afio/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/uio.h>

struct fiemap;

namespace afio::detail::sys {

/// The kernel's struct pm_scan_arg, which headers older than Linux 6.7 lack.
struct page_scan {
  std::uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted,
      category_mask, category_anyof_mask, return_mask;
};

/// And its struct page_region: addresses.
struct page_region {
  std::uint64_t start, end, categories;
};

/// How a name may be resolved; the values are openat2's RESOLVE_ flags.
enum class resolve : std::uint64_t {
  anywhere = 0,
  /// One component, no symlink, no magic link; a mount point is entered.
  single = 1,
  /// The same, and a mount point is refused (EXDEV).
  single_same_mount = 2,
};

/// openat2, and where the kernel or a filter has none (ENOSYS, or EPERM from old seccomp policies),
/// openat with O_NOFOLLOW: the same for one component, but that a mount point is entered, which
/// callers find by comparing mount ids.
result<descriptor> open(const descriptor& dir, const char* name, int flags, mode_t mode,
                        resolve how) noexcept;
/// The same for an existing file; where there is none, success with a descriptor that is not open.
/// So asking does not allocate.
result<descriptor> open_if_exists(const descriptor& dir, const char* name, int flags,
                                  resolve how) noexcept;
/// Opens the file behind an O_PATH descriptor again with `flags`, race-free.
result<descriptor> reopen(const descriptor& file, int flags) noexcept;
/// The directory of the process's own descriptors, by O_PATH. ENOSYS where it is not the kernel's.
result<descriptor> open_descriptor_table() noexcept;
/// As reopen above, by a name in that directory.
result<descriptor> reopen(const descriptor& table, const descriptor& file, int flags) noexcept;
/// A file in memory that has no name anywhere.
result<descriptor> open_memory() noexcept;
/// The number is the lowest free one from `least` on.
result<descriptor> duplicate(const descriptor& file, unsigned least = 0) noexcept;
/// Reports what close reports (EIO, ENOSPC, EDQUOT of delayed writes). The descriptor is gone
/// either way.
result<void> close(descriptor file) noexcept;
result<int> status_flags(const descriptor& file) noexcept;
result<void> set_status_flags(const descriptor& file, int flags) noexcept;
/// Whether those bytes, or with a length of 0 all from `at` on, are locked by this open of the file
/// now, as `kind` says, F_RDLCK or F_WRLCK (F_OFD_SETLK): not where another open of it has a lock
/// that does not go with it. Does not wait.
result<bool> try_lock(const descriptor& file, int kind, off_t at, off_t bytes) noexcept;
/// The same, once nothing is in the way any more (F_OFD_SETLKW).
result<void> lock(const descriptor& file, int kind, off_t at, off_t bytes) noexcept;
/// No failure where there is no lock.
result<void> unlock(borrowed_descriptor file, off_t at, off_t bytes) noexcept;
/// The signal that the kernel sends when somebody waits for a lease of `file` (F_SETSIG).
result<void> set_signal(const descriptor& file, int signal) noexcept;
/// Whether this open of the file has a lease of that kind, F_RDLCK or F_WRLCK, now: not where the
/// kernel refuses it for what somebody else has open or mapped. Does not wait.
result<bool> try_lease(const descriptor& file, int kind) noexcept;
/// The kind that will be left of it when all who wait for it have been let in, or F_UNLCK.
result<int> lease(const descriptor& file) noexcept;
/// No failure where there is none any more.
result<void> drop_lease(const descriptor& file) noexcept;

/// With an empty name: of `dir` itself. Never follows a symlink, never triggers an automount.
result<void> statx(const descriptor& dir, const char* name, unsigned mask,
                   struct ::statx& out) noexcept;
result<void> statfs(const descriptor& file, struct ::statfs& out) noexcept;

/// Bytes of linux_dirent64 records in `buffer`; 0 at the end of the directory.
result<std::size_t> list(const descriptor& dir, std::span<std::byte> buffer) noexcept;
result<off_t> seek(const descriptor& file, off_t offset, int whence) noexcept;
result<std::size_t> read_link(const descriptor& dir, const char* name,
                              std::span<char> buffer) noexcept;

result<void> unlink(const descriptor& dir, const char* name, int flags) noexcept;
/// The same for a name that may be gone already: then, too, the goal is met.
result<void> unlink_if_exists(const descriptor& dir, const char* name) noexcept;
result<void> rename(const descriptor& from, const char* name, const descriptor& to,
                    const char* new_name, unsigned flags) noexcept;
/// Gives the inode behind `file` another name.
result<void> link(const descriptor& file, const descriptor& to, const char* new_name) noexcept;
/// The same to what the entry `name` of `dir` is, never what a symlink points to.
result<void> link(const descriptor& dir, const char* name, const descriptor& to,
                  const char* new_name) noexcept;
result<void> symlink(const char* target, const descriptor& dir, const char* name) noexcept;
result<void> make_directory(const descriptor& dir, const char* name, mode_t mode) noexcept;
/// A fifo, a socket or a device, as the type in `mode` says. Less the umask.
result<void> make_node(const descriptor& dir, const char* name, mode_t mode, dev_t device) noexcept;
/// Of `dir` itself where the name is empty (also O_PATH); never of what a symlink points to.
result<void> change_mode(const descriptor& dir, const char* name, mode_t mode) noexcept;
/// Of the file behind any descriptor, O_PATH and symlinks included. An id of -1 stays as it is.
result<void> change_owner(const descriptor& file, uid_t owner, gid_t group) noexcept;
/// The same of its times of access and modification.
result<void> change_times(const descriptor& file, const timespec& accessed,
                          const timespec& modified) noexcept;
/// The flags that chattr sets; `file` must be open for reading.
result<int> inode_flags(const descriptor& file) noexcept;
result<void> set_inode_flags(const descriptor& file, int flags) noexcept;

result<std::size_t> read(const descriptor& file, std::span<std::byte> into, off_t at) noexcept;
result<std::size_t> write(const descriptor& file, std::span<const std::byte> from,
                          off_t at) noexcept;
/// The same of several buffers.
result<std::size_t> read(const descriptor& file, std::span<const iovec> into, off_t at) noexcept;
result<std::size_t> write(const descriptor& file, std::span<const iovec> from, off_t at) noexcept;
result<void> sync_all(const descriptor& file) noexcept;
result<void> sync_data(const descriptor& file) noexcept;
/// Everything on the file system that `file` is on.
result<void> sync_file_system(const descriptor& file) noexcept;
/// Starts write-back of a range. Not durable.
result<void> start_write_back(const descriptor& file, off_t at, off_t bytes) noexcept;
result<void> truncate(const descriptor& file, off_t size) noexcept;
result<void> allocate(const descriptor& file, int mode, off_t at, off_t bytes) noexcept;
result<void> clone_range(const descriptor& from, off_t at, off_t bytes, const descriptor& to,
                         off_t to_at) noexcept;
/// Makes a range of `to` share the blocks of `from` if the bytes of both are equal, which the
/// kernel sees to under its locks (FIDEDUPERANGE). Bytes shared: 0 where they differ.
result<std::size_t> share_equal(const descriptor& from, off_t at, std::size_t bytes,
                                const descriptor& to, off_t to_at) noexcept;
/// FIEMAP: `request` says what is asked for and holds the answer, with the extents behind it.
result<void> map_extents(const descriptor& file, struct ::fiemap& request) noexcept;
/// Maps so many bytes of `file` from `at` on, a multiple of the page size; of memory full of zeros
/// where `file` is not open and the flags say so. Protection and flags are mmap's.
result<std::span<std::byte>> map(const descriptor& file, off_t at, std::size_t bytes,
                                 int protection, int flags) noexcept;
/// Private memory full of zeros in the place of what is mapped at `where`.
result<void> map_over(std::span<std::byte> where, int protection, int flags) noexcept;
/// The same of a file, as map() does.
result<void> map_over(std::span<std::byte> where, const descriptor& file, off_t at, int protection,
                      int flags) noexcept;
/// Makes a mapping longer or shorter; flags are mremap's. With MREMAP_FIXED at `where`.
result<std::span<std::byte>> remap(std::span<std::byte> mapped, std::size_t bytes, int flags,
                                   std::byte* where = nullptr) noexcept;
result<void> protect(std::span<std::byte> mapped, int protection) noexcept;
/// madvise.
result<void> advise(std::span<const std::byte> mapped, int advice) noexcept;
/// What was stored into a shared mapping is durable, with MS_SYNC.
result<void> sync_mapped(std::span<const std::byte> mapped, int flags) noexcept;
void unmap(std::span<const std::byte> mapped) noexcept;
/// Opens a file that the kernel keeps about this process, by its name in /proc/self. ENOSYS where
/// that is not the kernel's.
result<descriptor> open_own(const char* name) noexcept;
/// The directory with a name for each size of page that can be set aside; not open where the kernel
/// has none.
result<descriptor> open_large_pages() noexcept;
/// PAGEMAP_SCAN (Linux 6.7) over `own`, the process's "pagemap": `request` says what is asked for.
/// How many regions it found.
result<std::size_t> scan_pages(const descriptor& own, page_scan& request) noexcept;
/// Bytes copied; 0 at the end of the source.
result<std::size_t> copy_range(const descriptor& from, off_t at, const descriptor& to, off_t to_at,
                               std::size_t bytes) noexcept;

/// Extended attributes of the file behind any descriptor, O_PATH and symlinks included.
result<std::size_t> list_attributes(const descriptor& file, std::span<char> buffer) noexcept;
/// The same of the entry `name` of `dir`, never of what a symlink points to.
result<std::size_t> list_attributes(const descriptor& dir, const char* name,
                                    std::span<char> buffer) noexcept;
result<std::size_t> get_attribute(const descriptor& file, const char* name,
                                  std::span<std::byte> buffer) noexcept;
/// The same of the entry `name` of `dir`; nothing where it has no such attribute, or its file
/// system has none. So asking does not allocate.
result<std::optional<std::size_t>> find_attribute(const descriptor& dir, const char* name,
                                                  const char* attribute,
                                                  std::span<std::byte> buffer) noexcept;
result<void> set_attribute(const descriptor& file, const char* name,
                           std::span<const std::byte> value, int flags) noexcept;
result<void> remove_attribute(const descriptor& file, const char* name) noexcept;

/// The path by which /proc knows the descriptor; bytes written to `buffer`.
result<std::size_t> path_of(const descriptor& file, std::span<char> buffer) noexcept;
/// Fills `buffer` from the kernel's generator.
result<void> random_bytes(std::span<std::byte> buffer) noexcept;

} // namespace afio::detail::sys
