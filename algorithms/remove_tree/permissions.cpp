#include "algorithms/remove_tree/permissions.hpp"

#include <cerrno>

namespace afio::algorithms::remove_detail {

constexpr std::uint16_t owner_all = 0700;

result<lent_mode> lent_mode::lend(const path_handle& dir) noexcept {
  AFIO_TRY(const stat_t s, dir.stat(want::mode));
  if ((s.mode & owner_all) == owner_all) return error(EACCES, call::fchmodat2);
  AFIO_TRY(dir.set_mode(s.mode | owner_all));
  return lent_mode(mark | s.mode);
}

result<void> lent_mode::restore(const path_handle& dir) const noexcept {
  return dir.set_mode(static_cast<std::uint16_t>(slot_ & ~mark));
}

} // namespace afio::algorithms::remove_detail
