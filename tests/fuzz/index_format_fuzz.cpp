// The index of a series, whose bytes may be anything: never read behind their end, and what is
// taken is what a writer would have written.
#include "algorithms/clone_tree/index_format.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace afio::algorithms::clone_detail {
namespace {

using bytes = std::vector<std::byte>;

constexpr std::size_t parts = 3; // Of so many records a file is read.

struct contents {
  std::uint16_t kept = 0;
  std::vector<source_record> records;
};

/// What is in the file, if it is good.
std::optional<contents> parse(std::span<const std::byte> file) {
  if (file.size() < index_header_size) return std::nullopt;
  auto parser = index_parser::of(file.first<index_header_size>(), file.size());
  if (!parser) return std::nullopt;
  CHECK(parser->count() * index_record_size + index_header_size == file.size());
  std::vector<source_record> found;
  for (auto rest = file.subspan(index_header_size); !rest.empty();) {
    const auto part = rest.first(std::min(rest.size(), parts * index_record_size));
    if (!parser->take(part, found)) return std::nullopt;
    rest = rest.subspan(part.size());
  }
  if (!parser->is_complete()) return std::nullopt;
  return contents{parser->kept(), std::move(found)};
}

bytes written(std::uint16_t kept, const std::vector<source_record>& records) {
  bytes file(index_header_size + records.size() * index_record_size);
  index_checksum sum(kept, records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    sum.add(records[i]);
    encode(records[i], std::span(file)
                           .subspan(index_header_size + i * index_record_size)
                           .first<index_record_size>());
  }
  const auto header =
      encode_header({.kept = kept, .count = records.size(), .checksum = sum.value()});
  std::copy(header.begin(), header.end(), file.begin());
  return file;
}

void check_raw(std::span<const std::byte> file) {
  const auto found = parse(file);
  if (found)
    CHECK(std::equal(file.begin(), file.end(), written(found->kept, found->records).begin()));
}

/// The same bytes behind a header that is theirs: so that the records are looked at.
void check_records(std::span<const std::byte> rest) {
  std::vector<source_record> records(rest.size() / index_record_size);
  bool good = true;
  for (std::size_t i = 0; i < records.size(); ++i) {
    source_record& r = records[i];
    const std::byte* const at = rest.data() + i * index_record_size;
    std::memcpy(&r.copy, at, 8);
    std::memcpy(&r.source, at + 8, 8);
    std::memcpy(&r.changed_seconds, at + 16, 8);
    std::memcpy(&r.nanoseconds_and_age, at + 24, 4);
    std::memcpy(&r.device, at + 28, 4);
    good = good && r.nanoseconds() < 1'000'000'000 && (i == 0 || r.copy > records[i - 1].copy);
  }
  const auto kept = static_cast<std::uint16_t>(rest.size() * 257);
  bytes file = written(kept, records);
  const auto found = parse(file);
  CHECK(found.has_value() == good);
  if (!found) return;
  CHECK(found->records == records && found->kept == kept);
  // Whatever happens to one byte is noticed, and so is an end that came too early.
  const std::size_t at = rest.size() % file.size();
  file[at] ^= std::byte{1};
  CHECK(!parse(file));
  file[at] ^= std::byte{1};
  CHECK(!parse(std::span(file).first(file.size() - 1)));
}

} // namespace
} // namespace afio::algorithms::clone_detail

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace afio::algorithms::clone_detail;
  const auto all = std::as_bytes(std::span(data, size));
  check_raw(all);
  check_records(all);
  // Sorted, so that good ones come by too.
  std::vector<std::byte> sorted(all.begin(), all.end());
  for (std::size_t i = 0; i + index_record_size <= sorted.size(); i += index_record_size) {
    const std::uint64_t copy = i + (i % 3);
    std::memcpy(sorted.data() + i, &copy, sizeof copy);
    sorted[i + 27] &= std::byte{0xC7};
  }
  check_records(sorted);
  return 0;
}
