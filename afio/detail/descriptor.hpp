// A file descriptor with one owner.
#pragma once

#include <utility>

namespace afio::detail {

/// Owns a descriptor: closed on destruction, its errors then dropped because nobody is left to hear
/// them (sys::close reports them). Only the system-call layer looks at the number.
class descriptor {
public:
  descriptor() noexcept = default;

  explicit descriptor(int number) noexcept : number_(number) {}

  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

  /// Closes what it held before, at once.
  descriptor& operator=(descriptor&& other) noexcept {
    descriptor taken(std::move(other));
    std::swap(number_, taken.number_);
    return *this;
  }

  ~descriptor();

  bool is_open() const noexcept { return number_ >= 0; }

  int number() const noexcept { return number_; }

  int release() noexcept { return std::exchange(number_, -1); }

  /// The working directory, for what people type; owns nothing.
  static const descriptor& working_directory() noexcept;

private:
  int number_ = -1;
};

/// The number of a descriptor that somebody else owns: good for as long as that is open, whoever
/// owns it by then.
class borrowed_descriptor {
public:
  borrowed_descriptor() noexcept = default;

  explicit borrowed_descriptor(const descriptor& owned) noexcept : number_(owned.number()) {}

  bool is_open() const noexcept { return number_ >= 0; }

  int number() const noexcept { return number_; }

private:
  int number_ = -1;
};

} // namespace afio::detail
