// The visitor that makes one tree like another: tree 0 is the source, tree 1 the target.
#pragma once

#include "algorithms/update_tree/changer.hpp"
#include "algorithms/update_tree/moves.hpp"

#include <cstdint>
#include <utility>

namespace afio::algorithms::update_detail {

class updater final : public visitor<2> {
public:
  /// `moved`: files that are to be renamed. Borrowed.
  updater(updating& shared, changer<2>&& changes, moves& moved) noexcept
      : shared_(&shared), changes_(std::move(changes)), moves_(&moved) {}

  void rows(const place<2>& here, std::span<row<2>> rows) noexcept override;

  after leave(const place<2>& here) noexcept override { return changes_.leave(here); }

  verdict denied(const place<2>& here, const error& why) noexcept override {
    return changes_.denied(here, why);
  }

  changer<2>& changes() noexcept { return changes_; }

  std::uint64_t moved() const noexcept { return moved_; }

private:
  void update_row(const place<2>& here, row<2>& r);
  bool has_moved_away(const place<2>& here, const row<2>& r) const;
  void put(const place<2>& here, row<2>& r);
  result<void> rename(const place<2>& here, const row<2>& r, const moved_file& file);
  void rehearse_rest(const place<2>& here, const row<2>& r, const moved_file& file);
  void keep(const place<2>& here, row<2>& r) const noexcept;

  updating* shared_;
  changer<2> changes_;
  moves* moves_;
  std::uint64_t moved_ = 0;
};

} // namespace afio::algorithms::update_detail
