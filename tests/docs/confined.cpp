#include "tests/docs/confined.hpp"

#include <cctype>
#include <stdexcept>

namespace afio::testing {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// The character at an index, or a space outside of the text.
char at(std::string_view text, std::size_t index) {
  return index < text.size() ? text[index] : ' ';
}

/// Whether what ends before `end` is the name of a variable.
bool ends_in_variable(std::string_view text, std::size_t end) {
  while (end > 0 && is_word(text[end - 1])) --end;
  return end > 0 && text[end - 1] == '$';
}

bool is_pattern(std::string_view before) {
  if (before.ends_with('\'') || before.ends_with('"')) before.remove_suffix(1);
  if (before.ends_with(' ') || before.ends_with('=')) before.remove_suffix(1);
  return before.ends_with("--exclude") || before.ends_with("--include");
}

/// Whether a path begins here that does no harm.
bool is_harmless(std::string_view rest) {
  for (const std::string_view name : {"/dev/null", "/dev/zero"}) {
    const char next = at(rest, name.size());
    if (rest.starts_with(name) && !is_word(next) && next != '/') return true;
  }
  return false;
}

/// Whether a slash behind this character goes on with a path that has been looked at.
bool goes_on_with_path(char before) {
  constexpr std::string_view others = "._-+*?]~/";
  return is_word(before) || others.find(before) != others.npos ||
         static_cast<unsigned char>(before) >= 0x80;
}

[[noreturn]] void refuse(std::string_view commands, std::size_t where, const char* why) {
  const auto begin = commands.rfind('\n', where) + 1; // npos + 1 is 0.
  throw std::runtime_error(std::string(why) + ": " +
                           std::string(commands.substr(begin, commands.find('\n', where) - begin)));
}

} // namespace

std::string confined(std::string_view commands, const std::filesystem::path& root) {
  std::string result;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const char c = commands[i];
    const char before = at(commands, i - 1); // Of the first one, i - 1 is outside, too.
    if (c == '.' && before == '.' &&
        !(is_word(at(commands, i - 2)) && is_word(at(commands, i + 1))))
      refuse(commands, i, "\"..\" may lead anywhere");
    if (c == '~' && (is_word(at(commands, i + 1)) || at(commands, i + 1) == '+'))
      refuse(commands, i, "somebody else's home");
    if (c == '/') {
      if (before == ')' || before == '}' || before == '`' || ends_in_variable(commands, i))
        refuse(commands, i, "a slash behind what may be empty");
      if (!goes_on_with_path(before) && !is_pattern(commands.substr(0, i)) &&
          !is_harmless(commands.substr(i)))
        result += root;
    }
    result += c;
  }
  return result;
}

} // namespace afio::testing
