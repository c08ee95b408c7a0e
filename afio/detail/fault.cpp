#include "afio/detail/fault.hpp"

#include <array>
#include <cstddef>

namespace afio::detail {

std::atomic<bool> fault_armed{false};

namespace {

fault armed;
std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(call::count_)> seen;

} // namespace

void arm(const fault& f) noexcept {
  armed = f;
  for (auto& count : seen) count.store(0, std::memory_order_relaxed);
  fault_armed.store(true, std::memory_order_release);
}

void disarm() noexcept { fault_armed.store(false, std::memory_order_release); }

std::uint64_t calls_seen(call which) noexcept {
  return seen[static_cast<std::size_t>(which)].load(std::memory_order_relaxed);
}

int meet_fault(call which) noexcept {
  const auto now = seen[static_cast<std::size_t>(which)].fetch_add(1) + 1;
  if (which != armed.which || now < armed.nth) return 0;
  if (now > armed.nth && armed.repeats == fault::repeat::once) return 0;
  if (armed.stop != nullptr) armed.stop(which);
  return armed.native;
}

} // namespace afio::detail
