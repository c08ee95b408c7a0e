// What a trivial_vector takes beside std::vector where memory comes and goes.
#include "algorithms/mapping/trivial_vector.hpp"
#include "tests/benchmarks/side_by_side.hpp"

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace afio::benchmarks {
namespace {

using algorithms::trivial_vector;

constexpr std::size_t usual_ints = 100'000'000;
constexpr std::size_t gibibyte_of_ints = (std::size_t{1} << 30) / sizeof(int);

/// AFIO_BENCHMARK_INTS: fewer for a trial; 10^9, where there are 12 GB for std::vector.
std::size_t ints_to_push() {
  const char* const wanted = std::getenv("AFIO_BENCHMARK_INTS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : usual_ints;
}

template <class V>
bool push(std::size_t count) {
  V v;
  for (std::size_t i = 0; i < count; ++i) v.push_back(static_cast<int>(i));
  return v.size() == count && v.back() == static_cast<int>(count - 1);
}

template <class V>
auto pushing(std::size_t count) {
  return repeat([count] { return push<V>(count); });
}

/// A full vector gets room for one more, and so on.
template <class V>
auto growing(std::size_t count) {
  return repeat([count, v = std::make_shared<V>(count, 1)] {
    const std::size_t before = v->capacity();
    v->reserve(before + 1);
    return v->capacity() > before && (*v)[0] == 1 && (*v)[count - 1] == 1;
  });
}

int run(int argc, char** argv) {
  side_by_side page(
      argc, argv,
      {.name = "vectors",
       .title = "Vectors that grow",
       .about = "`trivial_vector` moves its pages where `std::vector` copies, and has large pages "
                "where the machine gives them: fewer page faults."});
  const std::size_t many = ints_to_push();
  for (const std::size_t count : {std::size_t{1'000'000}, many}) {
    page.compare("push_back of " + std::to_string(count) + " ints to an empty vector",
                 {{"std::vector", pushing<std::vector<int>>(count), {.things = count}},
                  {"trivial_vector",
                   pushing<trivial_vector<int>>(count),
                   {.wanted = 0.8, .things = count}}});
  }
  const std::size_t full = many >= usual_ints ? gibibyte_of_ints : many;
  page.compare("Room for one more in a vector of " + std::to_string(full) + " ints",
               {{"std::vector", growing<std::vector<int>>(full)},
                {"trivial_vector", growing<trivial_vector<int>>(full), {.wanted = 0.01}}});
  return page.finish();
}

} // namespace
} // namespace afio::benchmarks

int main(int argc, char** argv) { return afio::benchmarks::run(argc, argv); }
