// Moves a directory tree the long way: copies it, and deletes the original if all was copied.
#include "afio/path_handle.hpp"
#include "afio/quoted.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"

#include <cstdint>
#include <iostream>

namespace {

namespace algorithms = afio::algorithms;

/// Tells of what could not be done; all else is.
class teller : public algorithms::observer {
  void failed(const algorithms::failure& what) noexcept override {
    std::cerr << afio::quoted(what.path) << ": " << what.why.message() << '\n';
  }
};

/// How many entries could not be moved.
afio::result<std::uint64_t> move(const char* directory, const char* from, const char* to) {
  AFIO_TRY(auto parent, afio::path_handle::path(afio::path_handle::working_directory(), directory));
  AFIO_TRY(auto old_name, afio::leaf_buffer::from(from));
  AFIO_TRY(auto new_name, afio::leaf_buffer::from(to));
  teller told;
  AFIO_TRY(auto copied, algorithms::copy_tree(parent, old_name, parent, new_name, from, {}, told));
  if (copied.failures != 0) return copied.failures;
  const algorithms::remove_options how{.tree = {.threads = 2}};
  AFIO_TRY(auto removed, algorithms::remove_tree(parent, old_name, from, how, told));
  return removed.failures;
}

} // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: program DIRECTORY OLD-NAME NEW-NAME\n";
    return 2;
  }
  const auto failures = move(arguments[1], arguments[2], arguments[3]);
  if (!failures) {
    std::cerr << failures.error().message() << '\n';
    return 2;
  }
  return failures.value() == 0 ? 0 : 1;
}
