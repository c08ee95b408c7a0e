// A file of pages, and one of memory, whose headers and lists may be anything: what is given out is
// within the file, or nothing is.
#include "algorithms/mapping/file_memory_resource.hpp"
#include "algorithms/mapping/page_allocator.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace afio::algorithms {
namespace {

constexpr std::uint64_t room = 3 * page_allocator::page_bytes; // So that no file becomes longer.

/// `content` over and over, behind eight bytes that are `magic`.
file_handle file_of(std::span<const std::byte> content, const char* magic) {
  std::array<std::byte, room> all{};
  for (std::size_t at = 0; at < all.size() && !content.empty(); at += content.size())
    std::copy_n(content.begin(), std::min(content.size(), all.size() - at),
                all.begin() + static_cast<std::ptrdiff_t>(at));
  std::memcpy(all.data(), magic, 8);
  auto file = file_handle::in_memory().value();
  CHECK(file.write(const_buffer(all), 0).value() == all.size());
  return file;
}

void check_pages(std::span<const std::byte> content) {
  auto pages = page_allocator::open(file_of(content, "afiofpg1"), room);
  if (!pages) return;
  (void)pages.assume_value().census();
  for (int i = 0; i < 2; ++i) {
    const auto page = pages.assume_value().allocate();
    if (!page) continue;
    CHECK(static_cast<std::uint64_t>(page.assume_value()) >= 2);
    CHECK(static_cast<std::uint64_t>(page.assume_value()) < room / page_allocator::page_bytes);
    if (i % 2 == 0) CHECK(pages.assume_value().free(page.assume_value()));
  }
  CHECK(pages.assume_value().rebuild({}));
  CHECK(pages.assume_value().census().value().free == 1);
}

void check_memory(std::span<const std::byte> content) {
  auto memory = file_memory_resource::open(file_of(content, "afiomem1"), room);
  if (!memory) return;
  file_memory_resource& all = *memory.assume_value();
  (void)all.census();
  (void)all.root<int>();
  for (std::uint64_t bytes = 1; bytes < room; bytes *= 3) {
    auto at = all.try_allocate(bytes, bytes % 2 == 0 ? 64 : 16);
    if (at) std::memset(at.assume_value(), 0x55, bytes);
  }
}

} // namespace
} // namespace afio::algorithms

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto all = std::as_bytes(std::span(data, size));
  // One a time: each maps a file anew, which takes as long as a hundred inputs of a parser.
  if (size % 2 == 0)
    afio::algorithms::check_pages(all);
  else
    afio::algorithms::check_memory(all);
  return 0;
}
