// Reads candidates as far as it takes to tell them apart.
#pragma once

#include "algorithms/dedupe/candidate.hpp"
#include "algorithms/dedupe/directory_cache.hpp"
#include "algorithms/dedupe/side_files.hpp"
#include "algorithms/hash/file_hasher.hpp"
#include "algorithms/observer.hpp"

#include <array>
#include <cstddef>
#include <memory>

namespace afio::algorithms::dedupe_detail {

/// A file up to this size is read whole at once; of a longer one, the ends come first. Reading 128
/// KiB costs less than opening the file a second time.
inline constexpr std::uint64_t read_at_once = 128 << 10;

/// What the workers of one search share. Borrowed.
struct fingerprinting {
  const contents_of_plan& plan;
  const dedupe_options& options;
  observer& told;
  side_files beside;
};

/// One for each thread: it owns buffers (1.5 MiB).
class fingerprinter {
public:
  /// ENOMEM.
  static result<fingerprinter> make(fingerprinting& shared) noexcept;

  /// Reads the candidate's attributes, and its contents or their ends, unless the cache knows them.
  /// What it read of contents is known after finish().
  void begin(candidate& one) noexcept;
  void finish() noexcept;

  /// Reads the contents of a long one.
  void read_whole(candidate& one) noexcept;

  std::uint64_t failures() const noexcept { return failures_; }

private:
  /// What was read of a candidate, to be hashed together with others.
  struct waiting_file {
    candidate* of;
    std::span<const std::byte> contents;
    file_handle watched; ///< Open as long as its hash is to be recorded; else closed.
    stat_t status;
    side_hashes* beside;
  };

  struct buffers {
    static constexpr std::size_t most = 64;
    std::array<char, 65'536> names;
    alignas(8) std::array<std::byte, 65'536> value;
    std::array<std::byte, 1 << 20> contents;
    std::size_t used = 0;
    std::size_t count = 0;
    std::array<waiting_file, most> waiting;
    std::array<hash128, most> hashes;
  };

  fingerprinter(fingerprinting& shared, file_hasher&& files, std::unique_ptr<buffers> b) noexcept;

  /// An open file, and where its hash may be recorded.
  struct opened_candidate {
    opened_file opened;
    leaf_name name;
    side_hashes* beside;
  };

  result<opened_candidate> open(const candidate& one) noexcept;
  result<opened_candidate> open(const found_file& name) noexcept;
  template <class F>
  void with_file(candidate& one, F&& read) noexcept;
  bool is_in_cache(candidate& one) noexcept;
  bool attributes_count() const noexcept;
  bool counts(const char* attribute) const noexcept;
  result<void> read_attributes(candidate& one, const file_handle& file) noexcept;
  result<void> read_contents(candidate& one, opened_candidate& from) noexcept;
  result<bool> read_part(const file_handle& file, extent part) noexcept;

  fingerprinting* shared_;
  file_hasher files_;
  std::unique_ptr<buffers> buffers_;
  directory_cache directories_;
  std::uint64_t failures_ = 0;
};

} // namespace afio::algorithms::dedupe_detail
