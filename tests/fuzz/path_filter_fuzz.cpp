// A filter answers as the rules read, whatever their bytes: compared with a matcher that goes by
// the text of a pattern from left to right, and with a list that is searched from end to end.
#include "algorithms/path_filter.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace afio::algorithms {
namespace {

constexpr auto npos = std::string_view::npos;

/// Whether the byte is of that class; nothing where no class is called so.
std::optional<bool> is_of(std::string_view name, unsigned char byte) {
  constexpr std::pair<std::string_view, int (*)(int)> all[] = {
      {"alnum", ::isalnum}, {"alpha", ::isalpha}, {"blank", ::isblank}, {"cntrl", ::iscntrl},
      {"digit", ::isdigit}, {"graph", ::isgraph}, {"lower", ::islower}, {"print", ::isprint},
      {"punct", ::ispunct}, {"space", ::isspace}, {"upper", ::isupper}, {"xdigit", ::isxdigit}};
  for (const auto& [known, of] : all) {
    if (known == name) return byte < 128 && of(byte) != 0;
  }
  return std::nullopt;
}

/// What a pattern's class, whose bracket is at `at`, says of a byte.
struct class_answer {
  bool taken = false;
  std::size_t end = npos; ///< Behind the class; npos where it is malformed.
};

class_answer ask_class(std::string_view p, std::size_t at, unsigned char byte) {
  const auto here = [&] { return at < p.size() ? static_cast<unsigned char>(p[at]) : 0; };
  ++at;
  const bool inverted = here() == '!' || here() == '^';
  if (inverted) ++at;
  bool found = false;
  for (int before = 0, begin = 1; begin != 0 || here() != ']'; begin = 0, ++at) {
    if (here() == 0) return {};
    const auto named = p.substr(at).starts_with("[:") ? p.find(']', at + 2) : npos;
    if (here() == '\\') {
      ++at;
      if (here() == 0) return {};
      found |= byte == here();
      before = here();
    } else if (here() == '-' && before != 0 && at + 1 < p.size() && p[at + 1] != ']') {
      ++at;
      if (here() == '\\') ++at;
      if (here() == 0) return {};
      found |= before <= byte && byte <= here();
      before = 0;
    } else if (named != npos && named > at + 2 && p[named - 1] == ':') {
      const auto answer = is_of(p.substr(at + 2, named - at - 3), byte);
      if (!answer) return {};
      found |= *answer;
      before = 0;
      at = named;
    } else {
      found |= byte == here();
      before = here();
    }
  }
  return {found != inverted && byte != '/', at + 1};
}

bool has_wildcards(std::string_view pattern) { return pattern.find_first_of("*?[") != npos; }

bool is_well_formed(std::string_view p) {
  for (std::size_t at = 0; at < p.size() && has_wildcards(p);) {
    if (p[at] == '[') {
      at = ask_class(p, at, 'x').end;
      if (at == npos) return false;
    } else {
      at += p[at] == '\\' ? 2 : 1;
      if (at > p.size()) return false;
    }
  }
  return true;
}

/// Tries everything, but each once.
class wildcard_matcher {
public:
  wildcard_matcher(std::string_view pattern, std::string_view text)
      : p_(pattern), t_(text), failed_((p_.size() + 1) * (t_.size() + 1)) {}

  bool match(std::size_t p, std::size_t t) {
    const std::size_t pair = p * (t_.size() + 1) + t;
    if (failed_[pair] || !match_anew(p, t)) {
      failed_[pair] = true;
      return false;
    }
    return true;
  }

private:
  bool match_anew(std::size_t p, std::size_t t) {
    if (p == p_.size()) return t == t_.size();
    if (p_[p] == '*') return match_star(p, t);
    if (t == t_.size()) return false;
    switch (p_[p]) {
    case '?':
      return t_[t] != '/' && match(p + 1, t + 1);
    case '[': {
      const auto [taken, end] = ask_class(p_, p, static_cast<unsigned char>(t_[t]));
      return taken && match(end, t + 1);
    }
    case '\\':
      ++p;
      [[fallthrough]];
    default:
      return p_[p] == t_[t] && match(p + 1, t + 1);
    }
  }

  bool match_star(std::size_t p, std::size_t t) {
    const auto behind = std::min(p_.find_first_not_of('*', p), p_.size());
    if (match(behind, t)) return true;
    return t < t_.size() && (behind - p > 1 || t_[t] != '/') && match(p, t + 1);
  }

  std::string_view p_, t_;
  std::vector<bool> failed_;
};

/// Where a component of the path begins, the last first.
std::vector<std::size_t> begins_of(std::string_view path) {
  std::vector<std::size_t> all;
  for (std::size_t i = path.size(); i > 0; --i) {
    if (path[i - 1] == '/') all.push_back(i);
  }
  all.push_back(0);
  return all;
}

/// As rsync's manual has it. The pattern is well-formed.
bool matches(std::string_view pattern, std::string_view path, file_type type) {
  const bool is_directory = type == file_type::directory;
  if (pattern.size() > 1 && pattern.ends_with('/')) {
    if (!is_directory) return false;
    pattern.remove_suffix(1);
  }
  const bool crossing = pattern.find("**") != npos;
  const auto slashes = static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '/'));

  std::string text(path);
  if (pattern.starts_with("**")) text.insert(0, "/");
  if (is_directory && pattern.ends_with("***")) text += '/';
  std::vector<std::size_t> begins{0};
  if (pattern.starts_with('/')) {
    pattern.remove_prefix(1);
  } else if (!pattern.starts_with("**")) {
    begins = begins_of(text);
    if (!crossing) {
      if (begins.size() <= slashes) return false;
      begins = {begins[slashes]};
    }
  }
  return std::any_of(begins.begin(), begins.end(), [&](std::size_t begin) {
    const auto tail = std::string_view(text).substr(begin);
    return has_wildcards(pattern) ? wildcard_matcher(pattern, tail).match(0, 0) : pattern == tail;
  });
}

std::vector<std::string_view> parts_of(std::string_view text, std::string_view ends) {
  std::vector<std::string_view> all;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find_first_of(ends, begin), text.size());
    if (end > begin) all.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return all;
}

constexpr auto types = {file_type::regular, file_type::directory, file_type::unknown};

bool is_good(std::string_view pattern) {
  return !pattern.empty() && pattern.find('\0') == npos && pattern.size() < 4'096 &&
         is_well_formed(pattern.size() > 1 && pattern.ends_with('/')
                            ? pattern.substr(0, pattern.size() - 1)
                            : pattern);
}

void check_pattern(std::string_view pattern, std::string_view path) {
  path_filter filter;
  // With a sign before it, so that none in the pattern is read as one.
  const bool added =
      filter.add(path_filter::action::include, "- " + std::string(pattern)).has_value();
  CHECK(added == is_good(pattern));
  CHECK(filter.empty() == !added);
  const bool small = pattern.size() * path.size() < 1 << 14;
  for (const auto type : types) {
    const bool matched = !filter.includes(path, type);
    CHECK(!small || matched == (added && !path.empty() && matches(pattern, path, type)));
  }
}

/// Lines are rules one after the other, all of them or none.
void check_lines(std::string_view text, std::string_view path) {
  constexpr auto what = path_filter::action::exclude;
  path_filter at_once, one_by_one;
  bool good = true;
  for (const auto line : parts_of(text, "\r\n")) {
    if (line.front() != '#' && line.front() != ';') good &= one_by_one.add(what, line).has_value();
  }
  CHECK(at_once.add_rules(what, text).has_value() == good);
  CHECK(good || at_once.empty());
  for (const auto type : types) {
    CHECK(!good || at_once.includes(path, type) == one_by_one.includes(path, type));
  }
}

using components = std::vector<std::string_view>;

components components_of(std::string_view path) {
  components all = parts_of(path, "/");
  std::erase(all, ".");
  return all;
}

bool is_before_or_same(const components& a, const components& b) {
  return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
}

void check_list(std::string_view text, std::string_view path, path_filter::separator between) {
  using namespace std::string_view_literals;
  const bool nul = between == path_filter::separator::nul;
  std::vector<components> listed;
  bool good = true;
  for (const auto one : parts_of(text, nul ? "\0"sv : "\r\n"sv)) {
    listed.push_back(components_of(one));
    good = good && one.find('\0') == npos &&
           std::find(listed.back().begin(), listed.back().end(), "..") == listed.back().end();
  }
  path_filter filter;
  CHECK(filter.list_only(text, between).has_value() == good);
  CHECK(filter.empty() == !good);
  if (!good) return;

  const components here = components_of(path);
  std::string joined;
  for (const auto& component : here) {
    joined += (joined.empty() ? "" : "/") + std::string(component);
  }
  for (const auto type : types) {
    const bool expected =
        here.empty() || std::any_of(listed.begin(), listed.end(), [&](const components& one) {
          return is_before_or_same(one, here) ||
                 (type == file_type::directory && is_before_or_same(here, one));
        });
    CHECK(filter.includes(joined, type) == expected);
  }
}

} // namespace
} // namespace afio::algorithms

/// A path, a NUL, rules, a NUL, a list.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace afio::algorithms;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto take_part = [&] {
    const auto part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return part;
  };
  const auto path = take_part();
  const auto rules = take_part();
  for (const auto pattern : {rules, rules.substr(0, rules.find('\n')), rest}) {
    check_pattern(pattern, path);
  }
  check_lines(rules, path);
  check_lines(rest, path);
  for (const auto list : {rules, rest}) {
    check_list(list, path, path_filter::separator::newline);
    check_list(list, path, path_filter::separator::nul);
  }
  return 0;
}
