#include "tests/support/allocations.hpp"

#include <cstdlib>
#include <new>

namespace afio::testing {

std::atomic<std::uint64_t> allocations = 0;
std::atomic<bool (*)(std::uint64_t number) noexcept> may_allocate = nullptr;

namespace {

void* allocate(std::size_t size) noexcept {
  const std::uint64_t number = ++allocations;
  const auto asked = may_allocate.load(std::memory_order_relaxed);
  if (asked != nullptr && !asked(number)) return nullptr;
  return std::malloc(size != 0 ? size : 1);
}

void* allocate_or_throw(std::size_t size) {
  if (void* const memory = allocate(size)) return memory;
  throw std::bad_alloc();
}

} // namespace

} // namespace afio::testing

using afio::testing::allocate;
using afio::testing::allocate_or_throw;

void* operator new(std::size_t size) { return allocate_or_throw(size); }

void* operator new[](std::size_t size) { return allocate_or_throw(size); }

void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }

void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }

void operator delete(void* memory) noexcept { std::free(memory); }

void operator delete[](void* memory) noexcept { std::free(memory); }

void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
