// How long it takes to find the pages that a cow map has for itself: see side_by_side.hpp.
#include "afio/memory_usage.hpp"
#include "afio/page_map.hpp"
#include "tests/benchmarks/side_by_side.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace afio::benchmarks {
namespace {

constexpr std::uint64_t map_size = 1 << 30;

/// What a word of /proc/self/pagemap says of a page that is the process's own.
bool is_own(std::uint64_t word) noexcept { return (word >> 63) != 0 && (word >> 61 & 1) == 0; }

std::size_t own_pages_by_words(int pagemap, const std::byte* map, std::uint64_t pages) {
  std::vector<std::uint64_t> words(pages);
  const auto at = reinterpret_cast<std::uintptr_t>(map) / page_size() * sizeof(words[0]);
  const auto bytes = words.size() * sizeof(words[0]);
  if (::pread(pagemap, words.data(), bytes, static_cast<off_t>(at)) != static_cast<ssize_t>(bytes))
    return 0;
  std::size_t found = 0;
  for (const std::uint64_t word : words) found += is_own(word) ? 1 : 0;
  return found;
}

enum class others { untouched, read };

void compare(side_by_side& page, std::uint64_t every, others rest) {
  const auto section = section_handle::section(map_size).value();
  const auto map = map_handle::map(section, {.flags = map_flags::cow}).value();
  const std::uint64_t pages = map_size / page_size();
  for (std::uint64_t i = 0; i < pages; i += every) map.address()[i * page_size()] = std::byte{1};
  if (rest == others::read)
    for (std::uint64_t i = 0; i < pages; ++i) keep(std::byte(map.address()[i * page_size()]));
  const std::size_t dirty = pages / every;
  std::vector<extent> runs(dirty);
  const page_map own = page_map::open().value();
  const testing::unique_fd words(
      testing::checked(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), "open"));
  page.compare(
      "one page of " + std::to_string(every) + " stored into, the others " +
          (rest == others::read ? "read" : "untouched"),
      {{"/proc/self/pagemap, 8 bytes a page",
        repeat([&] { return own_pages_by_words(words.get(), map.address(), pages) == dirty; }),
        {.things = pages}},
       {"page_map::copied",
        repeat([&] {
          const auto found = own.copied(map, {0, map_size}, runs);
          return found && found.assume_value().size() == (every == 1 ? 1 : dirty);
        }),
        {.things = pages}}});
}

int run(int argc, char** argv) {
  side_by_side page(argc, argv,
                    {.name = "page_scan",
                     .title = "Finding the pages that were stored into",
                     .about = "What `page_map::copied` takes a page of a copy-on-write map of "
                              "1 GiB, beside reading what the kernel tells of each page."});
  compare(page, 1, others::untouched);
  compare(page, 2, others::untouched);
  compare(page, 16, others::untouched);
  compare(page, 16, others::read);
  return page.finish();
}

} // namespace
} // namespace afio::benchmarks

int main(int argc, char** argv) { return afio::benchmarks::run(argc, argv); }
