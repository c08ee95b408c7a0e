// What a tool returns when its work has ended.
#pragma once

#include "algorithms/options.hpp"
#include "algorithms/walk/walk.hpp"
#include "cli/common/exit_code.hpp"
#include "cli/common/output.hpp"
#include "cli/common/signals.hpp"

#include <cstdint>
#include <string>

namespace afio::cli {

/// Notes why the work ended early, if it did: "interrupted" and what else is to be said of it.
void tell_stop(output& out, algorithms::stopped why, const std::string& so_far = {});

/// Whether so many failures before the work has begun end it, which is noted then.
bool stops_for(std::uint64_t failures, const algorithms::tree_options& how, output& out);

/// What a work came to that has told of so many failures, of which so many were sources that kept
/// changing: unstable only where nothing else is missing, for whatever reason.
exit_code code_of(std::uint64_t failures, std::uint64_t kept_changing,
                  algorithms::stopped why) noexcept;

/// `code`, the worst that the work came to, unless a signal ended it; worse if what was to be
/// written could not be: `unwritten` at the least.
exit_code final_status(output& out, const signals& interrupts, exit_code code,
                       exit_code unwritten = exit_code::incomplete);

} // namespace afio::cli
