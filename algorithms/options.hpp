// Words that the options of several algorithms share.
#pragma once

#include "afio/deadline.hpp"
#include "afio/path_handle.hpp"
#include "algorithms/walk/walk.hpp"

#include <stop_token>

namespace afio::algorithms {

/// What every algorithm over trees can be told. The fields mean what they mean in walk_options.
struct tree_options {
  unsigned threads = 0;
  unsigned descriptors = 0;
  crossing mounts = crossing::same_mount;
  algorithms::on_failure on_failure = algorithms::on_failure::proceed;
  afio::deadline deadline = {};
  std::stop_token stop = {};
  progress* counters = nullptr;

  walk_options for_walk() const noexcept {
    return {.threads = threads,
            .descriptors = descriptors,
            .mounts = mounts,
            .on_failure = on_failure,
            .deadline = deadline,
            .stop = stop,
            .counters = counters};
  }
};

} // namespace afio::algorithms
