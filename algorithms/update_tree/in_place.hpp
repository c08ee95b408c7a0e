// What the target has already: it stays where it is equal, and is changed in place where no more
// than its metadata differ.
#pragma once

#include "algorithms/compare_trees/entry_comparer.hpp"
#include "algorithms/compare_trees/link_pairs.hpp"
#include "algorithms/copy_tree/shortcut.hpp"

#include <cstddef>
#include <cstdint>

namespace afio::algorithms::update_detail {

/// One for each worker.
template <std::size_t N>
class in_place final : public copy_detail::shortcut<N> {
public:
  static constexpr std::size_t target = N - 1;

  in_place(copy_detail::copying& shared, compare_detail::link_pairs& links,
           entry_comparer&& entries, metadata_copier&& metadata) noexcept
      : shared_(&shared),
        links_(&links),
        entries_(std::move(entries)),
        metadata_(std::move(metadata)) {}

  /// What becomes of a file that the target has.
  enum class way : std::uint8_t { stays, is_changed, is_replaced };
  /// The same as take(), with `there` for the target's, before anything is done about it.
  result<way> way_of(const place<N>& here, const row<N>& r, const compared_entry& there);

  result<std::optional<identity>> take(const place<N>& here, const row<N>& r,
                                       copy_detail::account& sum) override;
  result<bool> has_metadata(const directory_handle& from, const stat_t& source,
                            const directory_handle& to) noexcept override;

  /// What distinguishes the entry in two of the trees, both of which have it.
  result<distinction> compare(const place<N>& here, const row<N>& r, std::size_t a,
                              std::size_t b) noexcept;

  entry_comparer& comparer() noexcept { return entries_; }

private:
  result<bool> change(const place<N>& here, const row<N>& r) noexcept;

  copy_detail::copying* shared_;
  compare_detail::link_pairs* links_;
  entry_comparer entries_;
  metadata_copier metadata_;
};

} // namespace afio::algorithms::update_detail
