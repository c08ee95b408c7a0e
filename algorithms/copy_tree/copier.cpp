#include "algorithms/copy_tree/copier.hpp"

#include "algorithms/copy_tree/apart.hpp"

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
  r.below = row<2>::below::skip; // What the source lacks stays.
  if (!r.in[0].present) return;
  const auto done = copy_entry(here, r);
  if (done) return;
  r.below = row<2>::below::skip;
  const error& why = done.assume_error();
  if (why == errc::kept_changing) ++sum_.report.kept_changing;
  // Stopped in the middle of a large file: that is no failure of the file's.
  if (why == std::errc::operation_canceled)
    here.mark_incomplete();
  else
    here.fail(operation_on(r), r.name, why);
}

operation copier::operation_on(const row<2>& r) const noexcept {
  const cell& source = r.in[0];
  if (source.type == file_type::directory && !source.followed) return operation::create;
  const bool copies = shared_->options.leaves == copy_options::leaves::copies;
  return copies || source.type == file_type::directory ? operation::copy : operation::link;
}

result<void> copier::copy_entry(const place<2>& here, row<2>& r) {
  result<std::optional<led_to>> led = std::optional<led_to>();
  cell& source = r.in[0];
  if (shared_->follows() && source.type == file_type::symlink) {
    led = follow(here.handle(0), r.name);
    if (led && led.assume_value()) {
      const stat_t& status = led.assume_value()->status;
      source.type = status.type;
      source.inode = status.id.inode;
      source.device = status.id.device;
      source.followed = true;
    }
  }
  if (!wants(here, r)) return success();
  if (!led) return led.assume_error();
  const auto& target = led.assume_value();
  if (here.present(1) && !here.listed(1)) look_up(here, r);
  if (source.type == file_type::directory) return enter_directory(here, r, target);
  return target ? leaves_.copy_target(here, r, *target, sum_) : leaves_.copy(here, r, sum_);
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
  return filter == nullptr || filter->includes(shared_->below(here, r.name), r.in[0].type);
}

// ---- Directories

result<void> copier::enter_directory(const place<2>& here, row<2>& r,
                                     const std::optional<led_to>& led) {
  directory_state state;
  state.followed = led.has_value();
  if (led) {
    state.source = led->status;
    AFIO_TRY(check_led_to(*shared_, here, r.name, state.source.id));
  } else {
    const auto looked = state.source.stamp(here.handle(0), r.name);
    if (!looked && is_gone(looked.assume_error())) return success();
    AFIO_TRY(looked);
    // Below a symlink that was followed, a directory may be one that it is in.
    if (shared_->follows() && here.is_in(state.source.id))
      return error(ELOOP, call::verify, r.name);
  }
  // The copy lies in its own source, by a rename or above a directory that may not be searched.
  if (state.source.id.same_file(shared_->root_id))
    return error(errc::refused, call::verify, r.name);
  state.merged = r.in[1].present;
  if (state.merged && r.in[1].type != file_type::directory) {
    return error(ENOTDIR, call::verify, r.name);
  }
  if (state.merged) {
    AFIO_TRY(check_not_source(here.handle(1), r.name, shared_->source_id));
  }
  if (!shared_->rehearses()) {
    AFIO_TRY(state.merged ? make_no_wider(here.handle(1), r.name, state.source)
                          : make_directory(here, r));
  }
  if (!state.merged) sum_.happened(event_kind::created, here, r);
  if (shared_->options.copied != nullptr) sum_.copied.add_directory(state.source.id);
  if (!shared_->rehearses()) r.slot = states_.keep(state);
  r.below = row<2>::below::enter;
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
  auto& metadata = leaves_.metadata();
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
  const bool followed = state != nullptr && state->followed;
  const bool boundary =
      why == errc::boundary && !followed && is_beyond(here.parent(0), here.name());
  if (boundary) entry_losses(shared_->losses, here, {}).left_out(why);
  if (state == nullptr) return boundary ? verdict::handled : verdict::report;
  if (boundary) {
    leave_unentered(here, *state);
  } else if (!state->merged && here.parent(1).is_open()) {
    (void)here.parent(1).remove_directory(here.name()); // It is empty, or not ours.
    --sum_.report.created;
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
    leaves_.metadata().prepare(to, now, to, told);
    return leaves_.metadata().copy(to, was.source, to, now, metadata_copier::target::fresh, told);
  }();
  if (!finished) here.fail(operation::set_metadata, {}, finished.assume_error());
}

} // namespace afio::algorithms::copy_detail
