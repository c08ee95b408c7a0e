#include "cli/common/amounts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <iterator>

namespace afio::cli {

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string size_text(double bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), unit != 0 && bytes < 10 ? "%.1f %s" : "%.0f %s", bytes,
                units[unit]);
  return text.data();
}

std::string aligned(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ').append(text);
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc()) return std::nullopt;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  std::size_t shift = 0;
  if (unit.ends_with('B') || unit.ends_with('b')) unit.remove_suffix(1);
  if (unit.size() == 2 && unit[1] == 'i') unit.remove_suffix(1); // KiB.
  if (unit.size() > 1) return std::nullopt;
  if (!unit.empty()) {
    const auto power =
        std::min(std::string_view("KMGTP").find(unit[0]), std::string_view("kmgtp").find(unit[0]));
    if (power == unit.npos) return std::nullopt;
    shift = 10 * (power + 1);
  }
  if (number > (~std::uint64_t{} >> shift)) return std::nullopt;
  return number << shift;
}

} // namespace afio::cli
