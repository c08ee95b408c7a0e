// A delta, whose bytes may be anything: what is not whole changes nothing, and what a writer wrote
// changes what it was told.
#include "algorithms/mapping/page_delta.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace afio::algorithms {
namespace {

using bytes = std::vector<std::byte>;

constexpr std::size_t base_size = 300;

file_handle file_of(std::span<const std::byte> content) {
  auto file = file_handle::in_memory().value();
  CHECK(file.write(const_buffer(content), 0).value() == content.size());
  return file;
}

bytes content_of(const file_handle& file) {
  bytes all(file.size().value());
  CHECK(file.read(buffer(all), 0).value() == all.size());
  return all;
}

void check_raw(std::span<const std::byte> raw) {
  const file_handle delta = file_of(raw);
  auto target = file_of(bytes(base_size));
  const bytes before = content_of(target);
  if (!apply_delta(delta, target)) CHECK(content_of(target) == before);
}

/// The bytes as gaps, lengths and contents of runs.
void check_written(std::span<const std::byte> plan) {
  auto delta = file_handle::in_memory().value();
  bytes expected(base_size);
  delta_writer writer(delta);
  CHECK(writer.begin(base_size));
  std::uint64_t at = 0;
  for (std::size_t i = 0; i + 2 < plan.size(); i += 2) {
    at += static_cast<std::uint64_t>(plan[i]);
    const auto run = plan.subspan(i + 2).first(
        std::min(plan.size() - i - 2, static_cast<std::size_t>(plan[i + 1])));
    const bool fits = run.empty() || at + run.size() <= base_size;
    CHECK(writer.add(at, run).has_value() == fits);
    if (!fits) break;
    std::copy(run.begin(), run.end(), expected.begin() + static_cast<std::ptrdiff_t>(at));
    at += run.size();
  }
  const delta_report wrote = writer.finish().value();
  auto target = file_of(bytes(base_size));
  CHECK(apply_delta(delta, target).value() == wrote);
  CHECK(content_of(target) == expected);
  // Whatever happens to one byte is noticed.
  bytes damaged = content_of(delta);
  damaged[plan.size() * 31 % damaged.size()] ^= std::byte{1};
  CHECK(!apply_delta(file_of(damaged), target));
  CHECK(content_of(target) == expected);
}

} // namespace
} // namespace afio::algorithms

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto all = std::as_bytes(std::span(data, size));
  afio::algorithms::check_raw(all);
  afio::algorithms::check_written(all);
  return 0;
}
