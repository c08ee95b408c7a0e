// Lists of hashes, in the form of sha256sum and its like.
#pragma once

#include "algorithms/hash/spooky_hash.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace afio::cli {

/// What ends a line, and hence what a name may hold.
enum class hash_lines : unsigned char {
  newline, ///< Line feeds, carriage returns and backslashes in names are escaped.
  nul,     ///< Names are as they are.
};

struct listed_hash {
  algorithms::hash128 hash;
  std::string name;

  friend bool operator==(const listed_hash&, const listed_hash&) = default;
};

/// 32 hex digits: the first word, then the second.
std::string hex_of(const algorithms::hash128& hash);

/// "<hash>  <name>" and its end; with a backslash before it where something in the name is escaped.
std::string line_of(const listed_hash& file, hash_lines how);

/// The same the other way, without the end. "*" may stand for the second blank, and the digits may
/// be upper case. Nothing for what is no such line.
std::optional<listed_hash> parse_line(std::string_view line, hash_lines how);

/// The lines of a text. The last may lack its end.
std::vector<std::string_view> lines_of(std::string_view text, hash_lines how);

} // namespace afio::cli
