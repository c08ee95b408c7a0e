#include "cli/common/markup.hpp"

namespace afio::cli {

std::string for_markup(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
    case '&':
      safe += "&amp;";
      break;
    case '<':
      safe += "&lt;";
      break;
    case '>':
      safe += "&gt;";
      break;
    default:
      safe += c;
    }
  }
  return safe;
}

} // namespace afio::cli
