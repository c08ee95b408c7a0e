// afio-clone --list: the clones of a series, and what each takes.
#pragma once

#include "algorithms/options.hpp"
#include "cli/common/arguments.hpp"
#include "cli/common/exit_code.hpp"
#include "cli/common/output.hpp"
#include "cli/common/signals.hpp"

#include <string>

namespace afio::cli {

/// Prints a line for each clone in the series `path`, the oldest first, as it is known.
exit_code list_clones(const std::string& path, const common_arguments& how, output& out,
                      const signals& interrupts);

} // namespace afio::cli
