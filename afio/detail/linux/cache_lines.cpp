#include "afio/detail/cache_lines.hpp"

#include <cstdint>

namespace afio::detail {

void write_back_cache(std::span<const std::byte> bytes) noexcept {
#if defined(__x86_64__)
  // Every x86-64 has clflush, in the order of the program; newer ones have quicker ones, which
  // only matter where there is persistent memory to measure them on.
  constexpr std::uintptr_t line = 64;
  const auto from = reinterpret_cast<std::uintptr_t>(bytes.data()) / line * line;
  const auto to = reinterpret_cast<std::uintptr_t>(bytes.data()) + bytes.size();
  for (std::uintptr_t at = from; at < to; at += line)
    __builtin_ia32_clflush(reinterpret_cast<const void*>(at));
  __builtin_ia32_mfence();
#elif defined(__aarch64__)
  constexpr std::uintptr_t line = 64; // No processor's lines are shorter.
  const auto from = reinterpret_cast<std::uintptr_t>(bytes.data()) / line * line;
  const auto to = reinterpret_cast<std::uintptr_t>(bytes.data()) + bytes.size();
  for (std::uintptr_t at = from; at < to; at += line)
    asm volatile("dc cvac, %0" ::"r"(at) : "memory");
  asm volatile("dsb ish" ::: "memory");
#else
#error "How does this processor write back its caches?"
#endif
}

} // namespace afio::detail
