// Names of one inode, for people and for scripts.
#pragma once

#include "algorithms/hardlinks/names_of.hpp"
#include "cli/common/output.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace afio::cli {

/// What is told of each inode.
enum class telling_links : std::uint8_t {
  nothing,
  lines,           ///< What it is, then its names, indented.
  quoted_names,    ///< Its names alone, a line each.
  names,           ///< As they are, each ended by a NUL.
  groups_of_names, ///< The same, with a NUL more behind the last.
  json,
};

/// Prints and counts.
class told_links {
public:
  told_links(output& out, telling_links how) noexcept : out_(out), how_(how) {}

  void tell(const algorithms::link_group& group);
  void tell(const algorithms::names_report& found);

  using count = std::pair<std::string_view, std::uint64_t>;

  std::vector<count> counts() const;

  /// Of files and symlinks, each inode once.
  std::uint64_t bytes() const noexcept { return bytes_; }

  /// All of these in lines.
  std::string summary() const;

private:
  struct inode {
    std::uint64_t device, number, links, size, names;
    file_type type;

    std::uint64_t elsewhere() const noexcept { return links > names ? links - names : 0; }
  };

  void count_in(const inode& i) noexcept;
  void print(const inode& i, std::span<const std::string> paths);
  static std::string line_of(const inode& i);
  static std::string json_of(const inode& i, std::span<const std::string> paths);

  output& out_;
  telling_links how_;
  std::uint64_t groups_ = 0, incomplete_ = 0, names_ = 0, elsewhere_ = 0, bytes_ = 0, saved_ = 0;
};

} // namespace afio::cli
