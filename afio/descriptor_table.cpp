#include "afio/descriptor_table.hpp"

#include "afio/detail/syscalls.hpp"

#include <utility>

namespace afio {

result<descriptor_table> descriptor_table::of_this_process() noexcept {
  AFIO_TRY(auto opened, detail::sys::open_descriptor_table());
  return descriptor_table(std::move(opened));
}

} // namespace afio
