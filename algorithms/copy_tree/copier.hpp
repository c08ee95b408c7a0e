// The visitor that copies: tree 0 is the source, tree 1 the copy.
#pragma once

#include "algorithms/copy_tree/copying.hpp"
#include "algorithms/copy_tree/directory_state.hpp"
#include "algorithms/copy_tree/leaf_copier.hpp"
#include "algorithms/walk/walk.hpp"

#include <utility>

namespace afio::algorithms::copy_detail {

class copier final : public visitor<2> {
public:
  copier(copying& shared, entry_copier&& entries) noexcept
      : shared_(&shared), leaves_(shared, std::move(entries)) {}

  void rows(const place<2>& here, std::span<row<2>> rows) noexcept override;
  after leave(const place<2>& here) noexcept override;
  verdict denied(const place<2>& here, const error& why) noexcept override;

  /// Gives the directory `to` the metadata of `from`, when all in it is done.
  result<void> finish_directory(const directory_handle& from, const directory_state& was,
                                const directory_handle& to, loss_listener& told) noexcept;

  const account& sum() const noexcept { return sum_; }

private:
  void copy_row(const place<2>& here, row<2>& r);
  result<void> copy_entry(const place<2>& here, row<2>& r);
  operation operation_on(const row<2>& r) const noexcept;
  static void look_up(const place<2>& here, row<2>& r) noexcept;
  bool wants(const place<2>& here, const row<2>& r) const;
  result<void> enter_directory(const place<2>& here, row<2>& r, const std::optional<led_to>& led);
  result<void> make_directory(const place<2>& here, row<2>& r) noexcept;
  void leave_unentered(const place<2>& here, const directory_state& was) noexcept;

  copying* shared_;
  leaf_copier leaves_;
  account sum_;
  directory_states states_;
};

} // namespace afio::algorithms::copy_detail
