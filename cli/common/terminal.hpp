// What a terminal can show.
#pragma once

#include <cstddef>
#include <cstdint>

namespace afio::cli {

enum class palette : std::uint8_t { ascii, colours };

/// Whether a descriptor is a terminal that knows escape sequences.
bool is_capable_terminal(int descriptor) noexcept;

/// Colours and block characters on a terminal, unless NO_COLOR says no.
palette palette_of_stdout() noexcept;

/// How wide the terminal at a descriptor is; 80 where it is none.
std::size_t columns_of(int descriptor) noexcept;

} // namespace afio::cli
