// The name of one entry of one directory: the only kind of name that afio acts on.
#pragma once

#include "afio/result.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace afio {

/// A borrowed, NUL-terminated name, known to be one component: 1 to 255 bytes without '/' or NUL,
/// neither "." nor "..". So it cannot lead out of the directory that it is used with, and a
/// trailing slash cannot turn off O_NOFOLLOW. Copying copies the pointer; the bytes must outlive
/// it.
class leaf_name {
public:
  static constexpr std::size_t max_size = 255;

  /// Checks `name`, a NUL-terminated string. errc::invalid_name where it is not one component.
  static result<leaf_name> from(const char* name) noexcept;

  /// Takes a name that the kernel has just listed (it checks for '/' and NUL itself); the caller
  /// has left out "." and ".." and longer ones than max_size. `name[size]` must be NUL.
  static leaf_name from_kernel(const char* name, std::size_t size) noexcept {
    return leaf_name(name, size);
  }

  const char* c_str() const noexcept { return name_; }

  std::string_view view() const noexcept { return {name_, size_}; }

  operator std::string_view() const noexcept { return view(); }

  friend bool operator==(leaf_name a, leaf_name b) noexcept { return a.view() == b.view(); }

private:
  friend class leaf_buffer;

  leaf_name(const char* name, std::size_t size) noexcept : name_(name), size_(size) {}

  const char* name_;
  std::size_t size_;
};

/// A leaf name that owns its bytes, in place: 264 bytes, no allocation.
class leaf_buffer {
public:
  /// Copies and checks `name`. errc::invalid_name where it is not one component.
  static result<leaf_buffer> from(std::string_view name) noexcept;
  leaf_buffer(leaf_name name) noexcept; // NOLINT: a checked name stays a checked name

  leaf_name name() const noexcept { return {bytes_.data(), size_}; }

  operator leaf_name() const noexcept { return name(); }

  std::string_view view() const noexcept { return name().view(); }

private:
  std::array<char, leaf_name::max_size + 1> bytes_;
  std::size_t size_;
};

/// Whether `name` is a valid leaf name.
bool is_leaf_name(std::string_view name) noexcept;

} // namespace afio
