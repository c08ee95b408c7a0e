#include "algorithms/copy_tree/copier.hpp"

#include <cerrno>
#include <new>

namespace afio::algorithms::copy_detail {

namespace {

constexpr std::uint16_t private_mode = 0700;

bool is_gone(const error& e) noexcept { return e == std::errc::no_such_file_or_directory; }

} // namespace

void copier::rows(const place<2>& here, std::span<row<2>> rows) noexcept {
  for (row<2>& r : rows) {
    try {
      copy_row(here, r);
    } catch (const std::bad_alloc&) {
      here.fail(operation::copy, r.name, error(ENOMEM, call::none));
      r.below = row<2>::below::skip;
    }
  }
}

void copier::copy_row(const place<2>& here, row<2>& r) {
  if (!r.in[0].present || !wants(here, r)) {
    r.below = row<2>::below::skip; // What the source lacks stays.
    return;
  }
  if (here.present(1) && !here.listed(1)) look_up(here, r);
  const bool directory = r.in[0].type == file_type::directory;
  const auto done = directory ? enter_directory(here, r) : copy_entry(here, r);
  if (done) return;
  r.below = row<2>::below::skip;
  const error& why = done.assume_error();
  if (why == errc::kept_changing) ++report_.kept_changing;
  // Stopped in the middle of a large file: that is no failure of the file's.
  if (why == std::errc::operation_canceled)
    here.mark_incomplete();
  else
    here.fail(directory ? operation::create : operation::copy, r.name, why);
}

/// What has the name in a directory of the copy that could not be listed, which was told. If it
/// cannot be looked up either, making the new one fails.
void copier::look_up(const place<2>& here, row<2>& r) noexcept {
  stat_t s;
  if (!s.stamp(here.handle(1), r.name, want::type | want::identity)) return;
  r.in[1] = {.inode = s.id.inode, .type = s.type, .present = true};
}

bool copier::wants(const place<2>& here, const row<2>& r) const {
  const path_filter* filter = shared_->options.filter;
  return filter == nullptr || filter->includes(below(here, r.name), r.in[0].type);
}

std::string copier::below(const place<2>& here, std::string_view leaf) const {
  const std::string_view root = shared_->shown;
  return here.path(leaf).substr(root.size() + (root.ends_with('/') ? 0 : 1));
}

// ---- Directories

result<void> copier::enter_directory(const place<2>& here, row<2>& r) {
  directory_state state;
  const auto looked = state.source.stamp(here.handle(0), r.name);
  if (!looked && is_gone(looked.assume_error())) {
    r.below = row<2>::below::skip;
    return success();
  }
  AFIO_TRY(looked);
  // The copy lies in its own source, by a rename or above a directory that may not be searched.
  if (state.source.id.same_file(shared_->root_id))
    return error(errc::refused, call::verify, r.name);
  state.merged = r.in[1].present;
  if (state.merged && r.in[1].type != file_type::directory) {
    return error(ENOTDIR, call::verify, r.name);
  }
  if (!shared_->rehearses()) {
    AFIO_TRY(state.merged ? make_no_wider(here.handle(1), r.name, state.source)
                          : make_directory(here, r));
  }
  if (!state.merged) done(here, r, event_kind::created);
  if (shared_->options.copied != nullptr) copied_.add_directory(state.source.id);
  if (!shared_->rehearses()) r.slot = states_.keep(state);
  return success();
}

result<void> copier::make_directory(const place<2>& here, row<2>& r) noexcept {
  AFIO_TRY(here.handle(1).create_directory(r.name, private_mode));
  stat_t s;
  AFIO_TRY(s.stamp(here.handle(1), r.name));
  if (!is_fresh(s, file_type::directory)) return error(errc::raced, call::mkdirat, r.name);
  r.in[1] = {.inode = s.id.inode, .type = s.type, .present = true, .fresh = true};
  return success();
}

result<void> copier::finish_directory(const directory_handle& from, const directory_state& was,
                                      const directory_handle& to, loss_listener& told) noexcept {
  AFIO_TRY(const stat_t now, to.stat(want::mode | want::owner));
  const bool clean = !was.merged && !shared_->merges();
  const auto target = clean ? metadata_copier::target::fresh : metadata_copier::target::existing;
  auto& metadata = entries_.metadata();
  metadata.prepare(from, was.source, to, told);
  AFIO_TRY(metadata.copy(from, was.source, to, now, target, told));
  const bool durable = shared_->merges() && shared_->file.sync == sync::all;
  if (durable) {
    AFIO_TRY(to.barrier());
  }
  metadata.seal(was.source, to, told);
  return success();
}

after copier::leave(const place<2>& here) noexcept {
  auto* const state = directory_states::of(here);
  if (state == nullptr) return after::done; // The root, or a rehearsal.
  entry_losses told(shared_->losses, here, {});
  const auto finished = finish_directory(here.handle(0), *state, here.handle(1), told);
  if (!finished) here.fail(operation::set_metadata, {}, finished.assume_error());
  states_.drop(state);
  return after::done;
}

namespace {

/// Whether it is the source that is mounted there. Not what has its name in the copy: then nothing
/// of the source is copied, which is a failure.
bool is_beyond(const path_handle& source, leaf_name name) noexcept {
  const auto below = path_handle::path(source, name);
  if (!below) return true;
  const auto id = below.assume_value().identity(), above = source.identity();
  return !id || !above || !id.assume_value().same_mount(above.assume_value());
}

} // namespace

/// A mount point, whose directory was made, or a directory that is gone or cannot be read.
verdict copier::denied(const place<2>& here, const error& why) noexcept {
  auto* const state = directory_states::of(here);
  const bool boundary = why == errc::boundary && is_beyond(here.parent(0), here.name());
  if (boundary) entry_losses(shared_->losses, here, {}).left_out(why);
  if (state == nullptr) return boundary ? verdict::handled : verdict::report;
  if (boundary) {
    leave_unentered(here, *state);
  } else if (!state->merged && here.parent(1).is_open()) {
    (void)here.parent(1).remove_directory(here.name()); // It is empty, or not ours.
    --report_.created;
  }
  states_.drop(state);
  here.slot().store(0);
  return boundary || is_gone(why) ? verdict::handled : verdict::report;
}

void copier::leave_unentered(const place<2>& here, const directory_state& was) noexcept {
  if (was.merged) return;
  entry_losses told(shared_->losses, here, {});
  const auto finished = [&]() -> result<void> {
    AFIO_TRY(const path_handle to, path_handle::path(here.parent(1), here.name()));
    AFIO_TRY(const stat_t now, to.stat());
    if (!is_fresh(now, file_type::directory)) return error(errc::raced, call::openat2, here.name());
    // Its own attributes, of which it has none.
    entries_.metadata().prepare(to, now, to, told);
    return entries_.metadata().copy(to, was.source, to, now, metadata_copier::target::fresh, told);
  }();
  if (!finished) here.fail(operation::set_metadata, {}, finished.assume_error());
}

// ---- Everything else

result<void> copier::copy_entry(const place<2>& here, const row<2>& r) {
  const auto pinned = fs_handle::pin(here.handle(0), r.name);
  // Somebody removed it since it was listed: then there is nothing to copy.
  if (!pinned && is_gone(pinned.assume_error())) return success();
  if (!pinned) return pinned.assume_error();
  const fs_handle& source = pinned.assume_value();
  AFIO_TRY(const stat_t status, source.stat());
  const bool crosses = shared_->options.tree.mounts == crossing::any_mount;
  // The mount alone: an overlay's files may have other devices than its directories.
  if (!crosses && status.id.mount != here.id(0).mount) {
    entry_losses(shared_->losses, here, r.name)
        .left_out(error(errc::boundary, call::statx, r.name));
    here.mark_incomplete();
    return success();
  }
  std::optional<identity> old;
  if (r.in[1].present) {
    stat_t s;
    AFIO_TRY(s.stamp(here.handle(1), r.name, want::type | want::identity));
    if (s.type == file_type::directory) return error(EISDIR, call::verify, r.name);
    old = s.id;
  }
  const bool grouped = status.links > 1 && has(shared_->file.preserve, aspect::links);
  if (grouped && status.type != file_type::directory) {
    return copy_grouped(here, r, source, status, old);
  }
  return copy_alone(here, r, source, status, old);
}

result<void> copier::copy_grouped(const place<2>& here, const row<2>& r, const fs_handle& source,
                                  const stat_t& status, const std::optional<identity>& old) {
  const auto where = shared_->groups.join(status.id, status.links);
  if (where) {
    AFIO_TRY(const bool linked, link(here, r, *where, old));
    return linked ? success() : copy_alone(here, r, source, status, old);
  }
  link_groups::claim first(shared_->groups, status.id);
  placed at{below(here, r.name), {}};
  AFIO_TRY(copy_alone(here, r, source, status, old));
  if (!shared_->rehearses()) {
    stat_t s;
    AFIO_TRY(s.stamp(here.handle(1), r.name, want::identity));
    at.id = s.id;
  }
  first.placed_at(std::move(at));
  return success();
}

/// False where it must be copied after all, because a file system allows no more names.
result<bool> copier::link(const place<2>& here, const row<2>& r, const placed& where,
                          const std::optional<identity>& old) noexcept {
  if (!shared_->rehearses() && !(old && old->same_file(where.id))) {
    const auto linked = [&]() -> result<void> {
      AFIO_TRY(const fs_handle file, pin_again(*shared_->root, where));
      publication as(here.handle(1));
      auto named = old ? as.publish_over(file, r.name, *old) : as.publish(file, r.name);
      if (!named) as.abandon(file);
      return named;
    }();
    if (!linked) {
      const error& why = linked.assume_error();
      const bool impossible = why == std::errc::too_many_links ||
                              why == std::errc::operation_not_permitted || why == errc::raced;
      if (!impossible) return linked.as_failure();
      entry_losses(shared_->losses, here, r.name).lost(aspect::links, why);
      return false;
    }
  }
  done(here, r, event_kind::linked);
  return true;
}

result<void> copier::copy_alone(const place<2>& here, const row<2>& r, const fs_handle& source,
                                const stat_t& status, const std::optional<identity>& old) {
  if (!shared_->rehearses()) {
    entry_losses told(shared_->losses, here, r.name);
    const auto target =
        shared_->merges() ? metadata_copier::target::existing : metadata_copier::target::fresh;
    AFIO_TRY(const copied_file copied, entries_.copy(here.handle(0), r.name, source, status,
                                                     {.directory = here.handle(1),
                                                      .name = r.name,
                                                      .seen = shared_->seen,
                                                      .old = old,
                                                      .target = target},
                                                     told));
    report_.bytes += copied.bytes;
    if (shared_->options.copied != nullptr) copied_.add(copied.source);
  }
  done(here, r, old ? event_kind::replaced : event_kind::created);
  return success();
}

void copier::done(const place<2>& here, const row<2>& r, event_kind kind) noexcept {
  if (kind == event_kind::created) ++report_.created;
  if (kind == event_kind::replaced) ++report_.replaced;
  if (kind == event_kind::linked) ++report_.linked;
  here.tell(kind, r.name, r.in[0].type);
}

} // namespace afio::algorithms::copy_detail
