#include "tests/cli/flat_json.hpp"

#include "afio/quoted.hpp"

#include <regex>

namespace afio::cli {

namespace {

class reader {
public:
  explicit reader(std::string_view text) : rest_(text) {}

  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string value;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return value;
      if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      if (c != '\\') {
        value += c;
      } else if (!escape(value)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  std::optional<std::string> value() {
    if (!rest_.empty() && rest_.front() == '"') return string();
    static const std::regex literal(R"(^(true|false|-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?))");
    std::cmatch found;
    if (!std::regex_search(rest_.data(), rest_.data() + rest_.size(), found, literal)) {
      return std::nullopt;
    }
    rest_.remove_prefix(static_cast<std::size_t>(found.length()));
    return found.str();
  }

  bool at_end() const { return rest_.empty(); }

private:
  bool escape(std::string& value) {
    static const std::map<char, char> named = {{'"', '"'},  {'\\', '\\'}, {'/', '/'},  {'b', '\b'},
                                               {'f', '\f'}, {'n', '\n'},  {'r', '\r'}, {'t', '\t'}};
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (const auto found = named.find(c); found != named.end()) {
      value += found->second;
      return true;
    }
    // Only control characters are written as numbers.
    if (c != 'u' || !rest_.starts_with("00") || rest_.size() < 4) return false;
    value += static_cast<char>(std::stoi(std::string(rest_.substr(0, 4)), nullptr, 16));
    rest_.remove_prefix(4);
    return true;
  }

  std::string_view rest_;
};

} // namespace

std::optional<std::map<std::string, std::string>> parse_flat_json(std::string_view line) {
  if (!is_utf8(line)) return std::nullopt;
  reader in(line);
  if (!in.take('{')) return std::nullopt;
  std::map<std::string, std::string> members;
  do {
    const auto name = in.string();
    if (!name || !in.take(':')) return std::nullopt;
    const auto value = in.value();
    if (!value || !members.emplace(*name, *value).second) return std::nullopt;
  } while (in.take(','));
  if (!in.take('}') || !in.at_end()) return std::nullopt;
  return members;
}

std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  unsigned bits = 0, held = 0;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == digits.npos) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held);
    bits &= (1U << held) - 1;
  }
  return bits == 0 ? std::optional(bytes) : std::nullopt;
}

} // namespace afio::cli
