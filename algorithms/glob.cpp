#include "algorithms/glob.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <iterator>

namespace afio::algorithms::filter_detail {

using byte_set = std::bitset<256>;

/// A byte out of some, once or any number of times.
struct element {
  byte_set bytes;
  bool repeated = false;
};

namespace {

std::optional<unsigned char> take_byte(std::string_view& rest) noexcept {
  if (rest.empty()) return std::nullopt;
  const auto byte = static_cast<unsigned char>(rest.front());
  rest.remove_prefix(1);
  return byte;
}

/// Nothing where a backslash is the last.
std::optional<unsigned char> take_escaped(std::string_view& rest) noexcept {
  if (rest.starts_with('\\')) rest.remove_prefix(1);
  return take_byte(rest);
}

void add_range(byte_set& to, unsigned char first, unsigned char last) noexcept {
  for (unsigned byte = first; byte <= last; ++byte) to.set(byte);
}

struct named_class {
  std::string_view name;
  std::string_view ranges; ///< First and last, first and last, and so on.
};

// Not <cctype>, which asks the locale.
constexpr named_class named_classes[] = {
    {"alnum", "09AZaz"},   {"alpha", "AZaz"},   {"blank", "\t\t  "}, {"cntrl", "\x01\x1f\x7f\x7f"},
    {"digit", "09"},       {"graph", "!~"},     {"lower", "az"},     {"print", " ~"},
    {"punct", "!/:@[`{~"}, {"space", "\t\r  "}, {"upper", "AZ"},     {"xdigit", "09AFaf"},
};

bool add_named(byte_set& to, std::string_view name) noexcept {
  const auto found = std::find_if(std::begin(named_classes), std::end(named_classes),
                                  [&](const named_class& each) { return each.name == name; });
  if (found == std::end(named_classes)) return false;
  for (std::size_t i = 0; i < found->ranges.size(); i += 2) {
    add_range(to, static_cast<unsigned char>(found->ranges[i]),
              static_cast<unsigned char>(found->ranges[i + 1]));
  }
  return true;
}

/// "alpha" of ":alpha:]"; nothing where the bracket before it is but a bracket.
std::optional<std::string_view> class_name(std::string_view rest) noexcept {
  const auto end = rest.find(']');
  if (end == rest.npos || end < 2 || !rest.starts_with(':') || rest[end - 1] != ':') {
    return std::nullopt;
  }
  return rest.substr(1, end - 2);
}

/// The bytes of a class. `rest` begins behind its bracket and is left behind the other one.
std::optional<byte_set> take_class(std::string_view& rest) noexcept {
  const bool inverted = rest.starts_with('!') || rest.starts_with('^');
  if (inverted) rest.remove_prefix(1);
  byte_set bytes;
  unsigned char previous = 0; // Where a range may begin; 0: nowhere.
  for (bool first = true; first || !rest.starts_with(']'); first = false) {
    const bool escaped = rest.starts_with('\\');
    const auto byte = take_escaped(rest);
    if (!byte) return std::nullopt;
    const auto name = !escaped && *byte == '[' ? class_name(rest) : std::nullopt;
    if (name) {
      if (!add_named(bytes, *name)) return std::nullopt;
      rest.remove_prefix(name->size() + 3);
      previous = 0;
    } else if (!escaped && *byte == '-' && previous != 0 && !rest.starts_with(']')) {
      const auto last = take_escaped(rest);
      if (!last) return std::nullopt;
      add_range(bytes, previous, *last);
      previous = 0;
    } else {
      bytes.set(*byte);
      previous = *byte;
    }
  }
  rest.remove_prefix(1);
  if (inverted) bytes.flip();
  bytes.reset('/');
  return bytes;
}

byte_set all_but_slash() noexcept { return ~byte_set().set('/'); }

element take_stars(std::string_view& rest) noexcept {
  const auto stars = std::min(rest.find_first_not_of('*'), rest.size());
  rest.remove_prefix(stars);
  return {stars == 1 ? all_but_slash() : ~byte_set(), true};
}

/// Nothing where the pattern is malformed.
std::optional<element> take_element(std::string_view& rest) noexcept {
  if (rest.starts_with('*')) return take_stars(rest);
  if (rest.starts_with('?')) {
    rest.remove_prefix(1);
    return element{all_but_slash()};
  }
  if (rest.starts_with('[')) {
    rest.remove_prefix(1);
    const auto bytes = take_class(rest);
    return bytes ? std::optional(element{*bytes}) : std::nullopt;
  }
  const auto byte = take_escaped(rest);
  return byte ? std::optional(element{byte_set().set(*byte)}) : std::nullopt;
}

std::optional<std::vector<element>> elements_of(std::string_view pattern) {
  std::vector<element> all;
  while (!pattern.empty()) {
    const auto next = take_element(pattern);
    if (!next) return std::nullopt;
    all.push_back(*next);
  }
  return all;
}

/// The last `count` components; nothing where there are fewer.
std::optional<std::string_view> last_components(std::string_view path, std::size_t count) noexcept {
  for (std::size_t i = path.size(); i-- > 0;) {
    if (path[i] == '/' && --count == 0) return path.substr(i + 1);
  }
  return count == 1 ? std::optional(path) : std::nullopt;
}

} // namespace

glob::part glob::part_of(std::string_view pattern) noexcept {
  if (pattern.starts_with('/') || pattern.starts_with("**")) return part::whole;
  return pattern.find("**") == pattern.npos ? part::last : part::any_last;
}

std::optional<glob> glob::of(std::string_view pattern) {
  const auto elements = elements_of(pattern);
  return elements ? std::optional(glob(pattern, *elements)) : std::nullopt;
}

glob::glob(std::string_view pattern, const std::vector<element>& elements)
    : part_(part_of(pattern)),
      slash_behind_directory_(pattern.ends_with("***")),
      components_(static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '/')) + 1),
      size_(elements.size()),
      words_(size_ / word_bits + 1),
      first_(elements.front().repeated ? 3 : 1),
      repeated_(words_),
      accepted_(256 * words_) {
  for (std::size_t i = 0; i < size_; ++i) {
    const word bit = word{1} << (i % word_bits);
    const std::size_t at = i / word_bits;
    if (elements[i].repeated) repeated_[at] |= bit;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      if (elements[i].bytes[byte]) accepted_[byte * words_ + at] |= bit;
    }
  }
}

/// How far one match has come.
class glob::positions {
public:
  explicit positions(const glob& of) noexcept : of_(&of) {
    reached_[0] = of.first_;
    std::fill_n(reached_.begin() + 1, of.words_ - 1, 0);
  }

  /// Another match may begin here.
  void begin() noexcept { reached_[0] |= of_->first_; }

  void read(char byte) noexcept {
    const word* const accepted = &of_->accepted_[static_cast<unsigned char>(byte) * of_->words_];
    word carried = 0;
    for (std::size_t i = 0; i < of_->words_; ++i) {
      const word repeated = of_->repeated_[i];
      const word taken = reached_[i] & accepted[i];
      const word passed = taken & ~repeated;
      reached_[i] = (taken & repeated) | passed << 1 | carried;
      // Repeated elements may be nothing. No two are neighbours, so once is enough.
      const word skipped = reached_[i] & repeated;
      reached_[i] |= skipped << 1;
      carried = (passed | skipped) >> (word_bits - 1);
    }
  }

  bool at_end() const noexcept {
    return (reached_[of_->size_ / word_bits] >> (of_->size_ % word_bits) & 1) != 0;
  }

private:
  const glob* of_;
  std::array<word, most_words> reached_; // As much as there are words for.
};

bool glob::matches(std::string_view path, file_type type) const noexcept {
  positions now(*this);
  if (part_ == part::whole) now.read('/'); // Which the pattern begins with, or takes for its **.
  if (part_ == part::last) {
    const auto last = last_components(path, components_);
    if (!last) return false;
    path = *last;
  }
  for (const char byte : path) {
    now.read(byte);
    if (byte == '/' && part_ == part::any_last) now.begin();
  }
  if (type == file_type::directory && slash_behind_directory_) now.read('/');
  return now.at_end();
}

} // namespace afio::algorithms::filter_detail
