#include "algorithms/move_tree/merger.hpp"

#include "algorithms/copy_tree/apart.hpp"

#include <cerrno>
#include <new>

namespace afio::algorithms::move_detail {

using copy_detail::directory_states;
using copy_detail::entry_losses;

result<void> dress_merged(metadata_copier& metadata, const fs_handle& from, const stat_t& was,
                          const fs_handle& to, loss_listener& told) noexcept {
  AFIO_TRY(const stat_t now, to.stat(want::mode | want::owner));
  metadata.prepare(from, was, to, told);
  AFIO_TRY(metadata.copy(from, was, to, now, metadata_copier::target::existing, told));
  metadata.seal(was, to, told);
  return success();
}

namespace {

/// Of two names of one inode the new one stays: a rename of one over the other does nothing.
result<void> drop_name(const fs_handle& source, const stat_t& s, const path_handle& from,
                       leaf_name name, const path_handle& to, leaf_name new_name) noexcept {
  AFIO_TRY(const identity here, from.identity());
  AFIO_TRY(const identity there, to.identity());
  const bool is_same = here.same_file(there) && name.view() == new_name.view();
  // With one link: two spellings of its only name, where case does not count.
  if (is_same || s.links == 1) return error(errc::refused, call::verify, new_name);
  // By a name aside: whether the new one is another than the old one shows when that is gone.
  return source.relink(from, name, to, new_name, replace::yes);
}

} // namespace

result<void> move_over(const path_handle& from, leaf_name name, const path_handle& to,
                       leaf_name new_name) noexcept {
  AFIO_TRY(const fs_handle source, fs_handle::pin(from, name));
  AFIO_TRY(const stat_t s, source.stat(want::type | want::identity | want::links));
  stat_t there;
  AFIO_TRY(there.stamp(to, new_name, want::type | want::identity));
  if (there.type == file_type::directory) return error(EISDIR, call::verify, new_name);
  if (s.type == file_type::directory) return error(ENOTDIR, call::verify, new_name);
  if (s.id.same_file(there.id)) return drop_name(source, s, from, name, to, new_name);
  return from.rename(name, to, new_name, replace::yes);
}

void merger::rows(const place<2>& here, std::span<row<2>> rows) noexcept {
  for (row<2>& r : rows) {
    // What only the target has stays.
    if (!r.in[0].present) {
      r.below = row<2>::below::skip;
      continue;
    }
    const auto done = [&]() -> result<void> {
      try {
        return move(here, r);
      } catch (const std::bad_alloc&) {
        return error(ENOMEM, call::none);
      }
    }();
    if (done) continue;
    r.below = row<2>::below::skip;
    if (!is_gone(done.assume_error())) here.fail(operation::move, r.name, done.assume_error());
  }
}

result<void> merger::move(const place<2>& here, row<2>& r) {
  const bool replaces = r.in[1].present;
  const auto is_directory = [&](std::size_t tree) {
    return r.in[tree].type == file_type::directory;
  };
  if (replaces && is_directory(0) && is_directory(1)) return enter(here, r);
  r.below = row<2>::below::skip;
  if (replaces && is_directory(1)) return error(EISDIR, call::verify, r.name);
  if (replaces && is_directory(0)) return error(ENOTDIR, call::verify, r.name);
  if (how_ == act::execute) {
    AFIO_TRY(replaces ? move_over(here.handle(0), r.name, here.handle(1), r.name)
                      : here.handle(0).rename(r.name, here.handle(1), r.name, replace::no));
  }
  if (replaces) {
    ++replaced_;
    here.tell(event_kind::replaced, r.name, r.in[0].type);
  } else {
    ++moved_;
    here.tell_moved(r.name, r.in[0].type);
  }
  return success();
}

result<void> merger::enter(const place<2>& here, row<2>& r) {
  AFIO_TRY(copy_detail::check_not_source(here.handle(1), r.name, source_));
  if (how_ == act::rehearse) return success();
  copy_detail::directory_state state{.merged = true};
  AFIO_TRY(state.source.stamp(here.handle(0), r.name));
  AFIO_TRY(make_no_wider(here.handle(1), r.name, state.source));
  r.slot = states_.keep(state);
  return success();
}

after merger::leave(const place<2>& here) noexcept {
  auto* const state = directory_states::of(here);
  if (state == nullptr) return after::done; // The root, or a rehearsal.
  entry_losses told(*losses_, here, {});
  const auto dressed = dress_merged(metadata_, here.handle(0), state->source, here.handle(1), told);
  if (!dressed) here.fail(operation::set_metadata, {}, dressed.assume_error());
  if (!here.incomplete()) {
    const auto removed = here.parent(0).remove_directory(here.name());
    const bool more = !removed && removed.assume_error() == std::errc::directory_not_empty;
    if (more) return after::list_again;
    if (!removed && !is_gone(removed.assume_error()))
      here.fail(operation::remove, {}, removed.assume_error());
  }
  states_.drop(state);
  return after::done;
}

verdict merger::denied(const place<2>& here, const error& why) noexcept {
  if (auto* const state = directory_states::of(here)) states_.drop(state);
  here.slot().store(0);
  // Somebody removed it: there is nothing to move.
  return is_gone(why) ? verdict::skip : verdict::report;
}

} // namespace afio::algorithms::move_detail
