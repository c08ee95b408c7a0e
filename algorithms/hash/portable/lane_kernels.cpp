#include "algorithms/hash/lane_kernels.hpp"

namespace afio::algorithms::spooky {

spooky_lanes widest_lanes() noexcept { return spooky_lanes::one; }

lane_kernel kernel_of(spooky_lanes) noexcept { return nullptr; }

block_kernel block_kernel_of(spooky_lanes) noexcept { return nullptr; }

} // namespace afio::algorithms::spooky
