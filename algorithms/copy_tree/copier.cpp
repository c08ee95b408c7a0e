#include "algorithms/copy_tree/copier.hpp"

#include "algorithms/copy_tree/apart.hpp"
#include "algorithms/filtered.hpp"

#include <cerrno>
#include <new>

namespace afio::algorithms::copy_detail {

namespace {

constexpr std::uint16_t private_mode = 0700;

} // namespace

template <std::size_t N>
void copier<N>::rows(const place<N>& here, std::span<row<N>> rows) noexcept {
  for (row<N>& r : rows) {
    try {
      copy_row(here, r);
    } catch (const std::bad_alloc&) {
      here.fail(operation::copy, r.name, error(ENOMEM, call::none));
      r.below = row<N>::below::skip;
    }
  }
}

template <std::size_t N>
void copier<N>::copy_row(const place<N>& here, row<N>& r) {
  r.below = row<N>::below::skip; // What the source lacks stays.
  if (!r.in[0].present) return;
  const auto done = copy_entry(here, r);
  if (done) return;
  r.below = row<N>::below::skip;
  const error& why = done.assume_error();
  if (why == errc::kept_changing) ++sum_.report.kept_changing;
  here.fail(operation_on(r), r.name, why);
}

template <std::size_t N>
operation copier<N>::operation_on(const row<N>& r) const noexcept {
  const cell& source = r.in[0];
  if (source.type == file_type::directory && !source.followed) return operation::create;
  const bool copies = shared_->options.leaves == copy_options::leaves::copies;
  return copies || source.type == file_type::directory ? operation::copy : operation::link;
}

template <std::size_t N>
result<void> copier<N>::copy_entry(const place<N>& here, row<N>& r) {
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
  const bool seen = r.in[last].stat != nullptr; // By who hands the row on.
  if (here.present(last) && !here.listed(last) && !seen) look_up(here, r);
  if (source.type == file_type::directory) return enter_directory(here, r, target);
  return target ? leaves_.copy_target(here, r, *target, sum_) : leaves_.copy(here, r, sum_);
}

/// What has the name in a directory of the copy that could not be listed, which was told. If it
/// cannot be looked up either, making the new one fails.
template <std::size_t N>
void copier<N>::look_up(const place<N>& here, row<N>& r) noexcept {
  stat_t s;
  if (!s.stamp(here.handle(last), r.name, want::type | want::identity)) return;
  r.in[last] = {.inode = s.id.inode, .type = s.type, .present = true};
}

template <std::size_t N>
bool copier<N>::wants(const place<N>& here, const row<N>& r) const {
  return includes(shared_->options.filter, here, r);
}

// ---- Directories

template <std::size_t N>
result<void> copier<N>::enter_directory(const place<N>& here, row<N>& r,
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
  state.merged = r.in[last].present;
  state.fresh = r.in[last].fresh;
  if (state.merged && r.in[last].type != file_type::directory) {
    return error(ENOTDIR, call::verify, r.name);
  }
  if (state.merged) {
    AFIO_TRY(check_not_source(here.handle(last), r.name, shared_->source_id));
  }
  // What keeps its own mode is to be as open as it is.
  const bool narrows = around_ == nullptr || has(shared_->file.preserve, aspect::mode);
  if (!shared_->rehearses() && !state.merged) {
    AFIO_TRY(make_directory(here, r));
  } else if (!shared_->rehearses() && narrows) {
    AFIO_TRY(make_no_wider(here.handle(last), r.name, state.source));
  }
  if (!state.merged) sum_.happened(event_kind::created, here, r);
  if (shared_->options.copied != nullptr) sum_.copied.add_directory(state.source.id);
  if (!shared_->rehearses()) r.slot = states_.keep(state);
  r.below = row<N>::below::enter;
  return success();
}

template <std::size_t N>
result<void> copier<N>::make_directory(const place<N>& here, row<N>& r) noexcept {
  AFIO_TRY(here.handle(last).create_directory(r.name, private_mode));
  stat_t s;
  AFIO_TRY(s.stamp(here.handle(last), r.name));
  if (!is_fresh(s, file_type::directory)) return error(errc::raced, call::mkdirat, r.name);
  r.in[last] = {.inode = s.id.inode, .type = s.type, .present = true, .fresh = true};
  return success();
}

template <std::size_t N>
result<void> copier<N>::finish_directory(const directory_handle& from, const directory_state& was,
                                         const directory_handle& to, loss_listener& told) noexcept {
  bool done = false;
  if (around_ != nullptr && was.merged && !was.fresh) {
    AFIO_TRY(done, around_->has_metadata(from, was.source, to));
  }
  if (!done) {
    AFIO_TRY(copy_metadata(from, was, to, told));
  }
  const bool durable = shared_->merges() && shared_->file.sync == sync::all;
  if (durable) {
    AFIO_TRY(to.barrier());
  }
  if (!done) leaves_.metadata().seal(was.source, to, told);
  return success();
}

template <std::size_t N>
result<void> copier<N>::copy_metadata(const directory_handle& from, const directory_state& was,
                                      const directory_handle& to, loss_listener& told) noexcept {
  AFIO_TRY(const stat_t now, to.stat(want::mode | want::owner));
  const bool clean = !was.merged && !shared_->merges();
  using target = metadata_copier::target;
  const bool keeps = around_ != nullptr && was.merged && !was.fresh;
  const auto kind = clean ? target::fresh : keeps ? target::kept : target::existing;
  leaves_.metadata().prepare(from, was.source, to, told);
  return leaves_.metadata().copy(from, was.source, to, now, kind, told);
}

template <std::size_t N>
after copier<N>::leave(const place<N>& here) noexcept {
  auto* const state = directory_states::of(here);
  if (state == nullptr) return after::done; // The root, or a rehearsal.
  entry_losses told(shared_->losses, here, {});
  const auto finished = finish_directory(here.handle(0), *state, here.handle(last), told);
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
template <std::size_t N>
verdict copier<N>::denied(const place<N>& here, const error& why) noexcept {
  if (around_ != nullptr && around_->does_without(here)) return verdict::open_again;
  auto* const state = directory_states::of(here);
  const bool followed = state != nullptr && state->followed;
  const bool boundary =
      why == errc::boundary && !followed && is_beyond(here.parent(0), here.name());
  if (boundary) entry_losses(shared_->losses, here, {}).left_out(why);
  if (state == nullptr) return boundary ? verdict::handled : verdict::report;
  if (boundary) {
    leave_unentered(here, *state);
  } else if (!state->merged && here.parent(last).is_open()) {
    (void)here.parent(last).remove_directory(here.name()); // It is empty, or not ours.
    --sum_.report.created;
  }
  states_.drop(state);
  here.slot().store(0);
  return boundary || is_gone(why) ? verdict::handled : verdict::report;
}

template <std::size_t N>
void copier<N>::leave_unentered(const place<N>& here, const directory_state& was) noexcept {
  if (was.merged) return;
  entry_losses told(shared_->losses, here, {});
  const auto finished = [&]() -> result<void> {
    // For reading: else its flags could not be asked for.
    AFIO_TRY(const directory_handle to,
             directory_handle::directory(here.parent(last), here.name()));
    AFIO_TRY(const stat_t now, to.stat());
    if (!is_fresh(now, file_type::directory)) return error(errc::raced, call::openat2, here.name());
    // Its own attributes, of which it has none, and its own flags.
    leaves_.metadata().prepare(to, now, to, told);
    return leaves_.metadata().copy(to, was.source, to, now, metadata_copier::target::fresh, told);
  }();
  if (!finished) here.fail(operation::set_metadata, {}, finished.assume_error());
}

template class copier<2>;
template class copier<3>;

} // namespace afio::algorithms::copy_detail
