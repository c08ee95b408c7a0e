#include "algorithms/clone_tree/index_format.hpp"

#include "algorithms/little_endian.hpp"

#include <cstring>

namespace afio::algorithms::clone_detail {

using little_endian::get;
using little_endian::put;

namespace {

constexpr std::array<char, 8> magic = {'a', 'f', 'i', 'o', 'S', 'I', 'D', 'X'};
constexpr std::uint32_t version = 2;

/// The bytes of a record below, and above them what the copies have.
constexpr std::uint32_t size_and_kept(std::uint16_t kept) noexcept {
  return std::uint32_t{index_record_size} | std::uint32_t{kept} << 16;
}

source_record decode(const std::byte* from) noexcept {
  return {.copy = get<std::uint64_t>(from),
          .source = get<std::uint64_t>(from + 8),
          .changed_seconds = static_cast<std::int64_t>(get<std::uint64_t>(from + 16)),
          .nanoseconds_and_age = get<std::uint32_t>(from + 24),
          .device = get<std::uint32_t>(from + 28)};
}

} // namespace

void index_checksum::add(const source_record& r) noexcept {
  add(r.copy);
  add(r.source);
  add(static_cast<std::uint64_t>(r.changed_seconds));
  add(std::uint64_t{r.nanoseconds_and_age} << 32 | r.device);
}

encoded_header encode_header(const index_header& says) noexcept {
  encoded_header header;
  std::memcpy(header.data(), magic.data(), magic.size());
  put(version, header.data() + 8);
  put(size_and_kept(says.kept), header.data() + 12);
  put(says.count, header.data() + 16);
  put(says.checksum, header.data() + 24);
  return header;
}

void encode(const source_record& r, std::span<std::byte, index_record_size> to) noexcept {
  put(r.copy, to.data());
  put(r.source, to.data() + 8);
  put(static_cast<std::uint64_t>(r.changed_seconds), to.data() + 16);
  put(r.nanoseconds_and_age, to.data() + 24);
  put(r.device, to.data() + 28);
}

std::optional<index_parser> index_parser::of(std::span<const std::byte, index_header_size> header,
                                             std::uint64_t file_size) noexcept {
  const std::byte* const at = header.data();
  const auto kept = static_cast<std::uint16_t>(get<std::uint32_t>(at + 12) >> 16);
  const bool ours = std::memcmp(at, magic.data(), magic.size()) == 0 &&
                    get<std::uint32_t>(at + 8) == version &&
                    get<std::uint32_t>(at + 12) == size_and_kept(kept);
  const auto count = get<std::uint64_t>(at + 16);
  // Divided, because the product may not fit.
  const bool fits = file_size >= index_header_size &&
                    (file_size - index_header_size) % index_record_size == 0 &&
                    (file_size - index_header_size) / index_record_size == count;
  if (!ours || !fits) return std::nullopt;
  return index_parser(
      index_header{.kept = kept, .count = count, .checksum = get<std::uint64_t>(at + 24)});
}

bool index_parser::take(std::span<const std::byte> part, std::vector<source_record>& to) {
  for (; !part.empty(); part = part.subspan(index_record_size)) {
    const source_record r = decode(part.data());
    const bool in_order = taken_ == 0 || r.copy > last_;
    if (!in_order || r.nanoseconds() >= 1'000'000'000 || taken_ == says_.count) return false;
    to.push_back(r);
    sum_.add(r);
    last_ = r.copy;
    ++taken_;
  }
  return true;
}

} // namespace afio::algorithms::clone_detail
