#include "algorithms/copy_tree/copy_tree.hpp"

#include "algorithms/copy_tree/tree_copy.hpp"

#include <cerrno>
#include <new>

namespace afio::algorithms {

namespace {

/// What does not go together.
bool contradicts_itself(const copy_options& o) noexcept {
  if (o.leaves == copy_options::leaves::copies) return false;
  if (o.symlinks == copy_options::symlinks::fix || o.copied != nullptr) return true;
  return o.leaves != copy_options::leaves::hard_links &&
         o.symlinks == copy_options::symlinks::follow;
}

} // namespace

result<copy_report> copy_tree(const path_handle& from, leaf_name name, const path_handle& to,
                              leaf_name new_name, std::string_view shown,
                              const copy_options& options, observer& told) noexcept try {
  if (contradicts_itself(options)) return error(EINVAL, call::none);
  AFIO_TRY(fs_handle source, fs_handle::pin(from, name));
  AFIO_TRY(stat_t status, source.stat());
  const bool led =
      status.type == file_type::symlink && options.symlinks == copy_options::symlinks::follow;
  if (led) {
    AFIO_TRY(source, fs_handle::pin_target(from, name));
    AFIO_TRY(status, source.stat());
  }
  copy_detail::tree_copy work(to, new_name, shown, options, told);
  if (status.type != file_type::directory) return work.copy_one(from, name, source, status);
  // Where a user points at a mount point, it is the mount that is meant.
  AFIO_TRY(const path_handle root, led ? path_handle::path(from, path_view(name))
                                       : path_handle::path(from, name, crossing::any_mount));
  AFIO_TRY(const stat_t of_root, root.stat());
  return work.copy_directory(root, of_root);

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
