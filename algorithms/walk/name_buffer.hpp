// Bytes that names live in.
#pragma once

#include "afio/result.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>

namespace afio::algorithms::walk_detail {

/// Grows by doubling; never shrinks, because it is used again.
class name_buffer {
public:
  std::span<std::byte> spare() noexcept { return {bytes_.get() + used_, size_ - used_}; }

  std::span<const std::byte> used() const noexcept { return {bytes_.get(), used_}; }

  void use(std::size_t more) noexcept { used_ += more; }

  void clear() noexcept { used_ = 0; }

  /// Makes sure that `spare` bytes are there; what is used may move. ENOMEM.
  result<void> reserve(std::size_t spare) noexcept {
    if (size_ - used_ >= spare) return success();
    const std::size_t size = std::max(used_ + spare, 2 * size_);
    std::unique_ptr<std::byte[]> grown(new (std::nothrow) std::byte[size]);
    if (!grown) return error(ENOMEM, call::none);
    if (used_ != 0) std::memcpy(grown.get(), bytes_.get(), used_);
    bytes_ = std::move(grown);
    size_ = size;
    return success();
  }

private:
  std::unique_ptr<std::byte[]> bytes_; // From new[]: aligned for any record.
  std::size_t size_ = 0;
  std::size_t used_ = 0;
};

} // namespace afio::algorithms::walk_detail
