// Copies what is not a directory to its place in the copy, or makes a link to it there.
#pragma once

#include "algorithms/copy_tree/copying.hpp"
#include "algorithms/copy_tree/dereference.hpp"
#include "algorithms/copy_tree/entry_copier.hpp"
#include "algorithms/copy_tree/shortcut.hpp"

#include <optional>
#include <string>

namespace afio::algorithms::copy_detail {

/// Tree 0 is the source, the last one the copy. One for each worker.
template <std::size_t N>
class leaf_copier {
public:
  static constexpr std::size_t last = N - 1;

  /// `around`: null where everything is copied. Borrowed.
  leaf_copier(copying& shared, entry_copier&& entries, shortcut<N>* around) noexcept
      : shared_(&shared), entries_(std::move(entries)), around_(around) {}

  /// Copies the entry of the row. Nothing where it is gone; what is mounted there is left out,
  /// which is told. Throws std::bad_alloc.
  result<void> copy(const place<N>& here, const row<N>& r, account& sum);
  /// The same in place of `old`, a directory of that name, which is empty by then and goes.
  result<void> copy_over(const old_entry& old, const place<N>& here, const row<N>& r, account& sum);

  /// Copies what the entry, a symlink, leads to. It is not a directory.
  result<void> copy_target(const place<N>& here, const row<N>& r, const led_to& led, account& sum);

  metadata_copier& metadata() noexcept { return entries_.metadata(); }

private:
  /// An entry that is held, and what has its name in the copy.
  struct found {
    const place<N>& here;
    const row<N>& entry;
    const fs_handle& source;
    const stat_t& status;
    std::optional<old_entry> old = {};
    enum class by : std::uint8_t { name, symlink } held_by = by::name;
    const file_handle* open = nullptr; ///< `source`, where it is open for reading.
  };

  result<void> hold(const place<N>& here, const row<N>& r, const std::optional<old_entry>& old,
                    account& sum);
  result<void> copy_held(found f, account& sum);
  result<void> make(const found& f, account& sum);
  result<void> copy_source(const found& f, account& sum);
  result<void> link_source(const found& f, account& sum);
  result<void> point_to_source(const found& f, account& sum);
  result<void> copy_grouped(const found& f, account& sum);
  bool is_grouped(const stat_t& status) const noexcept;
  result<identity> copy_alone(const found& f, const std::optional<std::string>& says, account& sum);
  result<bool> link(const found& f, const placed& where, account& sum) noexcept;
  result<std::optional<std::string>> fixed_symlink(const found& f) const;
  destination place_of(const found& f) const noexcept;

  copying* shared_;
  entry_copier entries_;
  shortcut<N>* around_;
};

} // namespace afio::algorithms::copy_detail
