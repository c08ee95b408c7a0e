// The visitor that compares. Of two trees: left, right. Of three: base, left, right.
#pragma once

#include "algorithms/compare_trees/compare_trees.hpp"
#include "algorithms/compare_trees/link_pairs.hpp"

#include <mutex>

namespace afio::algorithms::compare_detail {

/// What the workers of one comparison share.
struct comparing_trees {
  const compare_options& options;
  difference_listener& found;
  std::mutex telling;
  link_pairs links; ///< Of two trees.
};

template <std::size_t N>
class tree_comparer final : public visitor<N> {
public:
  tree_comparer(comparing_trees& shared, entry_comparer&& entries) noexcept
      : shared_(&shared), entries_(std::move(entries)) {}

  void rows(const place<N>& here, std::span<row<N>> rows) noexcept override;

  /// Compares the roots themselves.
  result<void> compare_roots(const std::array<walk_root, N>& roots);

  const compare_report& report() const noexcept { return report_; }

private:
  using cells = std::array<const stat_t*, N>;

  void compare_row(const place<N>& here, row<N>& r);
  bool is_known(const place<N>& here, const row<N>& r) const noexcept;
  bool wants(std::string_view path, const row<N>& r) const;
  result<distinction> between(const place<N>& here, const row<N>& r, std::size_t a, std::size_t b);
  void enter_where_worth_it(row<N>& r) const noexcept;
  void tell(const tree_difference& found) noexcept;
  void tell(const merge_difference& found) noexcept;

  template <class F>
  result<void> judge(std::string_view path, const cells& in, F&& between);

  comparing_trees* shared_;
  entry_comparer entries_;
  compare_report report_;
};

} // namespace afio::algorithms::compare_detail
