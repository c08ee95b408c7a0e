#include "cli/common/final_status.hpp"

#include <csignal>

namespace afio::cli {

void tell_stop(output& out, algorithms::stopped why, const std::string& so_far) {
  switch (why) {
  case algorithms::stopped::no:
    return;
  case algorithms::stopped::by_request:
    return out.note("interrupted" + so_far);
  case algorithms::stopped::by_deadline:
    return out.note("stopped by --deadline" + so_far);
  case algorithms::stopped::by_failure:
    return out.note("stopped by --on-error" + so_far);
  }
}

bool stops_for(std::uint64_t failures, const algorithms::tree_options& how, output& out) {
  const bool stops = failures != 0 && how.on_failure == algorithms::on_failure::stop;
  if (stops) tell_stop(out, algorithms::stopped::by_failure);
  return stops;
}

exit_code code_of(std::uint64_t failures, std::uint64_t kept_changing,
                  algorithms::stopped why) noexcept {
  if (why != algorithms::stopped::no) return exit_code::incomplete;
  if (failures == 0) return exit_code::done;
  return failures == kept_changing ? exit_code::unstable : exit_code::incomplete;
}

exit_code final_status(output& out, const signals& interrupts, exit_code code,
                       exit_code unwritten) {
  if (interrupts.received() == SIGINT) return exit_code::interrupted;
  if (interrupts.received() != 0) return exit_code::terminated;
  if (!out.ok()) {
    out.say("could not write all output");
    code = worse(code, unwritten);
  }
  if (!out.log_ok()) {
    out.say("could not write all of the log file");
    code = worse(code, unwritten);
  }
  return code;
}

} // namespace afio::cli
