#include "algorithms/mapping/transfer.hpp"
#include "algorithms/mapping/trivial_vector.hpp"

#include <algorithm>
#include <iostream>

using afio::algorithms::mapped_view;
using afio::algorithms::trivial_vector;

int main() {
  trivial_vector<int> numbers{3, 1, 2};
  for (int i = 4; i < 10'000'000; ++i)
    numbers.push_back(i); // As a std::vector, but nothing is copied.
  std::sort(numbers.begin(), numbers.begin() + 3);
  std::cout << numbers.size() << " numbers from " << numbers.front() << " to " << numbers.back()
            << '\n';

  // Where exceptions are not wanted, an error is a value.
  if (auto reserved = numbers.try_reserve(numbers.max_size()); !reserved)
    std::cout << reserved.assume_error().code().message() << '\n';

  // The pages can go elsewhere.
  const auto view = afio::algorithms::transfer<mapped_view<const int>>(std::move(numbers)).value();
  std::cout << view.size() << " in the view, " << numbers.size() << " in the vector\n";
}
