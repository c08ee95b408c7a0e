// Numbers for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace afio::cli {

/// "1,234,567".
std::string grouped(std::uint64_t number);

/// "999 B", "1.5 MiB", "12 GiB".
std::string size_text(double bytes);

inline std::string size_text(std::uint64_t bytes) { return size_text(static_cast<double>(bytes)); }

/// With blanks before it, so that a column of them can be read.
std::string aligned(std::string_view text, std::size_t width);

/// "4096", "64K", "64KiB", "1m", "10B": a number of bytes, or of K, M, G, T or P, each 1024 times
/// the one before. Nothing for anything else, or beyond 16 EiB.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

} // namespace afio::cli
