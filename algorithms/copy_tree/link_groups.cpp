#include "algorithms/copy_tree/link_groups.hpp"

#include "algorithms/locate_below.hpp"

#include <utility>

namespace afio::algorithms::copy_detail {

std::optional<placed> link_groups::join(const identity& source, std::uint64_t links) {
  std::unique_lock hold(lock_);
  for (;;) {
    // Looked up anew each time: the last name may have been seen while this waited.
    group& g = groups_.try_emplace(source, group{links, group::state::empty, {}}).first->second;
    if (g.is == group::state::copying) {
      changed_.wait(hold);
      continue;
    }
    if (g.is == group::state::empty) {
      g.is = group::state::copying;
      return std::nullopt;
    }
    if (--g.names_left != 0) return g.where;
    placed last = std::move(g.where);
    groups_.erase(source);
    return last;
  }
}

/// Null: the copy failed.
void link_groups::end(const identity& source, placed* where) noexcept {
  const std::scoped_lock hold(lock_);
  const auto found = groups_.find(source);
  if (found == groups_.end()) return;
  group& g = found->second;
  g.is = where != nullptr ? group::state::there : group::state::empty;
  if (where != nullptr) g.where = std::move(*where);
  if (--g.names_left == 0) groups_.erase(found);
  changed_.notify_all();
}

result<fs_handle> pin_again(const path_handle& root, const placed& where) noexcept {
  AFIO_TRY(const location at, locate_below(root, where.path));
  AFIO_TRY(fs_handle file, fs_handle::pin(at.directory, at.name));
  AFIO_TRY(const identity id, file.identity());
  if (!id.same_file(where.id)) return error(errc::raced, call::openat2, at.name.view());
  return file;
}

} // namespace afio::algorithms::copy_detail
