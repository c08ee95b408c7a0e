// The header of a mapped_vector, whose bytes may be anything: what is taken is what a writer would
// have written, and all elements are within the file.
#include "algorithms/mapping/vector_header.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace afio::algorithms::mapping_detail {
namespace {

using header_bytes = std::span<const std::byte, vector_header_size>;

void check(header_bytes bytes, std::uint64_t size, std::size_t element) {
  const auto all = decode(bytes, size, element, vector_trust::all);
  const auto durable = decode(bytes, size, element, vector_trust::last_barrier);
  for (const auto* const found : {&all, &durable}) {
    if (!*found) continue;
    const vector_header& header = found->assume_value();
    CHECK(header.element_size == element && element != 0 && size >= elements_offset);
    CHECK(header.count <= (size - elements_offset) / element);
    CHECK(header.durable <= header.count);
  }
  if (!all) return;
  CHECK(std::ranges::equal(encode(all.assume_value()), bytes));
  CHECK(durable && durable.assume_value().count == all.assume_value().durable);
}

/// A header that is good but for its numbers.
void check_numbers(std::span<const std::uint8_t> input) {
  std::uint64_t numbers[4] = {};
  std::copy_n(input.data(), std::min(input.size(), sizeof numbers),
              reinterpret_cast<std::uint8_t*>(numbers));
  const std::uint64_t size = numbers[3] >> numbers[3] % 64;
  const vector_header header{.element_size = static_cast<std::uint32_t>(numbers[0]),
                             .count = numbers[1] >> numbers[2] % 64,
                             .durable = numbers[2] >> numbers[0] % 64};
  const auto bytes = encode(header);
  check(header_bytes(bytes), size, header.element_size);
  const bool good = header.element_size != 0 && header.durable <= header.count &&
                    size >= elements_offset &&
                    header.count <= (size - elements_offset) / header.element_size;
  const auto found = decode(header_bytes(bytes), size, header.element_size, vector_trust::all);
  CHECK(found.has_value() == good);
  if (good) CHECK(found.assume_value() == header);
}

} // namespace
} // namespace afio::algorithms::mapping_detail

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace afio::algorithms::mapping_detail;
  encoded_vector_header raw{};
  const auto input = std::as_bytes(std::span(data, size));
  std::copy_n(input.begin(), std::min(size, raw.size()), raw.begin());
  check(raw, 1 << 20, 4);
  // With what every header has, so that the rest is looked at.
  const auto good = encode({.element_size = 4});
  std::copy(good.begin(), good.begin() + 16, raw.begin());
  check(raw, 4096 + size, 4);
  check(raw, ~std::uint64_t{0}, 4);
  check_numbers({data, size});
  return 0;
}
