// What holds of names and paths, whatever their bytes.
#include "afio/error.hpp"
#include "afio/leaf_name.hpp"
#include "afio/path_view.hpp"
#include "afio/quoted.hpp"
#include "tests/fuzz/check.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace afio {
namespace {

/// The code points of a text, or nothing where it is not UTF-8: by the arithmetic of RFC 3629, not
/// by the table that is_utf8 goes by.
std::optional<std::u32string> decoded(std::string_view text) {
  std::u32string all;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80           ? 1
                               : (lead >> 5) == 0x06 ? 2
                               : (lead >> 4) == 0x0e ? 3
                               : (lead >> 3) == 0x1e ? 4
                                                     : 0;
    if (length == 0 || i + length > text.size()) return std::nullopt;
    char32_t code = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next >> 6) != 2) return std::nullopt;
      code = code << 6 | (next & 0x3fU);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < least[length] || surrogate || code > 0x10ffff) return std::nullopt;
    all += code;
    i += length;
  }
  return all;
}

int hex(char digit) {
  CHECK((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'));
  return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/// The name that was quoted.
std::string unquoted(std::string_view text) {
  CHECK(text.size() >= 2 && text.front() == '"' && text.back() == '"');
  text = text.substr(1, text.size() - 2);
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    CHECK(text[i] != '"');
    if (text[i] != '\\') {
      name += text[i];
      continue;
    }
    CHECK(++i < text.size());
    switch (text[i]) {
    case 'n':
      name += '\n';
      break;
    case 't':
      name += '\t';
      break;
    case 'r':
      name += '\r';
      break;
    case 'x':
      CHECK(i + 2 < text.size());
      name += static_cast<char>(hex(text[i + 1]) << 4 | hex(text[i + 2]));
      i += 2;
      break;
    default:
      CHECK(text[i] == '"' || text[i] == '\\');
      name += text[i];
    }
  }
  return name;
}

bool steers_a_terminal(char32_t code) {
  const bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const bool direction = code == 0x061c || code == 0x200e || code == 0x200f ||
                         (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  const bool line = code == 0x2028 || code == 0x2029;
  return control || direction || line;
}

void check_quoted(std::string_view text) {
  CHECK(is_utf8(text) == decoded(text).has_value());
  const std::string shown = quoted(text);
  CHECK(is_utf8(shown));
  const auto codes = decoded(shown);
  CHECK(codes.has_value());
  for (const char32_t code : *codes) {
    CHECK(!steers_a_terminal(code));
  }
  CHECK(unquoted(shown) == text);
  CHECK(text.empty() || error(EIO, call::openat, text).message().starts_with("openat " + shown));
}

bool is_one_component(std::string_view text) {
  bool good = !text.empty() && text.size() <= 255 && text != "." && text != "..";
  for (const char c : text) {
    good = good && c != '/' && c != '\0';
  }
  return good;
}

void check_leaf_name(std::string_view text) {
  CHECK(is_leaf_name(text) == is_one_component(text));
  const auto owned = leaf_buffer::from(text);
  CHECK(owned.has_value() == is_one_component(text));
  if (owned) {
    CHECK(owned.assume_value().view() == text);
    CHECK(std::strlen(owned.assume_value().name().c_str()) == text.size());
  } else {
    CHECK(owned.assume_error() == errc::invalid_name);
  }
  const std::string copy(text);
  const auto borrowed = leaf_name::from(copy.c_str());
  CHECK(borrowed.has_value() == is_one_component(copy.c_str()));
}

void check_path_view(std::string_view text) {
  const path_view path(text);
  const auto parent = path.parent().view();
  const auto name = path.filename();
  CHECK(text.starts_with(parent));
  CHECK(name.find('/') == name.npos);
  CHECK(parent.empty() || parent.ends_with('/'));
  CHECK(text.substr(parent.size()).starts_with(name));
  const auto behind = text.substr(parent.size() + name.size());
  CHECK(behind.find_first_not_of('/') == behind.npos);

  std::string_view last;
  path_view rest = path;
  while (const auto next = rest.split_first()) {
    CHECK(!next->first.empty() && next->first.find('/') == next->first.npos);
    CHECK(next->second.view().size() < rest.view().size());
    last = next->first;
    rest = next->second;
  }
  CHECK(last == name);

  const auto as_c_str = path.with_c_str(
      [&](const char* terminated) -> result<bool> { return std::string_view(terminated) == text; });
  const bool usable = text.size() < path_view::max_size && text.find('\0') == text.npos;
  CHECK(as_c_str.has_value() == usable);
  CHECK(!usable || as_c_str.assume_value());
}

} // namespace
} // namespace afio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  afio::check_quoted(text);
  afio::check_leaf_name(text);
  afio::check_path_view(text);
  return 0;
}
