// The processor's caches, for memory that keeps what reaches it.
#pragma once

#include <cstddef>
#include <span>

namespace afio::detail {

/// Returns when what was stored into `bytes` has left the caches of all processors, and is ordered
/// before every later store.
void write_back_cache(std::span<const std::byte> bytes) noexcept;

} // namespace afio::detail
