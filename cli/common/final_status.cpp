#include "cli/common/final_status.hpp"

#include <csignal>

namespace afio::cli {

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
