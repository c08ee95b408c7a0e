// Where hashes are remembered, on a command line: --cache.
#pragma once

#include "algorithms/hash/hash_cache.hpp"

#include <string>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace afio::cli {

struct caching {
  std::string where = "none";

  /// Adds the option. *this must outlive the parse.
  CLI::Option* add_to(CLI::App& app);

  algorithms::hash_caching meant() const;
};

} // namespace afio::cli
