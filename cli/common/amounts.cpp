#include "cli/common/amounts.hpp"

#include <array>
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

} // namespace afio::cli
