// A file in a directory which says what the others in it hash to: ".spookyhashes".
//
// A header of 32 bytes, then hash_record.hpp's records, sorted by inode, of which each comes once.
// No names are needed: what takes a file's name does not get its record. All numbers are
// little-endian:
//
//     offset  bytes
//          0      8  "afioSPKY"
//          8      4  version, 1
//         12      4  bytes of a record, 56
//         16      8  how many records follow
//         24      8  checksum: spooky_hash64 of them, the count being the seed
//
// A file that is not exactly so is ignored, and replaced when there is something to save: the name
// is afio's. Who may write the directory may put any records there; hash_cache.hpp says what
// believing them is worth.
#pragma once

#include "afio/path_handle.hpp"
#include "algorithms/hash/hash_record.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace afio::algorithms {

namespace hash_detail {

inline constexpr std::size_t side_header_size = 32;

/// The records in the bytes of such a file; nothing if it is none.
std::optional<std::span<const std::byte>> side_records(std::span<const std::byte> file) noexcept;

/// Makes a file of sorted records with room for the header before them.
void finish_side_file(std::span<std::byte> file) noexcept;

} // namespace hash_detail

/// The records of one directory. Any thread may find(), any may note(); load() and save() are for
/// one at a time. Holds the whole file in memory.
class side_hashes {
public:
  static constexpr std::string_view file_name = ".spookyhashes";

  side_hashes() noexcept = default;
  side_hashes(const side_hashes&) = delete;
  side_hashes& operator=(const side_hashes&) = delete;

  /// Reads what `dir` has, if anything that is right: a cache that cannot be read is none. At most
  /// 4 million records.
  void load(const path_handle& dir) noexcept;

  /// The record of a file of that status in that directory, if it is of the file as it is now.
  std::optional<hash_record> find(const stat_t& file) const noexcept;

  /// Remembers a record for save(). Forgotten where memory is short.
  void note(const hash_record& r) noexcept;

  /// Whether anything was noted since load().
  bool has_news() const noexcept;

  /// If there are news, writes them and what was loaded, but for records of inodes that `dir`, the
  /// directory of load(), does not list any more: under a random name, 0600, then renamed over the
  /// old file, so that readers see one or the other. It need not survive a power cut and is not
  /// waited for. Changes the directory's time of modification.
  result<void> save(const path_handle& dir) noexcept;

private:
  std::optional<std::vector<std::byte>> merged(std::span<const std::uint64_t> inodes);

  std::vector<std::byte> loaded_; // Records alone, as they are in the file.
  std::uint64_t device_ = 0;
  mutable std::mutex noting_;
  std::vector<hash_record> noted_;
};

} // namespace afio::algorithms
