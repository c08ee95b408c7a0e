// Paths of --from-file that there are not.
#pragma once

#include "afio/path_handle.hpp"
#include "algorithms/path_filter.hpp"
#include "cli/common/output.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace afio::cli {

/// Whether a listed path may lead through symlinks.
enum class leading : std::uint8_t { through_directories, through_symlinks };

/// Tells `told` of each listed path that is below none of `roots`, of which the first is called
/// `shown`, or not on a mount that may be entered: that it cannot be copied, or whatever `what`
/// says. How many.
std::uint64_t tell_missing(std::span<const path_handle* const> roots, std::string_view what,
                           std::string_view shown, const algorithms::path_filter& filter,
                           leading how, crossing mounts, output& told);

/// The same of one root, for a copy.
std::uint64_t tell_missing(const path_handle& root, std::string_view shown,
                           const algorithms::path_filter& filter, leading how, crossing mounts,
                           output& told);

} // namespace afio::cli
