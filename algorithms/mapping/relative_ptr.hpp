// A pointer to something in the same file as itself, wherever that is mapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace afio::algorithms {

/// Holds how far away its target is, instead of where it is. So it means the same after its file
/// was mapped at another address, as long as both are in one map; a copy of it elsewhere is another
/// distance to the same target. But it must be copied as an object: bytes moved by memcpy, or by a
/// container of trivially copyable things, point elsewhere.
///
/// What is on the stack may point into a map, and the reverse; neither outlives the map. 8 bytes;
/// threads as for any pointer.
template <class T>
class relative_ptr {
public:
  using element_type = T;

  relative_ptr() noexcept = default;

  relative_ptr(std::nullptr_t) noexcept {}

  relative_ptr(T* target) noexcept { *this = target; }

  relative_ptr(const relative_ptr& other) noexcept { *this = other.get(); }

  ~relative_ptr() = default;

  relative_ptr& operator=(const relative_ptr& other) noexcept { return *this = other.get(); }

  relative_ptr& operator=(T* target) noexcept {
    distance_ = target == nullptr ? none : address(target) - address(this);
    return *this;
  }

  T* get() const noexcept {
    if (distance_ == none) return nullptr;
    return reinterpret_cast<T*>(static_cast<std::uintptr_t>(address(this) + distance_));
  }

  std::add_lvalue_reference_t<T> operator*() const noexcept { return *get(); }

  T* operator->() const noexcept { return get(); }

  explicit operator bool() const noexcept { return distance_ != none; }

  friend bool operator==(const relative_ptr& a, const relative_ptr& b) noexcept {
    return a.get() == b.get();
  }

  friend bool operator==(const relative_ptr& a, std::nullptr_t) noexcept { return !a; }

private:
  /// No pointer's: it would be to its own second byte.
  static constexpr std::int64_t none = 1;

  template <class U>
  static std::int64_t address(const U* of) noexcept {
    return static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(of));
  }

  std::int64_t distance_ = none;
};

} // namespace afio::algorithms
