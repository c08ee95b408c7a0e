#pragma once

#include <cstdint>

namespace afio::testing {

// A sanitized program takes ten times as long to start, and these tests start thousands.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#elif defined(__has_feature)
inline constexpr bool is_sanitized =
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool is_sanitized = false;
#endif

/// How many to go on by in a quick test, where every one is tried otherwise.
constexpr std::uint64_t quick_step(std::uint64_t sanitized) noexcept {
  return is_sanitized ? sanitized : 1;
}

} // namespace afio::testing
