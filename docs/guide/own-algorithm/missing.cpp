#include "afio/path_handle.hpp"
#include "algorithms/walk/walk.hpp"

#include <iostream>
#include <string>
#include <vector>

using namespace afio::algorithms;

/// Notes what the first tree has and the second has not.
class seeker final : public visitor<2> {
public:
  std::vector<std::string> missing;

  void rows(const place<2>& here, std::span<row<2>> rows) noexcept override {
    if (!here.listed(1)) return; // Not all of it could be listed: absent says nothing.
    for (row<2>& entry : rows) {
      if (!entry.in[0].present || entry.in[1].present) continue;
      missing.push_back(here.path(entry.name));
      entry.below = row<2>::below::skip; // One line for all of it.
    }
  }
};

int main() {
  const auto& here = afio::path_handle::working_directory();
  const auto a = afio::path_handle::path(here, "a").value();
  const auto b = afio::path_handle::path(here, "b").value();
  const walk_options options = {.threads = 1};
  std::vector<seeker> workers(worker_count(options, 2));
  observer quiet;
  walk<2>({walk_root{.directory = &a, .name = "a"}, walk_root{.directory = &b, .name = "b"}},
          workers, options, quiet)
      .value();
  for (const std::string& path : workers[0].missing) std::cout << path << '\n';
}
