// A file that is written anew, whole, in place of the old one.
#pragma once

#include "afio/file_handle.hpp"
#include "afio/path_handle.hpp"
#include "afio/random_name.hpp"

#include <utility>

namespace afio::algorithms {

/// Makes a private file (0600) in `dir` under a random name, has `write(file)` fill it, and renames
/// it to `name`, in place of what has that: readers see one or the other. EISDIR for a directory.
/// Durable as far as `write` makes it so; the name is not. After a failure, which is about `name`,
/// that is as it was; a kill leaves the random name at the worst.
template <class F>
result<void> replace_file(const path_handle& dir, leaf_name name, F&& write) {
  const auto drawn = random_name();
  if (!drawn) return drawn.assume_error().about(name);
  const leaf_buffer& aside = drawn.assume_value();
  auto made =
      file_handle::file(dir, aside, {.mode = mode::write, .creation = creation::only_if_not_exist});
  if (!made) return made.assume_error().about(name);
  file_handle file = std::move(made).assume_value();
  result<void> done = write(file);
  if (done) done = dir.rename(aside, dir, name, replace::yes); // Nobody else knows the old name.
  if (done) return done;
  // Nobody is left to hear of a failure; what stays has a name of the documented pattern.
  (void)file.unlink(dir, aside);
  return done.assume_error().about(name);
}

} // namespace afio::algorithms
