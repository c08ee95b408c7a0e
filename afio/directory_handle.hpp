// A directory whose listing can be read, streaming, into the caller's buffer.
#pragma once

#include "afio/path_handle.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace afio {

/// One entry of a listing. The name lives in the buffer that was listed into.
struct directory_entry {
  leaf_name name;
  file_type type;      ///< unknown where the file system does not say.
  std::uint64_t inode; ///< Of a mount point: of the directory below the mount.
  std::int64_t next;   ///< Where to seek() to go on behind this entry.
};

/// What one read of a listing brought: a range over the buffer, "." and ".." left out.
class directory_listing {
public:
  class iterator {
  public:
    using value_type = directory_entry;
    using difference_type = std::ptrdiff_t;
    iterator() noexcept = default;
    directory_entry operator*() const noexcept;
    iterator& operator++() noexcept;

    iterator operator++(int) noexcept {
      auto old = *this;
      ++*this;
      return old;
    }

    bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

  private:
    friend class directory_listing;

    iterator(const std::byte* at, const std::byte* end) noexcept : at_(at), end_(end) {
      skip_dots();
    }

    void skip_dots() noexcept;
    const std::byte* at_ = nullptr;
    const std::byte* end_ = nullptr;
  };

  explicit directory_listing(std::span<const std::byte> records = {}) noexcept
      : records_(records) {}

  iterator begin() const noexcept { return {records_.data(), records_.data() + records_.size()}; }

  iterator end() const noexcept {
    return {records_.data() + records_.size(), records_.data() + records_.size()};
  }

  /// No record at all, dots included: the directory has been read to its end.
  bool at_end() const noexcept { return records_.empty(); }

  /// Bytes of the buffer that were filled.
  std::size_t size_bytes() const noexcept { return records_.size(); }

private:
  std::span<const std::byte> records_;
};

/// The position in the listing belongs to the handle: two threads reading one handle share it out.
class directory_handle : public path_handle {
public:
  /// Any buffer for read() must be at least this long, so that one entry of any name fits.
  static constexpr std::size_t min_buffer = 512;

  directory_handle() noexcept = default;

  /// As path_handle's; needs read permission on the directory.
  static result<directory_handle> directory(const path_handle& base, path_view path) noexcept;
  static result<directory_handle> directory(const path_handle& base, leaf_name name,
                                            crossing how = crossing::same_mount) noexcept;
  /// Opens the directory that `anchor` holds, by itself and not by any name, at its beginning.
  static result<directory_handle> directory(const path_handle& anchor) noexcept;

  /// The next part of the listing, as much as the buffer takes. at_end() after the last part. An
  /// error (EIO) is never an end. Entries made or removed meanwhile may be there or not; no other
  /// is missed or comes twice. ENAMETOOLONG where a name has more than 255 bytes, as vfat's may:
  /// such a part cannot be listed. `buffer` must be aligned to 8 bytes. One getdents64; no
  /// allocation.
  result<directory_listing> read(std::span<std::byte> buffer) const noexcept;
  /// Goes on behind the entry whose `next` this is, also on another handle to the directory; 0 is
  /// the beginning.
  result<void> seek(std::int64_t next) const noexcept;

  /// Returns when all changes of names in this directory are durable.
  result<void> barrier() const noexcept;
  /// Returns when everything on the file system of this directory is durable (syncfs): cheaper than
  /// a barrier for each of many files. What could not be written (EIO, ENOSPC) since this handle
  /// was opened is reported once, be it of files that are closed by now: so it is opened before
  /// they are written.
  result<void> sync_file_system() const noexcept;

protected:
  using path_handle::path_handle;
};

} // namespace afio
