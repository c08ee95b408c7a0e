// Hashes single files, with a cache.
#pragma once

#include "algorithms/hash/hash_cache.hpp"
#include "algorithms/observer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>

namespace afio::algorithms {

struct file_hashing {
  hash_caching caching = hash_caching::none;
  /// How long a file that changes while it is read is read again.
  afio::deadline retry = afio::deadline::in(std::chrono::seconds(1));
  std::stop_token stop = {};    ///< Asked between two reads.
  progress* counters = nullptr; ///< Bytes read are added. Borrowed.
};

struct file_hash {
  hash128 hash;
  std::uint64_t size = 0; ///< Bytes that were hashed.
  bool from_cache = false;
};

/// A file that is to be hashed together with others.
struct hashing_file {
  leaf_name name;
  opened_file opened;
  side_hashes* beside = nullptr;
  std::optional<file_hash> hash;
};

/// One for each thread: it owns a buffer of 256 KiB; larger ones are no faster. Of cached files,
/// one thread copies 7.6 GB/s to it, and copies and hashes 4.9; of eight that are mapped, it
/// hashes 8.
class file_hasher {
public:
  /// ENOMEM.
  static result<file_hasher> make(const file_hashing& how) noexcept;

  hash_cache& cache() noexcept { return cache_; }

  /// The hash of a regular file that is open for reading alone, and has that status: read, from its
  /// beginning to its end, and recorded if that can be. `name` is for errors. `beside` as in
  /// hash_cache. errc::kept_changing if it changed while it was read for as long as `retry` says,
  /// ECANCELED after a stop. Does not allocate but in side_hashes.
  result<file_hash> hash(opened_file& file, std::string_view name, side_hashes* beside) noexcept;

  /// The same of the entry `name` of `dir` with that status, on whatever mount, which is neither
  /// opened nor read where there is a record. Never opens anything but a regular file (EINVAL,
  /// ELOOP), nor follows a symlink, nor moves the time of access where the kernel allows it.
  /// errc::raced if it is another file than that status is of.
  result<file_hash> hash(const path_handle& dir, leaf_name name, const stat_t& status,
                         side_hashes* beside) noexcept;

  /// Files from this size on are worth hashing together.
  static constexpr std::uint64_t worth_together = 1 << 20;
  /// How many; 1 where the processor has no instructions for more.
  static std::size_t most_together() noexcept;

  /// Sets the hash of each of `files`, of which there are at most most_together(), if it can: as
  /// hash() does, but several at once, out of memory that they are mapped to (1 MiB of each). What
  /// has none afterwards is to be hashed alone: it has changed or could not be read or mapped, or a
  /// stop was asked for.
  void hash_together(std::span<hashing_file> files) noexcept;

private:
  static constexpr std::size_t buffer_size = 262'144;

  file_hasher(const file_hashing& how, std::unique_ptr<std::byte[]> b) noexcept
      : how_(how), cache_(how.caching), buffer_(std::move(b)) {}

  static void finish(hashing_file& file, const hash128& hash) noexcept;
  result<file_hash> read(file_handle& file, std::uint64_t size, bool& watched) noexcept;

  file_hashing how_;
  hash_cache cache_;
  std::unique_ptr<std::byte[]> buffer_;
};

} // namespace afio::algorithms
