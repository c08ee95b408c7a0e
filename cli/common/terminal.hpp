// What standard output can show.
#pragma once

#include <cstddef>
#include <cstdint>

namespace afio::cli {

enum class palette : std::uint8_t { ascii, colours };

/// Colours and block characters on a terminal, unless NO_COLOR says no.
palette palette_of_stdout() noexcept;

/// How wide the terminal is; 80 where it is none.
std::size_t columns_of_stdout() noexcept;

} // namespace afio::cli
