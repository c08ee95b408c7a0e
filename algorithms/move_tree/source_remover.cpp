#include "algorithms/move_tree/source_remover.hpp"

#include <cerrno>
#include <new>

namespace afio::algorithms::move_detail {

namespace {

/// Whether all that lies between the two is the removal of so many names. Trying to remove one
/// renames it, and back.
bool lost_only_names(const stat_t& before, const stat_t& after, unsigned names) noexcept {
  return after.links + names == before.links && after.size == before.size &&
         after.modified == before.modified && after.mode == before.mode &&
         after.owner == before.owner && after.group == before.group;
}

} // namespace

result<bool> deletable::remove(const path_handle& dir, leaf_name name) {
  const auto pinned = fs_handle::pin(dir, name);
  // Somebody else removed it: the goal is met.
  if (!pinned && is_gone(pinned.assume_error())) return false;
  if (!pinned) return pinned.as_failure();
  const fs_handle& source = pinned.assume_value();
  AFIO_TRY(stat_t now, source.stat());
  std::unique_lock group(lock_, std::defer_lock);
  if (now.links > 1 || !copied_.holds(now)) {
    // One at a time, because the removal of one name changes the inode of all.
    group.lock();
    AFIO_TRY(const identity here, dir.identity());
    if (!copied_.holds_name(here, name, now.id)) return error(errc::raced, call::verify, name);
    AFIO_TRY(now, source.stat());
    if (!copied_.holds(now)) {
      AFIO_TRY(check_left_so(now, name));
    }
  }
  const auto removed = source.unlink(dir, name);
  if (now.links > 1) {
    const auto after = source.stat();
    if (!after)
      left_.insert_or_assign(now.id, after.as_failure());
    else if (lost_only_names(now, after.assume_value(), removed ? 1 : 0))
      left_.insert_or_assign(now.id, after.assume_value().changed);
  }
  AFIO_TRY(removed);
  return true;
}

/// That the last that happened to it was the removal of another name of its. Where that could not
/// be looked at afterwards, the name stays, and why it could not be is the reason.
result<void> deletable::check_left_so(const stat_t& now, leaf_name name) const noexcept {
  const auto found = left_.find(now.id);
  if (found == left_.end()) return error(errc::raced, call::verify, name);
  AFIO_TRY(const timestamp changed, found->second);
  if (changed != now.changed) return error(errc::raced, call::verify, name);
  return success();
}

void source_remover::rows(const place<1>& here, std::span<row<1>> rows) noexcept {
  for (row<1>& r : rows) {
    if (has_failed(here, r))
      leave_out(here, r);
    else if (r.in[0].type != file_type::directory)
      remove(here, r);
  }
}

/// Another name of the same inode may have been copied: this one still was not.
bool source_remover::has_failed(const place<1>& here, const row<1>& r) const noexcept {
  if (!told_->any_failed()) return false;
  try {
    return told_->has_failed(here.path(r.name));
  } catch (const std::bad_alloc&) {
    return true; // It cannot be known, so it stays.
  }
}

void source_remover::leave_out(const place<1>& here, row<1>& r) noexcept {
  r.below = row<1>::below::skip;
  here.mark_incomplete();
}

void source_remover::remove(const place<1>& here, const row<1>& r) noexcept {
  const auto removed = [&]() -> result<bool> {
    try {
      return shared_->remove(here.handle(), r.name);
    } catch (const std::bad_alloc&) {
      return error(ENOMEM, call::none);
    }
  }();
  if (!removed) return here.fail(operation::remove, r.name, removed.assume_error());
  if (!removed.assume_value()) return;
  ++deleted_;
  here.tell(event_kind::deleted, r.name, r.in[0].type);
}

after source_remover::leave(const place<1>& here) noexcept {
  if (here.is_root() || here.incomplete()) return after::done;
  if (!shared_->holds_directory(here.id())) { // Empty, and it has come since.
    here.fail(operation::remove, {}, error(errc::raced, call::verify, here.name()));
    return after::done;
  }
  const auto removed = here.parent().remove_directory(here.name());
  if (removed) {
    ++deleted_;
    here.tell(event_kind::deleted, {}, file_type::directory);
    return after::done;
  }
  const error& why = removed.assume_error();
  // What has come since is not ours to delete: listed again, it is told.
  if (why == std::errc::directory_not_empty || why == std::errc::file_exists)
    return after::list_again;
  if (!is_gone(why)) here.fail(operation::remove, {}, why);
  return after::done;
}

} // namespace afio::algorithms::move_detail
