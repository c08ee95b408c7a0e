#include "algorithms/update_tree/updater.hpp"

#include "algorithms/locate_below.hpp"

#include <cerrno>
#include <new>
#include <optional>
#include <string>

namespace afio::algorithms::update_detail {

void updater::rows(const place<2>& here, std::span<row<2>> rows) noexcept {
  for (row<2>& r : rows) {
    try {
      update_row(here, r);
    } catch (const std::bad_alloc&) {
      here.fail(operation::copy, r.name, error(ENOMEM, call::none));
      r.below = row<2>::below::skip;
    }
  }
}

void updater::update_row(const place<2>& here, row<2>& r) {
  if (!shared_->wants(here, r)) return keep(here, r);
  if (r.in[0].present) return put(here, r);
  if (has_moved_away(here, r)) {
    r.below = row<2>::below::skip;
    return;
  }
  // Of a directory that could not be listed, which was told, an absent name says nothing.
  const bool certain = changer<2>::is_going(here) || here.listed(0);
  const bool stays = shared_->options.extras == update_options::extras::keep || !certain;
  if (stays || !changes_.is_absent(here, r)) return keep(here, r);
  changes_.remove(here, r);
}

/// Or will have, after a rehearsal.
bool updater::has_moved_away(const place<2>& here, const row<2>& r) const {
  if (moves_->empty()) return false;
  return (here.is_root() && moves_->is_staged(r.name)) || moves_->is_from(here.below(r.name));
}

/// By renaming, where it is there under another name.
void updater::put(const place<2>& here, row<2>& r) {
  const bool may = !moves_->empty() && !r.in[1].present && r.in[0].type == file_type::regular;
  const std::string path = may ? here.below(r.name) : std::string();
  const auto file = may ? moves_->take(path) : std::nullopt;
  stat_t status;
  const bool renamed = file && rename(here, r, *file);
  if (file && !renamed) moves_->give_back(path, *file); // It is copied, and that one deleted.
  if (renamed && shared_->rehearses()) {
    r.below = row<2>::below::skip;
    return rehearse_rest(here, r, *file);
  }
  // Of a directory that could not be listed, which was told, nothing else is known.
  const bool unknown = here.present(1) && !here.listed(1) && !r.in[1].present;
  if ((renamed || unknown) && status.stamp(here.handle(1), r.name, compared_fields))
    r.in[1] = {.inode = status.id.inode, .stat = &status, .type = status.type, .present = true};
  changes_.put(here, r); // The rest of its metadata.
}

result<void> updater::rename(const place<2>& here, const row<2>& r, const moved_file& file) {
  if (!shared_->rehearses()) {
    const path_handle& root = *shared_->copying.root;
    AFIO_TRY(const fs_handle pinned, fs_handle::pin(root, file.staged));
    AFIO_TRY(pinned.relink(root, file.staged, here.handle(1), r.name));
  }
  ++moved_;
  if (!shared_->told.wants_events()) return success();
  const std::string to = here.path_in(1, r.name);
  const auto above = to.size() - here.below(r.name).size();
  const std::string from = to.substr(0, above) + file.from;
  shared_->told.happened({event_kind::moved, from, r.in[0].type, to});
  return success();
}

/// What else would be done to a file that has been renamed in thought.
void updater::rehearse_rest(const place<2>& here, const row<2>& r, const moved_file& file) {
  const auto old = locate_below(*shared_->copying.root, file.from);
  stat_t s;
  if (!old || !s.stamp(old.assume_value().directory, old.assume_value().name, compared_fields))
    return; // It is gone by now, and nothing can be planned for it.
  changes_.rehearse_put(here, r, {old.assume_value().directory, old.assume_value().name, s});
}

/// And with it the directory that it is in.
void updater::keep(const place<2>& here, row<2>& r) const noexcept {
  r.below = row<2>::below::skip;
  if (changer<2>::is_going(here)) here.mark_incomplete();
}

} // namespace afio::algorithms::update_detail
