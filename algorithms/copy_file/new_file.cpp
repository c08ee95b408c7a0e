#include "algorithms/copy_file/new_file.hpp"

#include "afio/random_name.hpp"

#include <cerrno>
#include <utility>

namespace afio::algorithms::copy_detail {

namespace {

constexpr file_options private_new{.mode = mode::write, .creation = creation::only_if_not_exist};

bool means_no_unnamed(const error& e) noexcept {
  // EISDIR, ENOENT: of kernels and file systems that take O_TMPFILE for an open of the directory.
  return e.native() == EOPNOTSUPP || e.native() == EISDIR || e.native() == ENOENT ||
         e.native() == ENOSYS || e.native() == EINVAL;
}

} // namespace

result<new_file> new_file::hidden(const path_handle& dir) noexcept {
  auto unnamed = file_handle::unnamed(dir, caching::all);
  if (unnamed) return new_file(std::move(unnamed).assume_value(), publication(dir));
  if (!means_no_unnamed(unnamed.assume_error())) return std::move(unnamed).as_failure();
  return random_named(dir);
}

result<new_file> new_file::random_named(const path_handle& dir) noexcept {
  AFIO_TRY(const leaf_buffer name, random_name());
  AFIO_TRY(auto file, file_handle::file(dir, name, private_new));
  return new_file(std::move(file), publication(dir, name, publication::name_is::random));
}

result<new_file> new_file::named(const path_handle& dir, leaf_name name,
                                 std::uint16_t permissions) noexcept {
  file_options options = private_new;
  options.permissions = permissions;
  AFIO_TRY(auto file, file_handle::file(dir, name, options));
  return new_file(std::move(file), publication(dir, name, publication::name_is::final));
}

} // namespace afio::algorithms::copy_detail
