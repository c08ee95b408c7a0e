// Tells what distinguishes two entries, whatever they are.
#pragma once

#include "afio/file_handle.hpp"
#include "afio/path_handle.hpp"
#include "algorithms/compare_trees/distinction.hpp"
#include "algorithms/hash/file_hasher.hpp"
#include "algorithms/observer.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>

namespace afio::algorithms {

/// When contents count as equal.
enum class comparing : std::uint8_t {
  /// Size and time of modification are the same. Who sets that time back can hide a change.
  quick,
  content, ///< Each byte is: files of the same size are read up to the first difference.
  /// Size and SpookyHash are the same, by the record in each one's attribute where that is valid;
  /// else the file is read and gets one, which moves its time of change (hash_cache.hpp says when).
  /// Not cryptographic: who wants to can make files that count as equal; and who may write a file
  /// can forge its record.
  hash,
};

struct comparison {
  comparing how = comparing::quick;
  /// Where comparing::hash finds and leaves hashes: attribute or lookup.
  hash_caching caching = hash_caching::attribute;
  /// What counts. Of times, that of modification; of flags, those that statx reports (immutable,
  /// append-only, no-dump, compressed); links only where whole trees are compared.
  aspect metadata = aspect::all;
  /// How long files that change while they are read are read again.
  afio::deadline retry = afio::deadline::in(std::chrono::seconds(1));
  std::stop_token stop = {};    ///< Asked between two reads.
  progress* counters = nullptr; ///< Bytes are added. Borrowed.

  /// Flags that only the right one has and that what is made in a directory takes over from it:
  /// no-dump, compressed.
  enum class inherited : std::uint8_t {
    different,
    equal, ///< For a source and its copy, which keeps them (metadata_copier).
  } inherited = inherited::different;
};

/// What of a status is looked at.
constexpr want compared_fields =
    want::type | want::mode | want::links | want::owner | want::times | want::identity | want::size;

/// An entry and its status, the compared_fields of it. Borrowed.
struct compared_entry {
  const path_handle& directory;
  leaf_name name;
  const stat_t& status;
};

/// One for each thread: it owns the buffers (512 KiB, and 256 KiB for hashes).
class entry_comparer {
public:
  /// ENOMEM.
  static result<entry_comparer> make(const comparison& how) noexcept;

  /// Compares two entries; of directories, the directories alone and nothing in them. Two names of
  /// one inode are equal, and nothing of them is read. Never opens anything but regular files, nor
  /// follows symlinks, nor moves times of access where the kernel allows it.
  ///
  /// errc::raced if a name comes to mean something else meanwhile, errc::kept_changing if a file
  /// changed while it was read for as long as `retry` says, ECANCELED after a stop. ENOENT, EACCES.
  result<distinction> compare(const compared_entry& left, const compared_entry& right) noexcept;

  /// What the two statuses alone tell, of entries that are of one type; a target is not read.
  distinction compare_status(const stat_t& left, const stat_t& right) const noexcept;

  /// The same of two directories that are open.
  result<distinction> compare(const path_handle& left, const stat_t& of_left,
                              const path_handle& right, const stat_t& of_right) noexcept;

  /// Which of xattr and acl differ, as far as they count, between two files that are held.
  result<aspect> compare_attributes(const fs_handle& left, const fs_handle& right) noexcept;

private:
  struct buffers {
    struct attributes {
      std::array<char, 65'536> names;
      alignas(8) std::array<std::byte, 65'536> value;
    };

    std::array<attributes, 2> of;
    std::array<std::byte, 262'144> contents;
  };

  entry_comparer(const comparison& how, std::unique_ptr<buffers> b,
                 std::optional<file_hasher> h) noexcept
      : how_(how), buffers_(std::move(b)), hasher_(std::move(h)) {}

  bool wants_attributes() const noexcept {
    return has(how_.metadata, aspect::xattr) || has(how_.metadata, aspect::acl);
  }

  result<bool> have_attributes(const compared_entry& left, const compared_entry& right) noexcept;
  aspect by_status(const stat_t& left, const stat_t& right) const noexcept;
  result<bool> same_value(const char* name, const fs_handle& left, const fs_handle& right) noexcept;
  result<bool> same_contents(const compared_entry& left, const compared_entry& right) noexcept;
  result<bool> same_bytes(const compared_entry& left, const compared_entry& right) noexcept;
  result<bool> same_hash(const compared_entry& left, const compared_entry& right) noexcept;
  result<bool> same_target(const compared_entry& left, const compared_entry& right) noexcept;

  comparison how_;
  std::unique_ptr<buffers> buffers_;
  std::optional<file_hasher> hasher_; // For comparing::hash.
};

} // namespace afio::algorithms
