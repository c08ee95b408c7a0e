// A strict reader of what --json prints: one object a line, of strings, numbers and booleans.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace afio::cli {

/// Members by their names; strings unescaped, other values as they are written. Nothing where
/// `line` is no such object by RFC 8259, holds a member twice, or is not UTF-8.
std::optional<std::map<std::string, std::string>> parse_flat_json(std::string_view line);

/// RFC 4648; nothing where `text` is not that.
std::optional<std::string> from_base64(std::string_view text);

} // namespace afio::cli
