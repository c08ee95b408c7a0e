// What hashes exactly as many messages as there are lanes; a file a kind of processor.
#pragma once

#include "algorithms/hash/spooky_lanes.hpp"
#include "algorithms/hash/spooky_mix.hpp"

namespace afio::algorithms::spooky {

/// `messages` and `hashes` are of the kernel's width; no message is shorter than long_from.
using lane_kernel = void (*)(std::span<const std::span<const std::byte>> messages,
                             std::span<hash128> hashes, hash128 seed) noexcept;

/// Takes `blocks` blocks from each of `from` on, into the state with the same index. Both are of
/// the kernel's width.
using block_kernel = void (*)(std::span<state<std::uint64_t>> states,
                              std::span<const std::byte* const> from, std::size_t blocks) noexcept;

spooky_lanes widest_lanes() noexcept;
/// Not for one lane.
lane_kernel kernel_of(spooky_lanes lanes) noexcept;
block_kernel block_kernel_of(spooky_lanes lanes) noexcept;

} // namespace afio::algorithms::spooky
