// What the punching of holes can be told.
#pragma once

#include "afio/deadline.hpp"
#include "algorithms/options.hpp"

#include <cstdint>

namespace afio::algorithms {

struct punch_options {
  tree_options tree = {};
  /// Bytes of a run of zeros that becomes a hole. Each hole costs the file system an extent and a
  /// line in its journal. At least a block is wanted.
  std::uint64_t min_size = std::uint64_t{128} << 10;
  enum class doing : std::uint8_t {
    work,
    rehearse, ///< Tells what would be punched, and changes nothing.
  } doing = doing::work;
  /// How long to try again for a file that is in use.
  afio::deadline retry = deadline::in(std::chrono::nanoseconds::zero());
};

} // namespace afio::algorithms
