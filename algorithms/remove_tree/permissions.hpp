// Lending the owner permissions on a directory, and taking them back.
#pragma once

#include "afio/path_handle.hpp"

#include <cstdint>

namespace afio::algorithms::remove_detail {

/// What a directory's mode was before it was lent u+rwx. Fits into a visitor's slot; 0: nothing
/// lent.
class lent_mode {
public:
  constexpr lent_mode() noexcept = default;

  static constexpr lent_mode from_slot(std::uint64_t slot) noexcept { return lent_mode(slot); }

  /// Nothing was lent, but it has been tried: a slot that is not 0.
  static constexpr lent_mode not_needed() noexcept { return lent_mode(tried); }

  constexpr std::uint64_t slot() const noexcept { return slot_; }

  constexpr bool lent() const noexcept { return (slot_ & mark) != 0; }

  /// Gives the directory's owner all permissions. EPERM where it is somebody else's; EACCES where
  /// the owner has them already, so that this was not what is missing.
  static result<lent_mode> lend(const path_handle& dir) noexcept;
  /// Gives the directory its mode back.
  result<void> restore(const path_handle& dir) const noexcept;

private:
  static constexpr std::uint64_t mark = 1 << 16; // Tells mode 0 from nothing lent.
  static constexpr std::uint64_t tried = 1 << 17;

  explicit constexpr lent_mode(std::uint64_t slot) noexcept : slot_(slot) {}

  std::uint64_t slot_ = 0;
};

} // namespace afio::algorithms::remove_detail
