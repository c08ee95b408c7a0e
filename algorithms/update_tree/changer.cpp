#include "algorithms/update_tree/changer.hpp"

#include "afio/random_name.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"

#include <cerrno>

namespace afio::algorithms::update_detail {

using copy_detail::directory_state;
using copy_detail::directory_states;
using copy_detail::publication;

namespace {

/// What the slot says of every directory of the target that goes with all that is in it.
const directory_state going;

bool is_directory(const cell& c) noexcept { return c.type == file_type::directory; }

bool is_gone(const error& e) noexcept { return e == std::errc::no_such_file_or_directory; }

} // namespace

// ---- What the source has

template <std::size_t N>
void changer<N>::put(const place<N>& here, row<N>& r) {
  const auto done = put_entry(here, r);
  if (done) return;
  r.below = row<N>::below::skip;
  here.fail(operation::copy, r.name, done.assume_error());
}

template <std::size_t N>
result<void> changer<N>::put_entry(const place<N>& here, row<N>& r) {
  const bool from_directory = is_directory(r.in[0]), to_directory = is_directory(r.in[target]);
  if (to_directory && !from_directory) return put_over_directory(here, r);
  if (from_directory && to_directory) {
    AFIO_TRY(compare_directories(here, r));
  }
  if (from_directory && !to_directory && r.in[target].present) {
    AFIO_TRY(put_directory_over(here, r));
  }
  copies_.copy_row(here, r);
  const bool imagined = shared_->rehearses() && r.in[target].fresh;
  if (imagined) r.in[target] = {}; // There is nothing to be walked.
  return success();
}

/// Tells of metadata that will be changed when all in the directory is done.
template <std::size_t N>
result<void> changer<N>::compare_directories(const place<N>& here, const row<N>& r) {
  for (const std::size_t tree : {std::size_t{0}, target}) {
    if (!r.in[tree].stat->id.same_mount(here.id(tree))) return success(); // It is left out.
  }
  AFIO_TRY(const distinction found, there_->compare(here, r, 0, target));
  if (found) copies_.sum().happened(event_kind::changed, here, r);
  return success();
}

/// The directory goes with all that is in it, once the copy has its name.
template <std::size_t N>
result<void> changer<N>::put_over_directory(const place<N>& here, row<N>& r) {
  r.below = row<N>::below::skip;
  if (shared_->options.extras == update_options::extras::keep)
    return error(EISDIR, call::verify, r.name);
  AFIO_TRY(const leaf_buffer aside, random_name());
  AFIO_TRY(copies_.leaves().copy_as(aside, here, r, copies_.sum()));
  remove_options how;
  how.tree = shared_->options.tree;
  how.tree.threads = 1;
  if (shared_->rehearses()) {
    how.doing = remove_options::doing::rehearse;
  } else {
    AFIO_TRY(exchange_with_directory(here, r, aside));
  }
  const leaf_name old = shared_->rehearses() ? r.name : leaf_name(aside);
  AFIO_TRY(const remove_report done,
           remove_tree(here.handle(target), old, here.path_in(target, r.name), how, shared_->told));
  shared_->removed += done.deleted;
  removed_ += done.deleted;
  if (done.failures != 0) here.mark_incomplete();
  return success();
}

template <std::size_t N>
result<void> changer<N>::exchange_with_directory(const place<N>& here, const row<N>& r,
                                                 leaf_name aside) {
  const path_handle& dir = here.handle(target);
  AFIO_TRY(const fs_handle made, fs_handle::pin(dir, aside));
  publication as(dir, aside, publication::name_is::random);
  const auto exchanged = made.relink(dir, aside, dir, r.name, replace::exchange);
  if (!exchanged) {
    as.abandon(made);
    return exchanged;
  }
  stat_t out;
  AFIO_TRY(out.stamp(dir, aside, want::identity));
  if (out.id.same_file(r.in[target].stat->id)) return success();
  AFIO_TRY(made.relink(dir, r.name, dir, aside, replace::exchange));
  as.abandon(made);
  return error(errc::raced, call::renameat2, r.name);
}

/// An empty directory takes the name, and what had it goes.
template <std::size_t N>
result<void> changer<N>::put_directory_over(const place<N>& here, row<N>& r) {
  cell& there = r.in[target];
  const identity old = there.stat->id;
  copies_.sum().happened(event_kind::replaced, here, r);
  if (shared_->rehearses()) {
    there.type = file_type::directory;
    there.fresh = true;
    return success();
  }
  const path_handle& dir = here.handle(target);
  AFIO_TRY(const leaf_buffer aside, random_name());
  AFIO_TRY(dir.create_directory(aside, 0700));
  AFIO_TRY(const path_handle made, path_handle::path(dir, aside));
  AFIO_TRY(const stat_t s, made.stat());
  if (!copy_detail::is_fresh(s, file_type::directory))
    return error(errc::raced, call::openat2, aside.view());
  publication as(dir, aside, publication::name_is::random);
  const auto named = as.publish_over(made, r.name, old);
  if (!named) as.abandon(made);
  AFIO_TRY(named);
  there = {.inode = s.id.inode, .type = s.type, .present = true, .fresh = true};
  return success();
}

// ---- What goes

template <std::size_t N>
bool changer<N>::is_going(const place<N>& here) noexcept {
  return directory_states::of(here) == &going;
}

template <std::size_t N>
void changer<N>::remove(const place<N>& here, row<N>& r) {
  const bool directory = is_directory(r.in[target]);
  if (directory && r.in[target].stat->id.same_file(shared_->copying.source_id)) {
    r.below = row<N>::below::skip;
    return here.fail_in(target, operation::remove, r.name,
                        error(errc::refused, call::verify, r.name));
  }
  if (directory) {
    r.slot = reinterpret_cast<std::uintptr_t>(&going);
    r.below = row<N>::below::enter;
    return;
  }
  r.below = row<N>::below::skip;
  const auto done = remove_leaf(here, r);
  if (!done) here.fail_in(target, operation::remove, r.name, done.assume_error());
}

template <std::size_t N>
result<void> changer<N>::remove_leaf(const place<N>& here, const row<N>& r) noexcept {
  if (!shared_->may_remove()) return error(errc::refused, call::verify, r.name);
  if (!shared_->rehearses()) {
    const auto gone = here.handle(target).unlink(r.name);
    if (!gone && !is_gone(gone.assume_error())) return gone;
  }
  ++removed_;
  here.tell_in(target, event_kind::deleted, r.name, r.in[target].type);
  return success();
}

template <std::size_t N>
result<void> changer<N>::remove_directory(const place<N>& here) noexcept {
  if (!shared_->may_remove()) return error(errc::refused, call::verify, here.name());
  if (!shared_->rehearses()) {
    const auto gone = here.parent(target).remove_directory(here.name());
    if (!gone && !is_gone(gone.assume_error())) return gone;
  }
  ++removed_;
  here.tell_in(target, event_kind::deleted, {}, file_type::directory);
  return success();
}

template <std::size_t N>
void changer<N>::remove_if_empty(const place<N>& here) noexcept {
  const auto gone = remove_directory(here);
  // Somebody has put something into it since.
  if (gone || gone.assume_error() == std::errc::directory_not_empty) return;
  here.fail_in(target, operation::remove, {}, gone.assume_error());
}

template <std::size_t N>
after changer<N>::leave(const place<N>& here) noexcept {
  if (!is_going(here)) return copies_.leave(here);
  if (here.incomplete()) return after::done;
  const auto gone = remove_directory(here);
  if (gone) return after::done;
  if (gone.assume_error() == std::errc::directory_not_empty) return after::list_again;
  here.fail_in(target, operation::remove, {}, gone.assume_error());
  return after::done;
}

template <std::size_t N>
verdict changer<N>::denied(const place<N>& here, const error& why) noexcept {
  if (!is_going(here)) return copies_.denied(here, why);
  return is_gone(why) ? verdict::handled : verdict::report;
}

template <std::size_t N>
void changer<N>::add(const copy_report& more) noexcept {
  copy_report& sum = copies_.sum().report;
  sum.created += more.created;
  sum.linked += more.linked;
  sum.bytes += more.bytes;
  sum.kept_changing += more.kept_changing;
}

template <std::size_t N>
void changer<N>::add_to(update_report& sum) const noexcept {
  const copy_detail::account& done = copies_.sum();
  sum.created += done.report.created;
  sum.replaced += done.report.replaced;
  sum.linked += done.report.linked;
  sum.bytes += done.report.bytes;
  sum.kept_changing += done.report.kept_changing;
  sum.changed += done.changed;
  sum.removed += removed_;
}

template class changer<2>;
template class changer<3>;

} // namespace afio::algorithms::update_detail
