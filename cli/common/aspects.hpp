// Lists of the parts of metadata on a command line: --preserve, --metadata.
#pragma once

#include "algorithms/file_metadata.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace afio::cli {

struct aspect_list {
  std::vector<std::string> words{"all"};

  /// Adds the option `name`, which takes all words but those of `without`; its help is `about` and
  /// the words. *this must outlive the parse.
  void add_to(CLI::App& app, const std::string& name, const std::string& about,
              std::initializer_list<std::string_view> without = {});

  algorithms::aspect meant() const;
};

/// What a word means; it is one that the parse has let pass.
algorithms::aspect aspect_of(const std::string& word);

} // namespace afio::cli
