// Links and symlinks in copies: words of the command line and what they mean.
#pragma once

#include "algorithms/copy_tree/copy_tree.hpp"

#include <string>

namespace CLI {
class App;
}

namespace afio::cli {

/// --link, --absolute-links, --dereference, --fix-symlinks.
struct linking_arguments {
  std::string link;        ///< "hard", "symbolic"; empty: copies.
  std::string dereference; ///< "symlinks", "hardlinks", "all"; empty: neither.
  bool absolute = false;
  bool fix = false;

  /// Adds the options to `app`. *this must outlive the parse.
  void add_to(CLI::App& app);

  /// What does not go together, for people; empty where all does.
  std::string contradiction() const;

  bool follows_symlinks() const { return dereference == "symlinks" || dereference == "all"; }

  bool parts_hardlinks() const { return dereference == "hardlinks" || dereference == "all"; }

  /// Sets what the words mean. After preserve was.
  void apply_to(algorithms::copy_options& options) const;
};

} // namespace afio::cli
