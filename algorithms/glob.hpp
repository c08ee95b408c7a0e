// A pattern of paths with wildcards, as path_filter.hpp describes them.
#pragma once

#include "afio/path_view.hpp"
#include "afio/stat.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace afio::algorithms::filter_detail {

/// What a pattern is a sequence of.
struct element;

/// All ways to match it are followed at once, in a bit each: bit i says that what was read so far
/// can be what the first i elements stand for. So no pattern makes it try again and again.
/// Constant: by any thread.
class glob {
public:
  /// Of 1 to path_view::max_size - 1 bytes. Nothing for a pattern that ends within a class or
  /// behind a backslash, or names a class that there is not. Throws std::bad_alloc.
  static std::optional<glob> of(std::string_view pattern);

  /// Does not allocate. In proportion to the path's length and the pattern's.
  bool matches(std::string_view path, file_type type) const noexcept;

private:
  using word = std::uint64_t;
  static constexpr std::size_t word_bits = 64;
  static constexpr std::size_t most_words = path_view::max_size / word_bits;

  /// The part of a path that is matched.
  enum class part : std::uint8_t { whole, last, any_last };

  class positions;

  glob(std::string_view pattern, const std::vector<element>& elements);

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

} // namespace afio::algorithms::filter_detail
