#include "algorithms/path_filter.hpp"

#include "afio/path_view.hpp"
#include "algorithms/glob.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <new>
#include <utility>

namespace afio::algorithms {

namespace {

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
  std::optional<filter_detail::glob> wild;

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
    made.wild = filter_detail::glob::of(pattern);
    if (!made.wild) return bad(EINVAL);
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
