// A value, or the error that took its place. Nothing in afio throws.
#pragma once

#include "afio/error.hpp"

#include <boost/outcome/std_result.hpp>
#include <boost/outcome/try.hpp>

#include <exception>

namespace afio {

/// Holds a T or an afio::error. Ask with `if (r)`; take with `r.assume_value()`,
/// `r.assume_error()`. `r.value()` on an error throws std::system_error: the caller's choice, never
/// afio's.
template <class T>
using result = BOOST_OUTCOME_V2_NAMESPACE::std_result<T, error>;

using BOOST_OUTCOME_V2_NAMESPACE::success;

/// Outcome's hook for `r.value()` on an error.
[[noreturn]] inline void outcome_throw_as_system_error_with_payload(const error& e) {
  BOOST_OUTCOME_V2_NAMESPACE::policy::outcome_throw_as_system_error_with_payload(e.code());
  std::terminate(); // Not reached: Outcome does not say that its function never returns.
}

} // namespace afio

/// `AFIO_TRY(auto x, f());` binds the value of f(), or returns its error from this function.
#define AFIO_TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
