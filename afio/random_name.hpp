// The names that afio makes for itself: ".afio-" and 128 random bits in hex, and "afio-kept-".
#pragma once

#include "afio/leaf_name.hpp"

#include <string_view>

namespace afio {

/// A fresh name, ".afio-" and 32 lower-case hex digits. ENOSYS only where the kernel has no
/// getrandom. Does not allocate.
result<leaf_buffer> random_name() noexcept;

/// Whether `name` is of that pattern.
bool is_random_name(std::string_view name) noexcept;

/// A fresh name for somebody else's file that an attack put in the way and whose own name is taken:
/// "afio-kept-" and 32 hex digits. Not of the pattern above, so nothing that cleans up ever takes
/// it.
result<leaf_buffer> kept_name() noexcept;

} // namespace afio
