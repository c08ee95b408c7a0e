// Copies what is not a directory to its place in the copy, or makes a link to it there.
#pragma once

#include "algorithms/copy_tree/copying.hpp"
#include "algorithms/copy_tree/dereference.hpp"
#include "algorithms/copy_tree/entry_copier.hpp"

#include <optional>
#include <string>

namespace afio::algorithms::copy_detail {

/// One for each worker.
class leaf_copier {
public:
  leaf_copier(copying& shared, entry_copier&& entries) noexcept
      : shared_(&shared), entries_(std::move(entries)) {}

  /// Copies the entry of the row. Nothing where it is gone; what is mounted there is left out,
  /// which is told. Throws std::bad_alloc.
  result<void> copy(const place<2>& here, const row<2>& r, account& sum);

  /// Copies what the entry, a symlink, leads to. It is not a directory.
  result<void> copy_target(const place<2>& here, const row<2>& r, const led_to& led, account& sum);

  metadata_copier& metadata() noexcept { return entries_.metadata(); }

private:
  /// An entry that is held, and what has its name in the copy.
  struct found {
    const place<2>& here;
    const row<2>& entry;
    const fs_handle& source;
    const stat_t& status;
    std::optional<identity> old;
    enum class by : std::uint8_t { name, symlink } held_by = by::name;
    const file_handle* open = nullptr; ///< `source`, where it is open for reading.
  };

  result<void> copy_held(found f, account& sum);
  result<void> make(const found& f, account& sum);
  result<void> copy_source(const found& f, account& sum);
  result<void> link_source(const found& f, account& sum);
  result<void> point_to_source(const found& f, account& sum);
  result<void> copy_grouped(const found& f, account& sum);
  result<identity> copy_alone(const found& f, const std::optional<std::string>& says, account& sum);
  result<bool> link(const found& f, const placed& where, account& sum) noexcept;
  result<std::optional<std::string>> fixed_symlink(const found& f) const;
  destination place_of(const found& f) const noexcept;

  copying* shared_;
  entry_copier entries_;
};

} // namespace afio::algorithms::copy_detail
