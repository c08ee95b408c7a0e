// How many random trees a model test makes, and from which seed.
#pragma once

#include "tests/support/pace.hpp"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace afio::unit {

/// AFIO_MODEL_TREES and AFIO_MODEL_SEED; a tree has a seed of its own, so that one can be had again
/// with AFIO_MODEL_TREES=1.
class model_run {
public:
  explicit model_run(std::uint64_t trees)
      : trees_(number_in("AFIO_MODEL_TREES", trees / testing::quick_step(3))) {
    std::cout << trees_ << " trees from seed " << seed_ << " on\n";
  }

  std::uint64_t trees() const { return trees_; }

  std::uint64_t seed_of(std::uint64_t tree) const { return seed_ + tree; }

private:
  static std::uint64_t number_in(const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::stoull(value) : otherwise;
  }

  std::uint64_t trees_;
  std::uint64_t seed_ = number_in("AFIO_MODEL_SEED", 1);
};

} // namespace afio::unit
