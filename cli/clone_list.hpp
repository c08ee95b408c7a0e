// afio-clone --list and --report: the clones of a series, and what each takes.
#pragma once

#include "algorithms/options.hpp"
#include "cli/common/arguments.hpp"
#include "cli/common/exit_code.hpp"
#include "cli/common/output.hpp"
#include "cli/common/signals.hpp"

#include <cstdint>
#include <string>

namespace afio::cli {

enum class listing : std::uint8_t {
  lines, ///< One for each clone, as it is known.
  page,  ///< A report in HTML, when all are.
};

/// Prints what each clone in the series `path` takes, the oldest first.
exit_code list_clones(const std::string& path, const common_arguments& how, listing as, output& out,
                      const signals& interrupts);

} // namespace afio::cli
