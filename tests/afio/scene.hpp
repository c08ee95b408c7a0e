// What most tests of handles begin with: a directory of their own, an anchor to it, and no
// descriptor left at the end.
#pragma once

#include "afio/detail/fault.hpp"
#include "afio/path_handle.hpp"
#include "afio/result.hpp"
#include "tests/support/descriptor_guard.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace afio::unit {

/// The value; a test whose scene can't be set has no result.
template <class T>
T take(result<T> r) {
  if (!r) throw std::runtime_error(r.assume_error().message());
  if constexpr (!std::is_void_v<T>) return std::move(r).assume_value();
}

template <class T>
::testing::AssertionResult succeeded(const result<T>& r) {
  if (r) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << r.assume_error().message();
}

/// With this errno, or with this code of afio's own.
template <class T, class Code>
::testing::AssertionResult failed_with(const result<T>& r, Code code) {
  if (r) return ::testing::AssertionFailure() << "it succeeded";
  const bool same = [&] {
    if constexpr (std::is_same_v<Code, int>) {
      return r.assume_error().code() == std::error_code(code, std::system_category());
    } else {
      return r.assume_error() == code;
    }
  }();
  if (same) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << r.assume_error().message();
}

/// A leaf name out of a literal.
inline leaf_name leaf(const char* name) { return take(leaf_name::from(name)); }

/// An anchor to what a test knows by its path.
inline path_handle anchor(const std::filesystem::path& at) {
  return take(path_handle::path(path_handle::working_directory(), path_view(at.native())));
}

/// A fault that is armed while this lives. `armed counting;` only counts calls.
class armed {
public:
  explicit armed(const detail::fault& f = {}) { detail::arm(f); }

  armed(const armed&) = delete;
  armed& operator=(const armed&) = delete;

  ~armed() { detail::disarm(); }
};

/// Acts at the very moment before the `nth` call of a kind is made, while this lives.
class just_before {
public:
  just_before(call which, std::uint64_t nth, std::function<void()> act,
              detail::fault::repeat repeats = detail::fault::repeat::once)
      : fault_({.which = which, .nth = nth, .repeats = repeats, .stop = run}) {
    action = std::move(act);
    count = 0;
  }

  /// How often it came to it. A race that did not happen proves nothing.
  int times() const { return count; }

private:
  static void run(call) noexcept {
    ++count;
    action();
  }

  static inline std::function<void()> action;
  static inline int count = 0;
  armed fault_;
};

/// Makes an empty file.
inline void touch(const std::filesystem::path& path) {
  const std::ofstream made(path);
  if (!made) throw std::runtime_error("cannot make " + path.string());
}

/// The names in a directory.
inline std::set<std::string> names_in(const std::filesystem::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.insert(entry.path().filename());
  }
  return names;
}

/// A test in a directory of its own, `scratch`, which is held by `dir`.
class scene : public ::testing::Test {
  testing::descriptor_guard guard_; // First, so that it looks last.

protected:
  void make(std::string_view literal) { testing::make_tree(scratch.path(), literal); }

  std::set<std::string> names() const { return names_in(scratch.path()); }

  const testing::scratch_directory scratch;
  const path_handle dir = anchor(scratch.path());
};

} // namespace afio::unit
