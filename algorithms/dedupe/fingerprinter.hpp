// Reads candidates as far as it takes to tell them apart.
#pragma once

#include "algorithms/dedupe/candidate.hpp"
#include "algorithms/dedupe/directory_cache.hpp"
#include "algorithms/observer.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <stop_token>

namespace afio::algorithms::dedupe_detail {

/// A file up to this size is read whole at once; of a longer one, the ends come first. Reading 128
/// KiB costs less than opening the file a second time.
inline constexpr std::uint64_t read_at_once = 128 << 10;

/// One for each thread: it owns buffers (1.2 MiB).
class fingerprinter {
public:
  /// ENOMEM.
  static result<fingerprinter> make(const contents_of_plan& of, const dedupe_options& options,
                                    observer& told) noexcept;

  /// Reads the candidate's attributes, and its contents or their ends. What it takes for short ones
  /// is known after finish().
  void begin(candidate& one) noexcept;
  void finish() noexcept;

  /// Reads the contents of a long one.
  void read_whole(candidate& one) noexcept;

  std::uint64_t failures() const noexcept { return failures_; }

private:
  struct buffers {
    static constexpr std::size_t most = 64;
    std::array<char, 65'536> names;
    alignas(8) std::array<std::byte, 65'536> value;
    std::array<std::byte, 1 << 20> contents;
    std::size_t used = 0;
    std::size_t count = 0;
    std::array<candidate*, most> waiting;
    std::array<std::span<const std::byte>, most> messages;
    std::array<hash128, most> hashes;
  };

  fingerprinter(const contents_of_plan& of, const dedupe_options& options, observer& told,
                std::unique_ptr<buffers> b) noexcept;

  result<file_handle> open(const candidate& one) noexcept;
  template <class F>
  void with_file(candidate& one, F&& read) noexcept;
  result<void> read_attributes(candidate& one, const file_handle& file) noexcept;
  result<void> read_contents(candidate& one, const file_handle& file) noexcept;
  result<bool> read_part(const file_handle& file, extent part) noexcept;

  const contents_of_plan* of_;
  const dedupe_options* options_;
  observer* told_;
  std::unique_ptr<buffers> buffers_;
  directory_cache directories_;
  std::uint64_t failures_ = 0;
};

} // namespace afio::algorithms::dedupe_detail
