// Pages taken and given back, by one thread and by two: see side_by_side.hpp.
#include "algorithms/mapping/page_allocator.hpp"
#include "tests/benchmarks/side_by_side.hpp"
#include "tests/support/scratch.hpp"

#include <array>
#include <cstddef>
#include <thread>

namespace afio::benchmarks {
namespace {

using algorithms::page_allocator;
using algorithms::page_number;

bool pairs(page_allocator& pages, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    const auto page = pages.allocate();
    if (!page || !pages.free(page.assume_value())) return false;
  }
  return true;
}

/// As many as one, shared by two.
bool pairs_by_two(page_allocator& pages, std::size_t times) {
  std::array<bool, 2> worked{};
  std::thread other([&] { worked[0] = pairs(pages, times / 2); });
  worked[1] = pairs(pages, times - times / 2);
  other.join();
  return worked[0] && worked[1];
}

int run(int argc, char** argv) {
  side_by_side page(argc, argv,
                    {.name = "pages",
                     .title = "Pages of one file",
                     .about =
                         "How long `page_allocator` takes to give out a page and take it back: "
                         "by one thread, and by two at once, of which each does half."});
  const testing::scratch_directory scratch;
  const std::string path = scratch / "pages";
  page_allocator pages =
      page_allocator::open(
          file_handle::file(path_handle::working_directory(), path_view(path),
                            {.mode = mode::write, .creation = creation::only_if_not_exist})
              .value())
          .value();
  constexpr std::size_t many = 1'000'000;
  const auto one = [&](std::size_t times) {
    bool all = true;
    for (std::size_t i = 0; i < times; ++i) all = all && pairs(pages, many);
    return all;
  };
  const auto two = [&](std::size_t times) {
    bool all = true;
    for (std::size_t i = 0; i < times; ++i) all = all && pairs_by_two(pages, many);
    return all;
  };
  page.compare("a pair", {{"one thread", one, {.things = many}},
                          {"two threads", two, {.wanted = 0.6, .things = many}}});
  return page.finish();
}

} // namespace
} // namespace afio::benchmarks

int main(int argc, char** argv) { return afio::benchmarks::run(argc, argv); }
