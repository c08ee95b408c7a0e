// The one pattern of names that afio makes for itself: ".afio-" and 128 random bits in hex.
#pragma once

#include "afio/leaf_name.hpp"

#include <string_view>

namespace afio {

/// A fresh name, ".afio-" and 32 lower-case hex digits. ENOSYS only where the kernel has no
/// getrandom. Does not allocate.
result<leaf_buffer> random_name() noexcept;

/// Whether `name` is of that pattern.
bool is_random_name(std::string_view name) noexcept;

} // namespace afio
