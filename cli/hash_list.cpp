#include "cli/hash_list.hpp"

#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>

namespace afio::cli {

namespace {

constexpr std::size_t digits = 32;

/// Nothing where the name may stand as it is.
std::optional<std::string> escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '\\')
      text += "\\\\";
    else if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else
      text += c;
  }
  return text.size() == name.size() ? std::nullopt : std::optional(text);
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      name += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == '\\')
      name += '\\';
    else if (text[i] == 'n')
      name += '\n';
    else if (text[i] == 'r')
      name += '\r';
    else
      return std::nullopt;
  }
  return name;
}

std::optional<std::uint64_t> word_of(std::string_view hex) {
  std::uint64_t word = 0;
  for (const char c : hex) {
    const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                           : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                                  : 16U;
    if (digit == 16) return std::nullopt;
    word = word << 4 | digit;
  }
  return word;
}

} // namespace

std::string hex_of(const algorithms::hash128& hash) {
  std::array<char, digits + 1> text{};
  std::snprintf(text.data(), text.size(), "%016" PRIx64 "%016" PRIx64, hash.first, hash.second);
  return text.data();
}

std::string line_of(const listed_hash& file, hash_lines how) {
  if (how == hash_lines::nul) return hex_of(file.hash) + "  " + file.name + '\0';
  if (const auto name = escaped(file.name)) return "\\" + hex_of(file.hash) + "  " + *name + '\n';
  return hex_of(file.hash) + "  " + file.name + '\n';
}

std::optional<listed_hash> parse_line(std::string_view line, hash_lines how) {
  const bool escapes = how == hash_lines::newline && line.starts_with('\\');
  if (escapes) line.remove_prefix(1);
  if (line.size() < digits + 3 || line[digits] != ' ' ||
      (line[digits + 1] != ' ' && line[digits + 1] != '*'))
    return std::nullopt;
  const auto first = word_of(line.substr(0, digits / 2));
  const auto second = word_of(line.substr(digits / 2, digits / 2));
  const std::string_view text = line.substr(digits + 2);
  const auto name = escapes ? unescaped(text) : std::optional<std::string>(text);
  if (!first || !second || !name) return std::nullopt;
  return listed_hash{{*first, *second}, *name};
}

std::vector<std::string_view> lines_of(std::string_view text, hash_lines how) {
  const char end = how == hash_lines::nul ? '\0' : '\n';
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t size = text.find(end);
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size == text.npos ? text.size() : size + 1);
  }
  return lines;
}

} // namespace afio::cli
