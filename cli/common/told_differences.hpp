// Differences of trees, for people and for scripts.
#pragma once

#include "algorithms/compare_trees/compare_trees.hpp"
#include "cli/common/output.hpp"
#include "cli/common/terminal.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace afio::cli {

/// What is told of each.
enum class telling : std::uint8_t { nothing, lines, json, names };

/// What the trees are called.
struct tree_names {
  std::string left, right;
};

/// Prints what differs as it is found, and counts.
class told_differences final : public algorithms::difference_listener {
public:
  /// Of two trees, or of three, the first of which is the base.
  told_differences(output& out, tree_names names, unsigned trees, telling how)
      : out_(out), names_(std::move(names)), trees_(trees), how_(how) {}

  void differs(const algorithms::tree_difference& d) noexcept override;
  void differs(const algorithms::merge_difference& d) noexcept override;

  using count = std::pair<std::string_view, std::uint64_t>;

  /// How many there are of each kind, also of those that there are none of. That of other types is
  /// called "types": "type" is what JSON calls the type of a line.
  std::vector<count> counts(const algorithms::compare_report& report) const;
  /// The same in lines, with bars, of at most `columns`.
  std::string summary(const algorithms::compare_report& report, std::size_t columns,
                      palette in) const;

private:
  template <class D>
  void tell(const D& d) noexcept;
  std::string line_of(const algorithms::tree_difference& d) const;
  std::string line_of(const algorithms::merge_difference& d) const;

  output& out_;
  tree_names names_;
  unsigned trees_;
  telling how_;
};

} // namespace afio::cli
