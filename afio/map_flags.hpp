// What may be done with mapped memory, and what the kernel is to do for it.
#pragma once

#include <cstdint>

namespace afio {

/// Combine with `|`. Of read, write, cow and execute, write and cow each imply read.
enum class map_flags : std::uint8_t {
  none = 0,    ///< Address space and nothing behind it: touching it is SIGSEGV.
  read = 1,    ///<
  write = 2,   ///< What is stored is the file's, and seen by all who map or read it.
  cow = 4,     ///< What is stored is this map's alone, and never the file's.
  execute = 8, ///<
  /// No memory or swap is set aside when mapping. Where it has run out by the time that a page is
  /// first touched, the kernel kills a process; without, mapping fails with ENOMEM instead, as far
  /// as the machine's overcommit policy keeps count.
  nocommit = 16,
  prefault = 32,         ///< All pages are in memory when the call returns.
  barrier_on_close = 64, ///< Closing waits until what was stored is durable.
  /// The file is in persistent memory, and what is stored is durable as soon as it has left the
  /// processor's caches: so a barrier writes those back, and calls nobody. EOPNOTSUPP from mapping
  /// where that is not so (the file system must map the device directly: DAX).
  non_volatile = 128,
};

constexpr map_flags operator|(map_flags a, map_flags b) noexcept {
  return static_cast<map_flags>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

constexpr map_flags operator&(map_flags a, map_flags b) noexcept {
  return static_cast<map_flags>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}

/// Whether `flags` has any of `asked`.
constexpr bool has(map_flags flags, map_flags asked) noexcept {
  return (flags & asked) != map_flags::none;
}

} // namespace afio
