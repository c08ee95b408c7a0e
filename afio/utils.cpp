#include "afio/utils.hpp"

#include "afio/detail/syscalls.hpp"

namespace afio {

result<void> reserve_descriptors(const handle& any, unsigned count) noexcept {
  if (count == 0) return success();
  AFIO_TRY(const auto high, detail::sys::duplicate(any.native(), count - 1));
  return success(); // Closed again; the table stays as large as it became.
}

} // namespace afio
