// How often operator new is called, and which calls fail: in a test that links this, its own
// operator new is in place of the library's.
#pragma once

#include <atomic>
#include <cstdint>

namespace afio::testing {

/// Of all threads and kinds, counted from 0.
extern std::atomic<std::uint64_t> allocations;

/// Asked for each, with its number from 1 on; where it says no, there is no memory. None: there is.
extern std::atomic<bool (*)(std::uint64_t number) noexcept> may_allocate;

} // namespace afio::testing
