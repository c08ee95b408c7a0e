#include "afio/memory_usage.hpp"

#include "afio/detail/syscalls.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

#include <dirent.h>
#include <unistd.h>

namespace afio {

namespace sys = detail::sys;

namespace {

/// All of a file that the kernel makes up, as far as it fits.
result<std::string_view> content_of(const detail::descriptor& file, std::span<char> into) noexcept {
  std::size_t size = 0;
  while (size < into.size()) {
    const iovec rest{into.data() + size, into.size() - size};
    AFIO_TRY(const std::size_t bytes, sys::read(file, {&rest, 1}, static_cast<off_t>(size)));
    if (bytes == 0) break;
    size += bytes;
  }
  return std::string_view(into.data(), size);
}

/// The first number in `text`; 0 where there is none.
std::uint64_t number_in(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The bytes that a line `name:   123 kB` tells.
std::uint64_t bytes_of(std::string_view text, std::string_view name) noexcept {
  std::size_t at = text.find(name);
  while (at != std::string_view::npos && at > 0 && text[at - 1] != '\n')
    at = text.find(name, at + 1);
  if (at == std::string_view::npos) return 0;
  return number_in(text.substr(at + name.size())) * 1024;
}

} // namespace

std::uint64_t page_size() noexcept {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return page;
}

result<std::span<std::uint64_t>> page_sizes(std::span<std::uint64_t> into) noexcept {
  std::array<std::uint64_t, 16> sizes; // No processor has as many.
  std::size_t count = 0;
  const auto add = [&](std::uint64_t bytes) {
    if (count < sizes.size() && bytes > 0) sizes[count++] = bytes;
  };
  add(page_size());
  AFIO_TRY(const auto folder, sys::open_large_pages());
  alignas(dirent64) std::array<std::byte, 4096> records;
  while (folder.is_open()) {
    AFIO_TRY(const std::size_t bytes, sys::list(folder, records));
    if (bytes == 0) break;
    for (std::size_t at = 0; at < bytes;) {
      const auto* const record = reinterpret_cast<const dirent64*>(records.data() + at);
      add(bytes_of(record->d_name, "hugepages-"));
      at += record->d_reclen;
    }
  }
  std::sort(sizes.begin(), sizes.begin() + count);
  const std::size_t fit = std::min(count, into.size());
  std::copy_n(sizes.begin(), fit, into.begin());
  return into.first(fit);
}

result<memory_usage> memory_usage_now() noexcept {
  AFIO_TRY(const auto statm, sys::open_own("statm"));
  AFIO_TRY(const auto sums, sys::open_own("smaps_rollup"));
  std::array<char, 4096> text;
  memory_usage usage;
  AFIO_TRY(const auto sizes, content_of(statm, text));
  usage.address_space = number_in(sizes) * page_size();
  AFIO_TRY(const auto lines, content_of(sums, text));
  usage.resident = bytes_of(lines, "Rss:");
  usage.own = bytes_of(lines, "Private_Clean:") + bytes_of(lines, "Private_Dirty:");
  usage.swapped = bytes_of(lines, "Swap:");
  return usage;
}

} // namespace afio
