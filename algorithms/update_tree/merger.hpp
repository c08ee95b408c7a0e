// The visitor that brings the changes since a base into a tree: tree 0 is the source, tree 1 the
// base, tree 2 the target.
#pragma once

#include "algorithms/compare_trees/compare_trees.hpp"
#include "algorithms/update_tree/changer.hpp"

#include <optional>
#include <utility>

namespace afio::algorithms::update_detail {

class merger final : public visitor<3> {
public:
  /// `conflicts` hears of them, one at a time. Borrowed.
  merger(updating& shared, changer<3>&& changes, difference_listener& conflicts) noexcept
      : shared_(&shared), changes_(std::move(changes)), conflicts_(&conflicts) {}

  void rows(const place<3>& here, std::span<row<3>> rows) noexcept override;
  after leave(const place<3>& here) noexcept override;
  verdict denied(const place<3>& here, const error& why) noexcept override;

  changer<3>& changes() noexcept { return changes_; }

  std::uint64_t conflicts() const noexcept { return found_; }

private:
  /// What became of an entry of the base, and how.
  struct outcome {
    three_way what;
    distinction left, right; ///< Of the source and of the target.
  };

  bool wants(const place<3>& here, const row<3>& r) const;
  result<void> merge_row(const place<3>& here, row<3>& r);
  result<std::optional<outcome>> outcome_of(const place<3>& here, const row<3>& r);
  result<std::optional<distinction>> between(const place<3>& here, const row<3>& r, std::size_t a,
                                             std::size_t b);
  result<bool> same_entry(const place<3>& here, const compared_entry& a, const compared_entry& b);
  result<void> keep(const place<3>& here, row<3>& r);
  result<void> remove(const place<3>& here, row<3>& r);
  result<void> apply(const place<3>& here, row<3>& r, changer<3>::room_for_it goes);
  result<void> resolve(const place<3>& here, row<3>& r, const outcome& o);
  result<void> put_beside(const place<3>& here, const row<3>& r);
  result<void> discard(const place<3>& here, leaf_name begun);
  void tell(const place<3>& here, const row<3>& r, const outcome& o);

  updating* shared_;
  changer<3> changes_;
  difference_listener* conflicts_;
  std::uint64_t found_ = 0;
};

} // namespace afio::algorithms::update_detail
