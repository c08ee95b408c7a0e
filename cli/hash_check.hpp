// afio-hash --check: whether files still are what a list says.
#pragma once

#include "algorithms/hash/hash_tree.hpp"
#include "cli/common/output.hpp"
#include "cli/hash_list.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace afio::cli {

struct check_options {
  algorithms::hash_options hashing; ///< threads, retry, stop, deadline, counters, on_failure.
  hash_lines lines = hash_lines::newline;
  bool only_failures = false; ///< No line for what is as it was.
  bool json = false;
};

struct check_report {
  std::uint64_t files = 0; ///< Read, whatever they were.
  std::uint64_t mismatches = 0;
  std::uint64_t malformed = 0;     ///< Lines that say nothing of a file.
  std::uint64_t failures = 0;      ///< Files that could not be read; told.
  std::uint64_t kept_changing = 0; ///< Of them, those that changed whenever they were read.
  algorithms::stopped stopped = algorithms::stopped::no;
};

/// Reads every file that the lines of `list`, called `shown`, name, relative to the working
/// directory, and tells of each whether it has the hash. With several threads, in no order.
check_report check_list(std::string_view list, const std::string& shown,
                        const check_options& options, output& out);

} // namespace afio::cli
