#include "afio/deadline.hpp"

namespace afio {

deadline::running::running(deadline from) noexcept : limit_(from) {
  if (limit_.kind_ == kind::relative) start_ = std::chrono::steady_clock::now();
}

std::chrono::nanoseconds deadline::running::remaining() const noexcept {
  using std::chrono::nanoseconds;
  if (limit_.kind_ == kind::none) return nanoseconds::max();
  const nanoseconds limit(limit_.ns_);
  const nanoseconds used = limit_.kind_ == kind::relative
                               ? nanoseconds(std::chrono::steady_clock::now() - start_)
                               : nanoseconds(std::chrono::system_clock::now().time_since_epoch());
  return limit > used ? limit - used : nanoseconds::zero();
}

bool deadline::running::expired() const noexcept {
  return limit_.kind_ != kind::none && remaining() == std::chrono::nanoseconds::zero();
}

} // namespace afio
