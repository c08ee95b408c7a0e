// The visitor that merges one tree into another by renames: tree 0 into tree 1, on one mount.
#pragma once

#include "algorithms/copy_tree/directory_state.hpp"
#include "algorithms/copy_tree/loss_book.hpp"
#include "algorithms/walk/walk.hpp"

#include <cstdint>

namespace afio::algorithms::move_detail {

enum class act : std::uint8_t { execute, rehearse };

/// Gives the directory `to`, which was there before, what `from` had, whose status was `was`.
result<void> dress_merged(metadata_copier& metadata, const fs_handle& from, const stat_t& was,
                          const fs_handle& to, loss_listener& told) noexcept;

/// Moves the entry `name` of `from` over `new_name` of `to`, which is no directory: in one instant,
/// or where both are one inode, by removing the source's name. EISDIR, ENOTDIR.
result<void> move_over(const path_handle& from, leaf_name name, const path_handle& to,
                       leaf_name new_name) noexcept;

class merger final : public visitor<2> {
public:
  merger(copy_detail::loss_book& losses, metadata_copier&& metadata, const identity& source,
         act how) noexcept
      : losses_(&losses), metadata_(std::move(metadata)), source_(source), how_(how) {}

  void rows(const place<2>& here, std::span<row<2>> rows) noexcept override;
  after leave(const place<2>& here) noexcept override;
  verdict denied(const place<2>& here, const error& why) noexcept override;

  std::uint64_t moved() const noexcept { return moved_; }

  std::uint64_t replaced() const noexcept { return replaced_; }

  metadata_copier& metadata() noexcept { return metadata_; }

private:
  result<void> move(const place<2>& here, row<2>& r);
  result<void> enter(const place<2>& here, row<2>& r);

  copy_detail::loss_book* losses_;
  metadata_copier metadata_;
  identity source_; ///< The root of what is moved.
  act how_;
  copy_detail::directory_states states_;
  std::uint64_t moved_ = 0;
  std::uint64_t replaced_ = 0;
};

} // namespace afio::algorithms::move_detail
