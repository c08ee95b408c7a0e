#include "afio/quoted.hpp"

#include <cstddef>
#include <cstdint>

namespace afio {

namespace {

struct decoded {
  std::uint32_t code = 0;
  std::size_t length = 0; // 0: not UTF-8
};

/// Table 3-7 of the Unicode standard: the lead byte bounds the second byte, the rest are 80..BF.
decoded decode(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at(1) < low || at(1) > high) return {};
  std::uint32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (at(i) & 0x3F);
  }
  return {code, length};
}

/// Characters that move the cursor, start an escape sequence or reorder the line.
bool is_steering(std::uint32_t code) noexcept {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C ||
         (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : bytes) {
    switch (c) {
    case '\n':
      out += "\\n";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\r':
      out += "\\r";
      break;
    default:
      out += "\\x";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    }
  }
}

} // namespace

std::string quoted(std::string_view name) {
  std::string out;
  out.reserve(name.size() + 2);
  out += '"';
  while (!name.empty()) {
    const decoded next = decode(name);
    const auto bytes = name.substr(0, next.length == 0 ? 1 : next.length);
    if (next.length == 0 || is_steering(next.code)) {
      append_escaped(out, bytes);
    } else {
      if (bytes == "\"" || bytes == "\\") out += '\\';
      out += bytes;
    }
    name.remove_prefix(bytes.size());
  }
  return out += '"';
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const decoded next = decode(text);
    if (next.length == 0) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

} // namespace afio
