#include "afio/detail/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace afio::detail {

descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

const descriptor& descriptor::working_directory() noexcept {
  // AT_FDCWD is negative, so the destructor leaves it alone.
  static const descriptor here(AT_FDCWD);
  return here;
}

} // namespace afio::detail
