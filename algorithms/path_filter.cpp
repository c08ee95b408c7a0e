#include "algorithms/path_filter.hpp"

#include "afio/path_view.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <new>
#include <utility>

namespace afio::algorithms {

namespace {

using byte_set = std::bitset<256>;

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

/// What a pattern is a sequence of: a byte out of some, once or any number of times.
struct element {
  byte_set bytes;
  bool repeated = false;
};

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

/// A pattern with wildcards. All ways to match it are followed at once, in a bit each: bit i says
/// that what was read so far can be what the first i elements stand for. So no pattern makes it try
/// again and again.
class glob {
public:
  /// Of at most path_view::max_size - 1 bytes, and elements out of them.
  glob(std::string_view pattern, const std::vector<element>& elements);

  bool matches(std::string_view path, file_type type) const noexcept;

private:
  using word = std::uint64_t;
  static constexpr std::size_t word_bits = 64;
  static constexpr std::size_t most_words = path_view::max_size / word_bits;

  /// The part of a path that is matched.
  enum class part : std::uint8_t { whole, last, any_last };

  class positions;

  static part part_of(std::string_view pattern) noexcept;

  part part_;
  bool slash_behind_directory_; ///< So that "a/***" matches the directory a as "a/".
  std::size_t components_;
  std::size_t size_;
  std::size_t words_;
  word first_;                 ///< Where nothing was read: bit 0, and bit 1 if that needs nothing.
  std::vector<word> repeated_; ///< Bit i: element i is.
  std::vector<word> accepted_; ///< By byte, then as above: element i takes it. 2 KiB a word.
};

glob::part glob::part_of(std::string_view pattern) noexcept {
  if (pattern.starts_with('/') || pattern.starts_with("**")) return part::whole;
  return pattern.find("**") == pattern.npos ? part::last : part::any_last;
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

bool is_literally(std::string_view pattern, std::string_view path) noexcept {
  if (pattern.starts_with('/')) return pattern.substr(1) == path;
  if (!path.ends_with(pattern)) return false;
  const auto before = path.substr(0, path.size() - pattern.size());
  return before.empty() || before.ends_with('/');
}

bool is_directory_pattern(std::string_view pattern) noexcept {
  return pattern.size() > 1 && pattern.ends_with('/');
}

/// Calls `f` with each part that is not empty, until one fails.
template <class F>
result<void> for_each_part(std::string_view text, std::string_view separators, F&& f) {
  while (!text.empty()) {
    const auto part = text.substr(0, text.find_first_of(separators));
    if (!part.empty()) {
      AFIO_TRY(f(part));
    }
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  return success();
}

constexpr std::string_view line_ends = "\n\r";

/// "a/b" of "./a//b/". Nothing where it holds "..".
std::optional<std::string> without_dots(path_view path) {
  std::string all;
  while (const auto next = path.split_first()) {
    const auto& [component, rest] = *next;
    if (component == "..") return std::nullopt;
    path = rest;
    if (component == ".") continue;
    if (!all.empty()) all += '/';
    all += component;
  }
  return all;
}

/// A slash is the least of bytes, so that what is below a directory follows it, before any other
/// name that begins as it does.
bool is_before(std::string_view a, std::string_view b) noexcept {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return rank(x) < rank(y); });
}

bool is_below(std::string_view path, std::string_view directory) noexcept {
  if (directory.empty()) return !path.empty();
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

bool is_at_or_below(std::string_view path, std::string_view directory) noexcept {
  return path == directory || is_below(path, directory);
}

} // namespace

struct path_filter::rule {
  action what;
  bool directories_only;
  std::string literal; ///< Where there is no glob.
  std::optional<glob> wild;

  /// Adds what one pattern says to a list of rules, or changes nothing.
  static result<void> add_to(std::vector<rule>& rules, action what, std::string_view pattern);

  bool matches(std::string_view path, file_type type) const noexcept;
};

result<void> path_filter::rule::add_to(std::vector<rule>& rules, action what,
                                       std::string_view pattern) {
  if (pattern == "!") {
    rules.clear();
    return success();
  }
  const auto bad = [given = pattern](int why) { return error(why, call::verify, given); };
  if (pattern.starts_with("+ ") || pattern.starts_with("- ")) {
    what = pattern.starts_with('+') ? action::include : action::exclude;
    pattern.remove_prefix(2);
  }
  if (pattern.empty() || pattern.find('\0') != pattern.npos) return bad(EINVAL);
  if (pattern.size() >= path_view::max_size) return bad(ENAMETOOLONG);

  rule made{what, is_directory_pattern(pattern), {}, {}};
  if (made.directories_only) pattern.remove_suffix(1);
  if (pattern.find_first_of("*?[") == pattern.npos) {
    made.literal = pattern;
  } else {
    const auto elements = elements_of(pattern);
    if (!elements) return bad(EINVAL);
    made.wild.emplace(pattern, *elements);
  }
  rules.push_back(std::move(made));
  return success();
}

bool path_filter::rule::matches(std::string_view path, file_type type) const noexcept {
  if (directories_only && type != file_type::directory) return false;
  return wild ? wild->matches(path, type) : is_literally(literal, path);
}

path_filter::path_filter() noexcept = default;
path_filter::path_filter(path_filter&& other) noexcept = default;
path_filter& path_filter::operator=(path_filter&& other) noexcept = default;
path_filter::~path_filter() = default;

result<void> path_filter::add(action what, std::string_view pattern) noexcept try {
  return rule::add_to(rules_, what, pattern);

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<void> path_filter::add_rules(action what, std::string_view text) noexcept try {
  // In a copy, because a line may be wrong after one that has dropped all rules.
  auto rules = rules_;
  AFIO_TRY(for_each_part(text, line_ends, [&](std::string_view line) -> result<void> {
    if (line.starts_with('#') || line.starts_with(';')) return success();
    return rule::add_to(rules, what, line);
  }));
  rules_ = std::move(rules);
  return success();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<void> path_filter::list_only(std::string_view text, separator between) noexcept try {
  const auto ends = between == separator::nul ? std::string_view("\0", 1) : line_ends;
  std::vector<std::string> all;
  AFIO_TRY(for_each_part(text, ends, [&](std::string_view path) -> result<void> {
    auto listed = without_dots(path);
    // With a NUL in it, it is a list of the other kind.
    if (!listed || path.find('\0') != path.npos) return error(EINVAL, call::verify, path);
    all.push_back(std::move(*listed));
    return success();
  }));

  const auto before = listed_ ? listed_->size() : 0;
  std::vector<std::string> outermost;
  outermost.reserve(all.size() + before);
  inner_.reserve(inner_.size() + all.size() + before);
  all.reserve(all.size() + before);
  // From here on nothing fails, so the old list may be taken to pieces.
  if (listed_) std::move(listed_->begin(), listed_->end(), std::back_inserter(all));
  std::sort(all.begin(), all.end(), is_before);
  for (std::string& path : all) {
    const bool inner = !outermost.empty() && is_at_or_below(path, outermost.back());
    (inner ? inner_ : outermost).push_back(std::move(path));
  }
  listed_ = std::move(outermost);
  return success();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

std::vector<std::string_view> path_filter::listed() const {
  std::vector<std::string_view> all(inner_.begin(), inner_.end());
  if (listed_) all.insert(all.end(), listed_->begin(), listed_->end());
  std::sort(all.begin(), all.end(), is_before);
  return all;
}

bool path_filter::empty() const noexcept { return rules_.empty() && !listed_; }

bool path_filter::includes(std::string_view path, file_type type) const noexcept {
  return path.empty() || (is_listed(path, type) && passes_rules(path, type));
}

bool path_filter::is_listed(std::string_view path, file_type type) const noexcept {
  if (!listed_) return true;
  // What is listed above the path can only be its neighbour: whatever stood between them would be
  // below that, too.
  const auto next = std::upper_bound(listed_->begin(), listed_->end(), path, is_before);
  if (next != listed_->begin() && is_at_or_below(path, *std::prev(next))) return true;
  return type == file_type::directory && next != listed_->end() && is_below(*next, path);
}

bool path_filter::passes_rules(std::string_view path, file_type type) const noexcept {
  const auto first = std::find_if(rules_.begin(), rules_.end(),
                                  [&](const rule& r) { return r.matches(path, type); });
  return first == rules_.end() || first->what == action::include;
}

} // namespace afio::algorithms
