#include "algorithms/mapping/mapped_vector.hpp"

#include <iostream>

struct sample {
  double time;
  double value;
};

using samples = afio::algorithms::mapped_vector<sample>;

afio::result<void> record(samples& to) {
  for (int i = 0; i < 1000; ++i) {
    AFIO_TRY(to.push_back({.time = i * 0.1, .value = i * 0.5})); // ENOSPC, if the disk is full.
  }
  return to.barrier(); // Before it, a power cut may take them; a kill does not.
}

int main() {
  const auto& here = afio::path_handle::working_directory();
  const auto name = afio::leaf_name::from("samples").value();
  {
    auto writer = samples::open(here, name).value();
    record(writer).value();
    if (auto second = samples::open(here, name); !second)
      std::cout << "a second writer: " << second.assume_error().code().message() << '\n';

    // Any number of processes may read meanwhile.
    const auto reader = afio::algorithms::mapped_vector<const sample>::open(here, name).value();
    std::cout << "a reader sees " << reader.size() << " samples\n";
  }
  const auto again = samples::open(here, name).value();
  std::cout << "the last one is " << again.back().value << '\n';
}
