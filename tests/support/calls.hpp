// The system calls that a supervised program is stopped at, and where each one keeps its names.
#pragma once

#include <span>
#include <string_view>

namespace afio::testing {

inline constexpr signed char none = -1;

/// Where a call names one thing: a descriptor argument, a path argument, or a path relative to a
/// descriptor. `none` for the part that it does not have.
struct named_at {
  signed char descriptor = none;
  signed char path = none;
};

struct call {
  std::string_view name;
  int number;
  named_at first;
  named_at second = {};
};

/// Every call that looks at names, at directories or at what inodes say of themselves, or changes
/// any of them. Reading, writing and closing are not among them.
std::span<const call> file_system_calls() noexcept;

/// Read, write, close and their kin: as many stops again, and a name in none of them.
std::span<const call> stream_calls() noexcept;

} // namespace afio::testing
