#include "cli/common/json_line.hpp"

#include "afio/quoted.hpp"

#include <array>
#include <cstdio>

namespace afio::cli {

namespace {

/// RFC 8259, section 7. DEL and above are left as they are: valid UTF-8.
void append_string(std::string& out, std::string_view value) {
  out += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      std::array<char, 8> escape;
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
      out += escape.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= group.size() ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

} // namespace

void json_line::start(std::string_view key) {
  if (text_.size() > 1) text_ += ',';
  append_string(text_, key);
  text_ += ':';
}

json_line& json_line::text(std::string_view key, std::string_view value) {
  start(key);
  append_string(text_, value);
  return *this;
}

json_line& json_line::number(std::string_view key, std::int64_t value) {
  start(key);
  text_ += std::to_string(value);
  return *this;
}

json_line& json_line::number(std::string_view key, double value) {
  start(key);
  std::array<char, 32> digits;
  std::snprintf(digits.data(), digits.size(), "%.6f", value);
  text_ += digits.data();
  return *this;
}

json_line& json_line::boolean(std::string_view key, bool value) {
  start(key);
  text_ += value ? "true" : "false";
  return *this;
}

json_line& json_line::name(std::string_view key, std::string_view bytes) {
  if (is_utf8(bytes)) return text(key, bytes);
  return text(std::string(key) + "_base64", base64(bytes));
}

json_line& json_line::names(std::string_view key, std::span<const std::string> names) {
  std::string texts, others;
  for (const std::string& name : names) {
    std::string& to = is_utf8(name) ? texts : others;
    to += to.empty() ? "[" : ",";
    append_string(to, is_utf8(name) ? name : base64(name));
  }
  start(key);
  text_ += texts.empty() ? "[]" : texts + "]";
  if (others.empty()) return *this;
  start(std::string(key) + "_base64");
  text_ += others + "]";
  return *this;
}

} // namespace afio::cli
