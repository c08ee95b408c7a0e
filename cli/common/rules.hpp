// --exclude, --include and their like: which entries of a tree are meant.
#pragma once

#include "algorithms/path_filter.hpp"

#include <array>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace afio::cli {

/// The rules of one command line, in the order in which they were given.
class rules {
public:
  /// Adds the options to `app`. Both must outlive read().
  void add_to(CLI::App& app);
  /// Takes all that was given into the filter. Empty, or for people what is wrong.
  std::string read();
  /// Whether the command line has any of them.
  bool any_given() const;

  /// Null where nothing was given. As long as *this.
  const algorithms::path_filter* filter() const { return filter_.empty() ? nullptr : &filter_; }

private:
  /// What one kind of option was given.
  struct given {
    CLI::Option* option = nullptr;
    std::vector<std::string> values;
  };

  std::array<const given*, 5> all() const {
    return {&exclude_, &include_, &exclude_from_, &include_from_, &from_file_};
  }

  CLI::App* app_ = nullptr;
  given exclude_;
  given include_;
  given exclude_from_;
  given include_from_;
  given from_file_;
  bool null_ = false;
  algorithms::path_filter filter_;
};

} // namespace afio::cli
