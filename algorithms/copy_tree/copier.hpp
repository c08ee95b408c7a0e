// The visitor that copies: tree 0 is the source, the last one the copy.
#pragma once

#include "algorithms/copy_tree/copying.hpp"
#include "algorithms/copy_tree/directory_state.hpp"
#include "algorithms/copy_tree/leaf_copier.hpp"
#include "algorithms/walk/walk.hpp"

#include <utility>

namespace afio::algorithms::copy_detail {

template <std::size_t N>
class copier final : public visitor<N> {
public:
  static constexpr std::size_t last = N - 1;

  /// `around`: null where everything is copied. Borrowed.
  copier(copying& shared, entry_copier&& entries, shortcut<N>* around = nullptr) noexcept
      : shared_(&shared), leaves_(shared, std::move(entries), around), around_(around) {}

  void rows(const place<N>& here, std::span<row<N>> rows) noexcept override;
  after leave(const place<N>& here) noexcept override;
  verdict denied(const place<N>& here, const error& why) noexcept override;

  /// Copies the entry of the row, or makes its directory and has it entered. Failures are told.
  /// Throws std::bad_alloc.
  void copy_row(const place<N>& here, row<N>& r);

  leaf_copier<N>& leaves() noexcept { return leaves_; }

  /// Gives the directory `to` the metadata of `from`, when all in it is done.
  result<void> finish_directory(const directory_handle& from, const directory_state& was,
                                const directory_handle& to, loss_listener& told) noexcept;

  account& sum() noexcept { return sum_; }

  const account& sum() const noexcept { return sum_; }

private:
  result<void> copy_entry(const place<N>& here, row<N>& r);
  operation operation_on(const row<N>& r) const noexcept;
  static void look_up(const place<N>& here, row<N>& r) noexcept;
  bool wants(const place<N>& here, const row<N>& r) const;
  result<void> enter_directory(const place<N>& here, row<N>& r, const std::optional<led_to>& led);
  result<void> make_directory(const place<N>& here, row<N>& r) noexcept;
  result<void> copy_metadata(const directory_handle& from, const directory_state& was,
                             const directory_handle& to, loss_listener& told) noexcept;
  void leave_unentered(const place<N>& here, const directory_state& was) noexcept;

  copying* shared_;
  leaf_copier<N> leaves_;
  shortcut<N>* around_;
  account sum_;
  directory_states states_;
};

} // namespace afio::algorithms::copy_detail
