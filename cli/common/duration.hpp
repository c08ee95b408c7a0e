// Durations as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace afio::cli {

/// "90", "90s", "1.5s", "250ms", "10m", "1h30m", "2d": numbers with units d, h, m, s, ms, us, ns,
/// none twice, the larger first; a lone number is in seconds. Nothing for anything else, or beyond
/// 292 years.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

/// Empty where `text` is a duration, else what is wrong with it.
std::string check_duration(const std::string& text);

/// "0:07", "12:34", "1:02:03", "3d 4:05:06": for a progress bar.
std::string clock_text(std::chrono::seconds span);

} // namespace afio::cli
