// What a tool returns when its work has ended.
#pragma once

#include "cli/common/exit_code.hpp"
#include "cli/common/output.hpp"
#include "cli/common/signals.hpp"

namespace afio::cli {

/// `code`, the worst that the work came to, unless a signal ended it; worse if what was to be
/// written could not be: `unwritten` at the least.
exit_code final_status(output& out, const signals& interrupts, exit_code code,
                       exit_code unwritten = exit_code::incomplete);

} // namespace afio::cli
