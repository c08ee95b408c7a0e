// Which entries below a root are meant: rules with rsync's patterns, and a list of paths.
#pragma once

#include "afio/result.hpp"
#include "afio/stat.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace afio::algorithms {

/// An ordered list of rules, of which the first that matches a path decides; a path that none
/// matches is included. Where there is a list of paths, a path must be in that, too.
///
/// An answer is about one path. That nothing below an excluded directory is included is for the
/// caller to see to, by not entering it.
///
/// Patterns are rsync's:
///
///     *             any bytes but '/', or none
///     **            any bytes, or none
///     ?             one byte but '/'
///     [a-f_]        one of these bytes; [!...] and [^...] one of all others; never '/'
///     [[:alpha:]]   one of an ASCII class: alnum alpha blank cntrl digit graph lower print punct
///                   space upper xdigit
///     \c            c itself; without a * ? [ in the pattern, a backslash is one itself
///     /pattern      the whole path
///     **pattern     the whole path, with a '/' before it: **/a is a as well as b/a
///     pattern       the path's last component; if there are slashes in it, be it in a class, as
///                   many more; if there is a ** in it, any number of the last ones
///     pattern/      directories only
///     pattern/***   a directory and all below it
///
/// A byte is a byte: there are no characters of several, and no locale.
///
/// Const calls may be made by several threads at once.
class path_filter {
public:
  enum class action : std::uint8_t { include, exclude };

  /// What ends a path of a list.
  enum class separator : std::uint8_t {
    newline, ///< Or a carriage return.
    nul,
  };

  path_filter() noexcept;
  path_filter(const path_filter&) = delete; // It would throw.
  path_filter(path_filter&& other) noexcept;
  path_filter& operator=(const path_filter&) = delete;
  path_filter& operator=(path_filter&& other) noexcept;
  ~path_filter();

  // Of the following, one that fails has changed nothing. ENOMEM where memory is short.

  /// Adds a rule behind those that there are. As with rsync, a pattern behind "+ " is included and
  /// one behind "- " excluded, whatever `what` says, and "!" alone drops all rules so far. EINVAL
  /// for a pattern that is empty, holds a NUL, ends within a class or behind a backslash, or names
  /// a class that there is not; ENAMETOOLONG for more than 4095 bytes.
  result<void> add(action what, std::string_view pattern) noexcept;
  /// Adds a rule for each line. Lines end as with separator::newline; empty ones and those that
  /// begin with '#' or ';' are none. Spaces belong to the pattern. Fails as add().
  result<void> add_rules(action what, std::string_view text) noexcept;
  /// Leaves out all but the listed paths, what is below them, and the directories that lead to
  /// them. Paths are relative to the root, with or without "./" or "/" before them; "." is the
  /// root; empty ones are none. Listing again adds to the list; an empty list leaves out
  /// everything. EINVAL for a path with "..", and for a NUL that separates nothing.
  result<void> list_only(std::string_view text, separator between) noexcept;

  /// All paths listed, sorted by their components; of one that was listed more than once, at least
  /// one. They live as long as nothing is listed anew. Throws std::bad_alloc.
  std::vector<std::string_view> listed() const;

  /// Everything is included.
  bool empty() const noexcept;
  /// Whether the entry at `path` is: its components below the root with '/' between them. The root
  /// itself, "", always is. An unknown type is taken for no directory. Does not allocate. Takes
  /// time in proportion to the path's length and that of all patterns, at worst.
  bool includes(std::string_view path, file_type type) const noexcept;

private:
  struct rule;

  bool is_listed(std::string_view path, file_type type) const noexcept;
  bool passes_rules(std::string_view path, file_type type) const noexcept;

  std::vector<rule> rules_;
  /// In the order of is_before(), and none below another.
  std::optional<std::vector<std::string>> listed_;
  std::vector<std::string> inner_; // Listed, too, but below one of those.
};

} // namespace afio::algorithms
