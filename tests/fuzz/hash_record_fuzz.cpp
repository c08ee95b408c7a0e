// Records of hashes and files of them, whose bytes may be anything: never read behind their end,
// and what is taken is what a writer would have written.
#include "algorithms/hash/hash_record.hpp"
#include "algorithms/hash/side_hashes.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace afio::algorithms {
namespace {

using bytes = std::vector<std::byte>;
using hash_detail::side_header_size;

void check_record(std::span<const std::byte> raw) {
  if (const auto r = decode_hash_record(raw)) {
    const auto again = encode(*r);
    CHECK(again && std::equal(raw.begin(), raw.end(), again->begin(), again->end()));
  }
}

/// A record of these bytes' numbers comes back, if it can be written at all; with a bit changed it
/// does not.
void check_fields(std::span<const std::byte> raw) {
  if (raw.size() < hash_record_size + 1) return;
  hash_record r;
  std::memcpy(&r.hash, raw.data(), 16);
  std::memcpy(&r.computed, raw.data() + 16, 4);
  std::memcpy(&r.size, raw.data() + 20, 8);
  std::memcpy(&r.inode, raw.data() + 28, 8);
  std::memcpy(&r.modified.seconds, raw.data() + 36, 8);
  std::memcpy(&r.changed.seconds, raw.data() + 44, 8);
  std::memcpy(&r.changed.nanoseconds, raw.data() + 52, 4);
  r.modified.nanoseconds = r.computed % 1'000'000'000;
  auto encoded = encode(r);
  const auto is_far = [](std::int64_t s) { return s >= 1LL << 33 || s < -(1LL << 33); };
  const bool fits = !is_far(r.modified.seconds) && !is_far(r.changed.seconds) &&
                    r.changed.nanoseconds < 1'000'000'000;
  CHECK(encoded.has_value() == fits);
  if (!encoded) return;
  CHECK(decode_hash_record(*encoded) == r);
  CHECK(inode_of(*encoded) == r.inode);
  const auto bit = static_cast<std::size_t>(raw[hash_record_size]) * 7 % (8 * hash_record_size);
  (*encoded)[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
  CHECK(!decode_hash_record(*encoded));
}

void check_file(std::span<const std::byte> raw) {
  if (const auto records = hash_detail::side_records(raw)) {
    CHECK(records->size() == raw.size() - side_header_size);
    bytes again(raw.begin(), raw.end());
    hash_detail::finish_side_file(again);
    CHECK(std::equal(raw.begin(), raw.end(), again.begin()));
  }
}

/// The bytes as records behind a header that is theirs: taken if they are in order.
void check_records(std::span<const std::byte> raw) {
  raw = raw.first(raw.size() / hash_record_size * hash_record_size);
  bytes file(side_header_size);
  file.insert(file.end(), raw.begin(), raw.end());
  hash_detail::finish_side_file(file);
  bool sorted = true;
  for (std::size_t at = hash_record_size; at < raw.size(); at += hash_record_size) {
    sorted = sorted && inode_of(raw.subspan(at - hash_record_size).first<hash_record_size>()) <
                           inode_of(raw.subspan(at).first<hash_record_size>());
  }
  CHECK(hash_detail::side_records(file).has_value() == sorted);
  if (!sorted) return;
  file[raw.size() % file.size()] ^= std::byte{1};
  CHECK(!hash_detail::side_records(file));
}

} // namespace
} // namespace afio::algorithms

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace afio::algorithms;
  const auto all = std::as_bytes(std::span(data, size));
  check_record(all);
  check_fields(all);
  check_file(all);
  check_records(all);
  // Near times and sorted inodes, so that good ones come by too.
  std::vector<std::byte> tamed(all.begin(), all.end());
  if (tamed.size() > hash_record_size) {
    for (const std::size_t at : {40U, 48U}) std::memset(tamed.data() + at, 0, 4);
    tamed[55] &= std::byte{0x1F};
  }
  check_fields(tamed);
  for (std::size_t at = 0; at + hash_record_size <= tamed.size(); at += hash_record_size) {
    const std::uint64_t inode = at;
    std::memcpy(tamed.data() + at + 32, &inode, sizeof inode);
  }
  check_records(tamed);
  return 0;
}
