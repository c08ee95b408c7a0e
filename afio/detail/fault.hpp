// How tests make a call of the kernel's fail, or stop, by its name.
#pragma once

#include "afio/call.hpp"

#include <atomic>
#include <cstdint>

namespace afio::detail {

/// What to do to one kind of call. One fault is armed at a time, for the whole process.
struct fault {
  call which = call::none;
  /// The first call to touch, counting from 1 at arm(). Calls of all threads are counted together.
  std::uint64_t nth = 1;
  /// Also every later one.
  enum class repeat : std::uint8_t { once, for_ever } repeats = repeat::once;
  /// The errno that the call reports without being made; 0 lets it run.
  int native = 0;
  /// Called, where set, just before the call is made or failed: a place to race from.
  void (*stop)(call) noexcept = nullptr;
};

/// Arms `f` in place of the one before and starts counting anew. Not to be called while another
/// thread is inside afio.
void arm(const fault& f) noexcept;
void disarm() noexcept;
/// How many calls of `which` were made since the last arm(), up to the disarm() after it.
std::uint64_t calls_seen(call which) noexcept;

/// Set while a fault is armed. A door reads it once a call: one predicted branch.
extern std::atomic<bool> fault_armed;
/// The slow side of the door: counts the call, returns the errno to report or 0.
int meet_fault(call which) noexcept;

} // namespace afio::detail
