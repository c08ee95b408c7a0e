#include "cli/common/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace afio::cli {

namespace {

struct unit {
  std::string_view name;
  double nanoseconds;
};

constexpr std::array<unit, 7> units = {
    {{"d", 86400e9}, {"h", 3600e9}, {"m", 60e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}}};

/// The length of the number at the front: digits, then perhaps a point and digits.
std::size_t number_length(std::string_view text) noexcept {
  constexpr std::string_view digits = "0123456789";
  std::size_t end = std::min(text.find_first_not_of(digits), text.size());
  if (end == 0 || end == text.size() || text[end] != '.') return end;
  return std::min(text.find_first_not_of(digits, end + 1), text.size());
}

} // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
  double total = 0;
  std::size_t next_unit = 0; // Units must follow in falling order.
  const bool lone = number_length(text) == text.size();
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::size_t length = number_length(text);
    double number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + length, number);
    if (length == 0 || parsed.ec != std::errc() || parsed.ptr != text.data() + length) {
      return std::nullopt;
    }
    text.remove_prefix(length);
    const auto name = lone ? "s" : text.substr(0, text.find_first_of("0123456789."));
    while (next_unit < units.size() && units[next_unit].name != name) ++next_unit;
    if (next_unit == units.size()) return std::nullopt;
    total += number * units[next_unit++].nanoseconds;
    if (!lone) text.remove_prefix(name.size());
  }
  if (!(total < 9.2e18)) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::llround(total)));
}

std::string check_duration(const std::string& text) {
  if (parse_duration(text)) return {};
  return "'" + text + "' is not a duration: write 90s, 1.5s, 250ms, 10m or 1h30m";
}

std::string clock_text(std::chrono::seconds span) {
  const long long all = span.count();
  std::array<char, 64> text;
  const int s = static_cast<int>(all % 60), m = static_cast<int>(all / 60 % 60);
  const int h = static_cast<int>(all / 3600 % 24);
  const long long d = all / 86400;
  if (d > 0)
    std::snprintf(text.data(), text.size(), "%lldd %d:%02d:%02d", d, h, m, s);
  else if (h > 0)
    std::snprintf(text.data(), text.size(), "%d:%02d:%02d", h, m, s);
  else
    std::snprintf(text.data(), text.size(), "%d:%02d", m, s);
  return text.data();
}

} // namespace afio::cli
