#include "cli/common/turns.hpp"

namespace afio::cli {

using algorithms::stopped;

bool turns::go_on(std::uint64_t failures) noexcept {
  const bool stops = options_.on_failure == algorithms::on_failure::stop;
  if (options_.stop.stop_requested()) take(stopped::by_request);
  if (limit_.expired()) take(stopped::by_deadline);
  if (stops && failures != 0) take(stopped::by_failure);
  options_.deadline = limit_.rest();
  return stopped_ == stopped::no;
}

} // namespace afio::cli
