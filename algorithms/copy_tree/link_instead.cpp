#include "algorithms/copy_tree/link_instead.hpp"

#include "afio/symlink_handle.hpp"
#include "algorithms/copy_tree/entry_copier.hpp"

#include <cerrno>

namespace afio::algorithms::copy_detail {

namespace {

result<void> publish(const fs_handle& made, publication& as, const destination& to) noexcept {
  auto named = to.old ? as.publish_over(made, to.name, *to.old) : as.publish(made, to.name);
  if (!named) as.abandon(made);
  return named;
}

} // namespace

result<void> check_linkable(const stat_t& status, leaf_name name, const path_handle& dir) noexcept {
  AFIO_TRY(const identity there, dir.identity());
  // The mount alone: an overlay's files may have other devices than its directories.
  if (there.mount != status.id.mount) return error(EXDEV, call::linkat, name);
  return success();
}

result<void> link_to(const fs_handle& file, const destination& to) noexcept {
  publication as(to.directory);
  return publish(file, as, to);
}

result<std::string> pointer_to(std::string_view path, std::string_view copy_dir,
                               enum copy_options::leaves kind) {
  std::string target = kind == copy_options::leaves::absolute_symlinks
                           ? std::string(path)
                           : relative_path(copy_dir, path);
  if (target.size() >= path_view::max_size) return error(ENAMETOOLONG, call::symlinkat, target);
  return target;
}

result<void> point_to(std::string_view target, const destination& to) noexcept {
  AFIO_TRY(const leaf_buffer born_as, name_to_be_born(to));
  const auto made = symlink_handle::create(to.directory, born_as, target);
  if (!made) return made.assume_error().about(born_as.view());
  publication as = born(born_as, to);
  return publish(made.assume_value(), as, to);
}

} // namespace afio::algorithms::copy_detail
