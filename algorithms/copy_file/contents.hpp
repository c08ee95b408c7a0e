// The bytes of a file, into another one that is empty.
#pragma once

#include "afio/file_handle.hpp"
#include "algorithms/copy_file/copy_file.hpp"

#include <atomic>
#include <cstddef>
#include <memory>

namespace afio::algorithms::copy_detail {

/// The large files that are being copied at this moment: they have the threads between them. (Two
/// threads that write one file wait for each other; two that write two do not.)
using large_files = std::atomic<unsigned>;

/// Fills new files: by sharing blocks, else by a copy inside the kernel, extent by extent, else
/// through a buffer. Remembers what a pair of file systems cannot do. One for each worker.
class contents_copier {
public:
  /// `options`, `counters`, which may be null, and `large`, which all workers have in common, are
  /// borrowed. ENOMEM.
  static result<contents_copier> make(const copy_file_options& options, progress* counters,
                                      large_files& large) noexcept;

  /// Copies what `from`, whose status is `status`, holds up to the size that this says, into the
  /// empty `to`, which is on the device `to_device`. Less where `from` has become shorter; whether
  /// it has changed is for the caller to find out. ECANCELED if it was asked to stop.
  result<copied_by> fill(const file_handle& from, const stat_t& status, file_handle& to,
                         std::uint64_t to_device) noexcept;

  /// Whether both hold the same `size` bytes. Reads both, once.
  result<bool> equal(const file_handle& a, const file_handle& b, std::uint64_t size) noexcept;

private:
  /// Two file systems by their devices.
  struct pair {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    friend bool operator==(const pair&, const pair&) noexcept = default;
  };

  contents_copier(const copy_file_options& options, progress* counters, large_files& large) noexcept
      : options_(&options), counters_(counters), large_(&large) {}

  result<bool> share(const file_handle& from, file_handle& to) noexcept;
  result<void> copy_data(const file_handle& from, const stat_t& status, file_handle& to) noexcept;
  result<void> copy_extent(const file_handle& from, extent part, file_handle& to) noexcept;
  result<void> copy_steps(const file_handle& from, extent part, file_handle& to,
                          buffer through) noexcept;
  result<void> copy_large(const file_handle& from, extent part, file_handle& to) noexcept;
  result<std::uint64_t> copy_part(const file_handle& from, extent part, file_handle& to,
                                  buffer through) noexcept;
  result<std::uint64_t> copy_through(const file_handle& from, extent part, file_handle& to,
                                     buffer through) noexcept;
  result<void> copy_made_up(const file_handle& from, file_handle& to) noexcept;
  result<void> write_data(const_buffer data, std::uint64_t offset, file_handle& to) noexcept;
  void ends_at(std::uint64_t offset) noexcept;
  bool stopping() const noexcept;
  void count(std::uint64_t bytes) noexcept;

  const copy_file_options* options_;
  progress* counters_;
  large_files* large_;
  std::unique_ptr<std::byte[]> buffer_;
  pair here_;       // Of the file being filled.
  pair no_sharing_; // Where it was tried in vain.
  pair no_kernel_;
  // Of the file being filled; set by any of its threads, through atomic_ref.
  bool kernel_copied_ = false;
  bool kernel_refused_ = false;
  std::uint64_t end_ = 0;       // Its size, or where it is found to end before.
  bool may_end_before_ = false; // It has no blocks, as what is made up.
};

} // namespace afio::algorithms::copy_detail
