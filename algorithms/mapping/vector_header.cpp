#include "algorithms/mapping/vector_header.hpp"

#include "algorithms/little_endian.hpp"

#include <cerrno>
#include <cstring>

namespace afio::algorithms::mapping_detail {

namespace {

constexpr char magic[] = {'a', 'f', 'i', 'o', 'M', 'V', 'E', 'C'};
constexpr std::uint32_t version = 1;
constexpr std::size_t version_offset = 8;
constexpr std::size_t element_size_offset = 12;

} // namespace

encoded_vector_header encode(const vector_header& header) noexcept {
  encoded_vector_header bytes{};
  std::memcpy(bytes.data(), magic, sizeof magic);
  little_endian::put(version, bytes.data() + version_offset);
  little_endian::put(header.element_size, bytes.data() + element_size_offset);
  little_endian::put(header.count, bytes.data() + count_offset);
  little_endian::put(header.durable, bytes.data() + durable_offset);
  return bytes;
}

result<vector_header> decode(std::span<const std::byte, vector_header_size> bytes,
                             std::uint64_t file_size, std::size_t element_size,
                             vector_trust trust) noexcept {
  const error not_one(EBADMSG, call::verify);
  if (std::memcmp(bytes.data(), magic, sizeof magic) != 0 || file_size < elements_offset ||
      little_endian::get<std::uint32_t>(bytes.data() + version_offset) != version)
    return not_one;
  vector_header header{.element_size =
                           little_endian::get<std::uint32_t>(bytes.data() + element_size_offset),
                       .count = little_endian::get<std::uint64_t>(bytes.data() + count_offset),
                       .durable = little_endian::get<std::uint64_t>(bytes.data() + durable_offset)};
  if (header.element_size == 0 || header.durable > header.count) return not_one;
  if (header.element_size != element_size) return error(EINVAL, call::verify);
  if (trust == vector_trust::last_barrier) header.count = header.durable;
  if (header.count > (file_size - elements_offset) / header.element_size) return not_one;
  return header;
}

} // namespace afio::algorithms::mapping_detail
