// Whether two files hold the same bytes.
#pragma once

#include "afio/file_handle.hpp"
#include "algorithms/observer.hpp"

#include <cstdint>
#include <stop_token>

namespace afio::algorithms {

/// Reads both files from their beginnings, once and up to the first difference, through the two
/// halves of `through`. True where they have the same first `size` bytes; where `size` is 0, which
/// is what some file systems say of contents that they make up, where they end together. Whether a
/// file has grown since is for the caller to see. ECANCELED if it was asked to stop. Bytes read of
/// one are added to `counters`, which may be null. Does not allocate.
result<bool> equal_contents(const file_handle& a, const file_handle& b, std::uint64_t size,
                            buffer through, const std::stop_token& stop,
                            progress* counters = nullptr) noexcept;

} // namespace afio::algorithms
