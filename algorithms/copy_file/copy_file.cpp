#include "algorithms/copy_file/copy_file.hpp"

#include "algorithms/copy_file/file_copier.hpp"

#include <cerrno>
#include <optional>

namespace afio::algorithms {

namespace {

/// What has the name now; nothing if it is free. A directory is not replaced.
result<std::optional<identity>> to_be_replaced(const path_handle& dir, leaf_name name) noexcept {
  stat_t s;
  const auto looked = s.stamp(dir, name, want::type | want::identity);
  if (!looked && is_gone(looked.assume_error())) return std::optional<identity>();
  AFIO_TRY(looked);
  if (s.type == file_type::directory) return error(EISDIR, call::verify, name);
  return std::optional(s.id);
}

} // namespace

result<copied_file> copy_file(const path_handle& from, leaf_name name, const path_handle& to,
                              leaf_name new_name, const copy_file_options& options,
                              loss_listener& told) noexcept {
  AFIO_TRY(const fs_handle source, fs_handle::pin(from, name));
  AFIO_TRY(const stat_t status, source.stat());
  AFIO_TRY(const auto old, to_be_replaced(to, new_name));
  copy_detail::large_files only_this{0};
  AFIO_TRY(auto copier, copy_detail::file_copier::make(options, nullptr, only_this));
  // A default ACL of the directory's shows on what is made in it: it is taken off.
  AFIO_TRY(const copied_file done, copier.copy(source, status,
                                               {.directory = to,
                                                .name = new_name,
                                                .old = old,
                                                .target = metadata_copier::target::existing},
                                               told));
  if (options.sync == sync::all) {
    AFIO_TRY(const directory_handle directory, directory_handle::directory(to));
    AFIO_TRY(directory.barrier());
  }
  return done;
}

} // namespace afio::algorithms
