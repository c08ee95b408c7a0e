// What went wrong: the original errno, the call that returned it, and the name it was about.
#pragma once

#include "afio/call.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace afio {

/// Failures that no errno names. They compare equal to std::error_codes of `afio_category()`.
enum class errc : std::int32_t {
  raced = 1,     ///< The name now means another file than the one that was listed or opened.
  boundary,      ///< The directory is on another mount, device or subvolume than its parent.
  invalid_name,  ///< Not a single path component: empty, ".", "..", too long, or holds '/' or NUL.
  refused,       ///< A safety rule forbids it.
  still_growing, ///< New entries kept appearing for as long as the caller was willing to wait.
  kept_changing, ///< A file was being changed for as long as the caller was willing to retry.
  differs,       ///< What was written does not read back as what was copied.
  check_failed,  ///< A `checked` build did the step another way and got another answer.
};

/// The category of `errc`. Static storage, never fails.
const std::error_category& afio_category() noexcept;
std::error_code make_error_code(errc code) noexcept;

/// A value: copyable, comparable by `code()`, safe to keep for ever.
///
/// Making one on a failure path may allocate (the name); where memory is short the name is left
/// out and everything else is kept. A successful result never allocates.
class error {
public:
  /// An errno as the kernel gave it. `name` is copied.
  error(int native, call origin, std::string_view name = {}) noexcept;
  /// A failure of afio's own making. `native` is the errno behind it, 0 where there is none.
  error(errc code, call origin, std::string_view name = {}, int native = 0) noexcept;

  error(const error& other) noexcept;
  error(error&&) noexcept = default;
  error& operator=(const error& other) noexcept;
  error& operator=(error&&) noexcept = default;
  ~error() = default;

  /// In std::system_category() for an errno, in afio_category() otherwise.
  std::error_code code() const noexcept;

  /// The original errno, always kept; 0 where the kernel reported no failure.
  int native() const noexcept { return native_; }

  /// The call that failed.
  call origin() const noexcept { return origin_; }

  /// The name that the call was about; may be empty. Bytes as the file system has them, unquoted.
  std::string_view name() const noexcept {
    return name_ ? std::string_view(name_.get(), size_) : std::string_view();
  }

  /// The same error about another name, as a caller says that knows the longer one.
  error about(std::string_view name) const noexcept;

  bool operator==(std::errc condition) const noexcept { return code() == condition; }

  bool operator==(errc condition) const noexcept { return code() == make_error_code(condition); }

  /// For people: `unlinkat "name": Operation not permitted`. Quotes and escapes the name.
  /// Allocates, and throws std::bad_alloc only.
  std::string message() const;

private:
  void keep(std::string_view name) noexcept;

  std::int32_t native_;
  errc own_{};
  call origin_;
  std::uint16_t size_ = 0;
  std::unique_ptr<char[]> name_;
};

/// Lets Outcome and <system_error> treat an error as the std::error_code it holds.
std::error_code make_error_code(const error& e) noexcept;

} // namespace afio

template <>
struct std::is_error_code_enum<afio::errc> : std::true_type {};
