#include "algorithms/hash/side_hashes.hpp"

#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "algorithms/little_endian.hpp"
#include "algorithms/replace_file.hpp"
#include "algorithms/whole_io.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <new>

namespace afio::algorithms {

using hash_detail::side_header_size;
using little_endian::get;
using little_endian::put;

namespace {

constexpr std::array<char, 8> magic = {'a', 'f', 'i', 'o', 'S', 'P', 'K', 'Y'};
constexpr std::uint32_t version = 1;
/// 224 MiB. A directory of more files is better served by attributes.
constexpr std::uint64_t most_records = 1 << 22;

leaf_name side_name() noexcept {
  return leaf_name::from_kernel(side_hashes::file_name.data(), side_hashes::file_name.size());
}

std::span<const std::byte, hash_record_size> record_at(std::span<const std::byte> records,
                                                       std::size_t index) noexcept {
  return records.subspan(index * hash_record_size).first<hash_record_size>();
}

/// The whole side file; empty where there is none that could be one.
result<std::vector<std::byte>> read_whole(const path_handle& dir) {
  AFIO_TRY(const opened_file opened, file_handle::seen(dir, side_name()));
  constexpr std::uint64_t most = side_header_size + most_records * hash_record_size;
  if (opened.status.size > most) return std::vector<std::byte>();
  std::vector<std::byte> bytes(opened.status.size);
  AFIO_TRY(const std::size_t read, read_all(opened.file, bytes, 0));
  bytes.resize(read);
  return bytes;
}

/// What the listing has, sorted.
result<std::vector<std::uint64_t>> inodes_in(const path_handle& dir) {
  AFIO_TRY(const directory_handle listed, directory_handle::directory(dir));
  std::vector<std::byte> room(65'536);
  std::vector<std::uint64_t> inodes;
  for (;;) {
    AFIO_TRY(const directory_listing part, listed.read(room));
    if (part.at_end()) break;
    for (const directory_entry entry : part) inodes.push_back(entry.inode);
  }
  std::ranges::sort(inodes);
  return inodes;
}

} // namespace

std::optional<std::span<const std::byte>>
hash_detail::side_records(std::span<const std::byte> file) noexcept {
  if (file.size() < side_header_size) return std::nullopt;
  const std::byte* const at = file.data();
  const auto records = file.subspan(side_header_size);
  const auto count = get<std::uint64_t>(at + 16);
  const bool ours = std::memcmp(at, magic.data(), magic.size()) == 0 &&
                    get<std::uint32_t>(at + 8) == version &&
                    get<std::uint32_t>(at + 12) == hash_record_size;
  const bool fits =
      records.size() % hash_record_size == 0 && records.size() / hash_record_size == count;
  if (!ours || !fits || get<std::uint64_t>(at + 24) != spooky_hash64(records, count))
    return std::nullopt;
  for (std::size_t i = 1; i < count; ++i) {
    if (inode_of(record_at(records, i - 1)) >= inode_of(record_at(records, i))) return std::nullopt;
  }
  return records;
}

void hash_detail::finish_side_file(std::span<std::byte> file) noexcept {
  std::byte* const at = file.data();
  const auto records = file.subspan(side_header_size);
  const std::uint64_t count = records.size() / hash_record_size;
  std::memcpy(at, magic.data(), magic.size());
  put(version, at + 8);
  put(static_cast<std::uint32_t>(hash_record_size), at + 12);
  put(count, at + 16);
  put(spooky_hash64(records, count), at + 24);
}

void side_hashes::load(const path_handle& dir) noexcept try {
  loaded_.clear();
  noted_.clear();
  const auto id = dir.identity();
  if (!id) return;
  device_ = id.assume_value().device;
  auto whole = read_whole(dir);
  if (!whole) return;
  std::vector<std::byte> bytes = std::move(whole).assume_value();
  if (!hash_detail::side_records(bytes)) return;
  bytes.erase(bytes.begin(), bytes.begin() + side_header_size);
  loaded_ = std::move(bytes);

} catch (const std::bad_alloc&) {

  loaded_.clear(); // Everything is hashed anew.
}

std::optional<hash_record> side_hashes::find(const stat_t& file) const noexcept {
  // A file that is mounted on another one has the number of an inode elsewhere.
  if (loaded_.empty() || file.id.device != device_) return std::nullopt;
  std::size_t from = 0, to = loaded_.size() / hash_record_size;
  while (from < to) {
    const std::size_t middle = from + (to - from) / 2;
    if (inode_of(record_at(loaded_, middle)) < file.id.inode)
      from = middle + 1;
    else
      to = middle;
  }
  if (from * hash_record_size == loaded_.size()) return std::nullopt;
  const auto r = decode_hash_record(record_at(loaded_, from));
  return r && r->describes(file) ? r : std::nullopt;
}

void side_hashes::note(const hash_record& r) noexcept try {
  const std::scoped_lock hold(noting_);
  noted_.push_back(r);

} catch (const std::bad_alloc&) {

  return; // It will be hashed again.
}

bool side_hashes::has_news() const noexcept {
  const std::scoped_lock hold(noting_);
  return !noted_.empty();
}

/// The new file: what was noted, and else what was loaded, of `inodes` alone.
std::optional<std::vector<std::byte>> side_hashes::merged(std::span<const std::uint64_t> inodes) {
  // Of two records of an inode with several names, any will do.
  std::ranges::sort(noted_, {}, &hash_record::inode);
  std::vector<std::byte> file(side_header_size);
  const auto add = [&](std::span<const std::byte> record) {
    file.insert(file.end(), record.begin(), record.end());
  };
  std::size_t old = 0;
  const std::size_t olds = loaded_.size() / hash_record_size;
  auto noted = noted_.begin();
  for (std::size_t i = 0; i < inodes.size(); ++i) {
    if (i != 0 && inodes[i] == inodes[i - 1]) continue;
    while (old < olds && inode_of(record_at(loaded_, old)) < inodes[i]) ++old;
    while (noted != noted_.end() && noted->inode < inodes[i]) ++noted;
    const auto fresh = noted != noted_.end() && noted->inode == inodes[i]
                           ? encode(*noted)
                           : std::optional<encoded_hash_record>();
    if (fresh)
      add(*fresh);
    else if (old < olds && inode_of(record_at(loaded_, old)) == inodes[i])
      add(record_at(loaded_, old));
  }
  if ((file.size() - side_header_size) / hash_record_size > most_records) return std::nullopt;
  hash_detail::finish_side_file(file);
  return file;
}

result<void> side_hashes::save(const path_handle& dir) noexcept try {
  const std::scoped_lock hold(noting_);
  if (noted_.empty()) return success();
  AFIO_TRY(const auto inodes, inodes_in(dir));
  const auto bytes = merged(inodes);
  if (!bytes) return error(EFBIG, call::none, file_name);
  AFIO_TRY(replace_file(dir, side_name(),
                        [&](file_handle& file) { return write_all(file, *bytes, 0); }));
  noted_.clear();
  return success();

} catch (const std::exception&) {

  return error(ENOMEM, call::none, file_name);
}

} // namespace afio::algorithms
