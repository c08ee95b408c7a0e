#include "algorithms/copy_tree/single.hpp"

#include "algorithms/copy_tree/entry_copier.hpp"
#include "algorithms/copy_tree/fix_symlink.hpp"
#include "algorithms/copy_tree/link_instead.hpp"

#include <array>
#include <cerrno>

namespace afio::algorithms::copy_detail {

namespace {

std::string_view above(std::string_view path) noexcept { return path.substr(0, path.rfind('/')); }

single_made copied(const single& one, const copied_file& file) noexcept {
  return {one.to.old ? event_kind::replaced : event_kind::created, file};
}

result<single_made> copy(copying& shared, const single& one) {
  if (shared.rehearses()) return copied(one, {});
  AFIO_TRY(auto entries,
           entry_copier::make(shared.file, shared.options.tree.counters, shared.large));
  named_losses told(shared.losses, shared.shown);
  AFIO_TRY(const copied_file file,
           entries.copy(one.from, one.name, one.source, one.status, one.to, told));
  return copied(one, file);
}

result<single_made> copy_fixed(copying& shared, const single& one) {
  std::array<char, path_view::max_size> buffer;
  AFIO_TRY(const std::string_view target, read_symlink(one.from, one.name, one.status, buffer));
  const auto says =
      fixed_target(shared.at, one.from, above(shared.at.source), above(shared.at.copy), target);
  if (!says) return copy(shared, one);
  if (says->size() >= path_view::max_size) return error(ENAMETOOLONG, call::symlinkat, one.name);
  if (shared.rehearses()) return copied(one, {});
  AFIO_TRY(auto entries,
           entry_copier::make(shared.file, shared.options.tree.counters, shared.large));
  named_losses told(shared.losses, shared.shown);
  AFIO_TRY(entries.copy_symlink(one.source, one.status, *says, one.to, told));
  return copied(one, {.source = one.status});
}

result<single_made> link(copying& shared, const single& one) {
  if (shared.rehearses()) {
    AFIO_TRY(check_linkable(one.status, one.name, one.to.directory));
    return single_made{event_kind::linked, {}};
  }
  const auto linked = link_to(one.source, one.to);
  if (linked) return single_made{event_kind::linked, {}};
  if (linked.assume_error() != std::errc::too_many_links) return linked.as_failure();
  named_losses(shared.losses, shared.shown).lost(aspect::links, linked.assume_error());
  return copy(shared, one);
}

result<single_made> point(copying& shared, const single& one) {
  AFIO_TRY(const std::string target,
           pointer_to(shared.at.source, above(shared.at.copy), shared.options.leaves));
  if (!shared.rehearses()) {
    AFIO_TRY(point_to(target, one.to));
  }
  return single_made{event_kind::linked, {}};
}

} // namespace

result<single_made> make_single(copying& shared, const single& one) {
  switch (shared.options.leaves) {
  case copy_options::leaves::hard_links:
    return link(shared, one);
  case copy_options::leaves::symlinks:
  case copy_options::leaves::absolute_symlinks:
    return point(shared, one);
  case copy_options::leaves::copies:
    break;
  }
  const bool fixes = shared.options.symlinks == copy_options::symlinks::fix;
  return fixes && one.status.type == file_type::symlink ? copy_fixed(shared, one)
                                                        : copy(shared, one);
}

} // namespace afio::algorithms::copy_detail
