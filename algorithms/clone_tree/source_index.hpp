// What the source's files were when their copies were made, by the inodes of the copies.
//
// A file of the same size whose time of modification was set back looks unchanged. Its time of
// change (ctime), which nobody can set, and its inode tell; but a copy cannot have those. So they
// are kept beside the copies.
#pragma once

#include "afio/path_handle.hpp"
#include "afio/stat.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace afio::algorithms {

class source_index {
public:
  source_index() noexcept;
  source_index(source_index&& other) noexcept;
  source_index& operator=(source_index&& other) noexcept;
  ~source_index();

  /// Reads what save() has written as `name` of `dir`. ENOENT where nothing was; EILSEQ where it is
  /// something else, or damaged. ENOMEM. 32 bytes of memory a file.
  static result<source_index> load(const path_handle& dir, leaf_name name) noexcept;
  /// Writes all of it as `name` of `dir`, in place of what is there, in one instant and durably.
  result<void> save(const path_handle& dir, leaf_name name) noexcept;

  /// What is known of the file that was copied to the inode `copy`.
  enum class verdict : std::uint8_t {
    unknown,
    same,    ///< Its source is this one, and has not changed since.
    changed, ///< Its source was another file, or has changed since.
  };
  verdict of(const identity& copy, const stat_t& source) const noexcept;

  /// Notes that the file whose status is `source` was copied to the inode `copy`. By any thread;
  /// what was noted is found after save() and load(). Throws std::bad_alloc.
  void note(const identity& copy, const stat_t& source);

  std::size_t size() const noexcept { return records_.size(); }

private:
  struct record {
    std::uint64_t copy;
    std::uint64_t source;
    std::int64_t changed_seconds;
    std::uint32_t changed_nanoseconds;
    std::uint32_t device; ///< The source's, folded.
  };

  static record record_of(const identity& copy, const stat_t& source) noexcept;

  std::vector<record> records_; // Of load(): sorted by copy.
  std::mutex lock_;
};

} // namespace afio::algorithms
