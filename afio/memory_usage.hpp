// Pages of this machine, and how much memory the process uses.
#pragma once

#include "afio/result.hpp"

#include <cstdint>
#include <span>

namespace afio {

/// What memory is mapped in, in bytes: 4,096 nearly everywhere.
std::uint64_t page_size() noexcept;

/// All sizes that map_options::page_size can name here, ascending, from page_size() on, written to
/// the front of `into`: as many as fit. Larger ones need some set aside by the machine's
/// administrator (/sys/kernel/mm/hugepages). Does not allocate.
result<std::span<std::uint64_t>> page_sizes(std::span<std::uint64_t> into) noexcept;

/// In bytes.
struct memory_usage {
  std::uint64_t address_space = 0; ///< Mapped, whether or not there is anything behind it.
  std::uint64_t resident = 0;      ///< In memory now, shared with others or not.
  std::uint64_t own = 0;           ///< Of that, what no other process has mapped.
  std::uint64_t swapped = 0;

  friend bool operator==(const memory_usage&, const memory_usage&) noexcept = default;
};

/// Of this process, now. Takes longer the more is mapped (the kernel goes through all pages that
/// are in memory). ENOSYS where /proc is not mounted, or tells of no sums (before Linux 4.14). Does
/// not allocate.
result<memory_usage> memory_usage_now() noexcept;

} // namespace afio
