#include "algorithms/hash/hash_record.hpp"

#include "algorithms/little_endian.hpp"

namespace afio::algorithms {

namespace {

using little_endian::get;
using little_endian::put;

constexpr std::uint32_t form = 0x31485341; // "ASH1".
constexpr std::size_t checksum_at = 4;
constexpr int nanosecond_bits = 30;

bool fits(const timestamp& t) noexcept {
  constexpr std::int64_t limit = std::int64_t{1} << (63 - nanosecond_bits);
  return t.seconds >= -limit && t.seconds < limit && t.nanoseconds < 1'000'000'000;
}

std::uint64_t packed(const timestamp& t) noexcept {
  return static_cast<std::uint64_t>(t.seconds) << nanosecond_bits | t.nanoseconds;
}

timestamp unpacked(std::uint64_t both) noexcept {
  return {static_cast<std::int64_t>(both) >> nanosecond_bits,
          static_cast<std::uint32_t>(both & ((1U << nanosecond_bits) - 1))};
}

/// Of a record whose own checksum is left out.
std::uint32_t checksum_of(encoded_hash_record record) noexcept {
  put(std::uint32_t{0}, record.data() + checksum_at);
  return spooky_hash32(record, form);
}

} // namespace

std::optional<encoded_hash_record> encode(const hash_record& r) noexcept {
  if (!fits(r.modified) || !fits(r.changed)) return std::nullopt;
  encoded_hash_record to{};
  put(r.computed, to.data());
  put(r.hash.first, to.data() + 8);
  put(r.hash.second, to.data() + 16);
  put(r.size, to.data() + 24);
  put(r.inode, to.data() + 32);
  put(packed(r.modified), to.data() + 40);
  put(packed(r.changed), to.data() + 48);
  put(checksum_of(to), to.data() + checksum_at);
  return to;
}

std::optional<hash_record> decode_hash_record(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() != hash_record_size) return std::nullopt;
  encoded_hash_record from;
  std::memcpy(from.data(), bytes.data(), from.size());
  if (get<std::uint32_t>(from.data() + checksum_at) != checksum_of(from)) return std::nullopt;
  const hash_record r{
      .hash = {get<std::uint64_t>(from.data() + 8), get<std::uint64_t>(from.data() + 16)},
      .computed = get<std::uint32_t>(from.data()),
      .size = get<std::uint64_t>(from.data() + 24),
      .inode = get<std::uint64_t>(from.data() + 32),
      .modified = unpacked(get<std::uint64_t>(from.data() + 40)),
      .changed = unpacked(get<std::uint64_t>(from.data() + 48))};
  if (!fits(r.modified) || !fits(r.changed)) return std::nullopt;
  return r;
}

std::uint64_t inode_of(std::span<const std::byte, hash_record_size> record) noexcept {
  return get<std::uint64_t>(record.data() + 32);
}

} // namespace afio::algorithms
