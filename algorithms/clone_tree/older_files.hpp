// What an older copy has that a new one can share.
#pragma once

#include "algorithms/clone_tree/claimed_inodes.hpp"
#include "algorithms/clone_tree/clone_tree.hpp"
#include "algorithms/copy_tree/tree_copy.hpp"

namespace afio::algorithms::clone_detail {

/// Tree 0 is the source, tree 1 the older copy, tree 2 the new one. One for each worker.
class older_files final : public copy_detail::shortcut<3> {
public:
  older_files(const clone_options& options, copy_detail::copying& shared, claimed_inodes& claimed,
              entry_comparer&& as_told, entry_comparer&& by_contents,
              copy_detail::entry_copier&& entries) noexcept
      : options_(&options),
        shared_(&shared),
        claimed_(&claimed),
        as_told_(std::move(as_told)),
        by_contents_(std::move(by_contents)),
        entries_(std::move(entries)) {}

  result<std::optional<identity>> take(const place<3>& here, const row<3>& r,
                                       copy_detail::account& sum) override;
  void copied(const stat_t& source, const identity& made) override;

  /// A directory of the older copy's that cannot be read has nothing to share.
  bool does_without(const place<3>& here) noexcept override;

  /// Nothing in a new tree has any before it is copied.
  result<bool> has_metadata(const directory_handle&, const stat_t&,
                            const directory_handle&) noexcept override {
    return false;
  }

private:
  result<bool> is_same(const place<3>& here, const row<3>& r);
  result<std::optional<identity>> link(const place<3>& here, const row<3>& r) noexcept;
  result<std::optional<identity>> share_blocks(const place<3>& here, const row<3>& r) noexcept;

  const clone_options* options_;
  copy_detail::copying* shared_;
  claimed_inodes* claimed_;
  entry_comparer as_told_;
  entry_comparer by_contents_;
  copy_detail::entry_copier entries_; // Shares blocks, always.
  bool cannot_share_blocks_ = false;
};

} // namespace afio::algorithms::clone_detail
