// One JSON object on one line, written member by member.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace afio::cli {

class json_line {
public:
  explicit json_line(std::string_view type) { text("type", type); }

  json_line& text(std::string_view key, std::string_view value);
  json_line& number(std::string_view key, std::int64_t value);
  json_line& number(std::string_view key, double value);
  json_line& boolean(std::string_view key, bool value);
  /// A name as the file system has it: `key` where it is UTF-8, else `key_base64` (RFC 4648).
  json_line& name(std::string_view key, std::string_view bytes);
  /// Several, as an array `key` of those that are UTF-8, and `key_base64` of the others where there
  /// are any.
  json_line& names(std::string_view key, std::span<const std::string> names);

  /// The finished object with its line feed.
  std::string str() const { return text_ + "}\n"; }

private:
  void start(std::string_view key);
  std::string text_ = "{";
};

} // namespace afio::cli
