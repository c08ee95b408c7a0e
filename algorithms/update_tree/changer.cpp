#include "algorithms/update_tree/changer.hpp"

#include "afio/random_name.hpp"
#include "algorithms/mounted_on.hpp"

#include <cerrno>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace afio::algorithms::update_detail {

using copy_detail::directory_state;
using copy_detail::directory_states;
using copy_detail::old_entry;
using copy_detail::publication;

namespace {

/// What the slot says of every directory of the target that goes with all that is in it.
const directory_state going;

bool is_directory(const cell& c) noexcept { return c.type == file_type::directory; }

/// Looks for what a filter excludes. The root's name is its path in the tree of the filter.
class exclusions final : public visitor<1> {
public:
  explicit exclusions(const path_filter& filter) noexcept : filter_(&filter) {}

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override try {
    for (const row<1>& r : rows)
      found = found || !filter_->includes(here.path(r.name), r.in[0].type);

  } catch (const std::bad_alloc&) {

    found = true; // Perhaps.
  }

  bool found = false;

private:
  const path_filter* filter_;
};

/// Remembers why something could not be looked at.
class first_failure final : public observer {
public:
  void failed(const failure& f) noexcept override {
    if (!why) why = f.why;
  }

  std::optional<error> why;
};

} // namespace

// ---- What the source has

template <std::size_t N>
void changer<N>::put(const place<N>& here, row<N>& r, room_for_it goes) {
  const auto done = put_entry(here, r, goes);
  if (done) return;
  r.below = row<N>::below::skip;
  const error& why = done.assume_error();
  if (why == errc::kept_changing) ++copies_.sum().report.kept_changing;
  here.fail(operation::copy, r.name, why);
}

template <std::size_t N>
void changer<N>::rehearse_put(const place<N>& here, const row<N>& r, const compared_entry& there) {
  using way = typename in_place<N>::way;
  const auto found = there_->way_of(here, r, there);
  if (!found) return here.fail(operation::copy, r.name, found.assume_error());
  if (found.assume_value() == way::stays) return;
  const bool changed = found.assume_value() == way::is_changed;
  copies_.sum().happened(changed ? event_kind::changed : event_kind::replaced, here, r);
}

template <std::size_t N>
result<void> changer<N>::put_entry(const place<N>& here, row<N>& r, room_for_it goes) {
  const bool from_directory = is_directory(r.in[0]), to_directory = is_directory(r.in[target]);
  if (to_directory && !from_directory) return put_over_directory(here, r, goes);
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

template <std::size_t N>
result<std::optional<bool>> changer<N>::same_below(const place<N>& here, const compared_entry& a,
                                                   const compared_entry& b) const {
  AFIO_TRY(const path_handle left, path_handle::path(a.directory, a.name));
  AFIO_TRY(const path_handle right, path_handle::path(b.directory, b.name));
  compare_options how;
  how.tree = shared_->for_inner_walk();
  how.tree.counters = nullptr;
  how.entries.how = shared_->options.how;
  if (shared_->rehearses()) how.entries.caching = hash_caching::lookup;
  // Times of directories do not count; those of files do as far as they stand for contents.
  how.entries.metadata =
      without(without(shared_->options.file.preserve, aspect::links), aspect::timestamps);
  no_listener nobody;
  const std::string_view shown = a.name.view();
  AFIO_TRY(const compare_report done,
           compare_trees({&left, shown}, {&right, shown}, how, nobody, shared_->told));
  here.count_told(done.failures);
  if (done.stopped != stopped::no) return error(ECANCELED, call::none);
  if (done.differences() != 0) return std::optional(false);
  return done.failures == 0 ? std::optional(true) : std::optional<bool>();
}

/// Empties a directory when what takes its name is ready.
template <std::size_t N>
class changer<N>::emptying final : public copy_detail::room {
public:
  emptying(changer& by, const place<N>& here, const row<N>& r, room_for_it goes) noexcept
      : by_(by), here_(here), row_(r), goes_(goes) {}

  /// Once: a name that could not be given as a link is tried again as a copy.
  result<void> make() noexcept override try {
    if (!made_) made_.emplace(make_now());
    return *made_;

  } catch (const std::bad_alloc&) {

    return error(ENOMEM, call::none);
  }

  bool stays = false; ///< Something in it does, which was told.

private:
  /// What was found before the copy was made may have been changed since.
  result<void> make_now() {
    if (goes_ == room_for_it::as_in_base) {
      AFIO_TRY(check_contents());
      if (stays) return stay();
    }
    AFIO_TRY(const bool whole, by_.holds_nothing_excluded(here_, row_));
    if (!whole) return error(EISDIR, call::verify, row_.name);
    AFIO_TRY(const bool empty, by_.empty_directory(here_, row_));
    stays = !empty;
    return empty ? success() : stay();
  }

  result<void> stay() const noexcept { return error(ENOTEMPTY, call::verify, row_.name); }

  result<void> check_contents() {
    constexpr std::size_t base = 1;
    AFIO_TRY(const auto same,
             by_.same_below(here_, {here_.handle(base), row_.name, *row_.in[base].stat},
                            {here_.handle(target), row_.name, *row_.in[target].stat}));
    stays = !same;
    return same.value_or(true) ? success()
                               : result<void>(error(errc::raced, call::verify, row_.name));
  }

  changer& by_;
  const place<N>& here_;
  const row<N>& row_;
  const room_for_it goes_;
  std::optional<result<void>> made_;
};

/// Nothing goes before the copy is there. Then what is in the directory does, in its place, so that
/// what cannot be deleted is where it was. Empty, it is exchanged for the copy as a file would be.
template <std::size_t N>
result<void> changer<N>::put_over_directory(const place<N>& here, row<N>& r, room_for_it goes) {
  r.below = row<N>::below::skip;
  const bool may = shared_->options.extras == update_options::extras::remove;
  AFIO_TRY(const bool whole, may ? holds_nothing_excluded(here, r) : result<bool>(false));
  if (!whole) return error(EISDIR, call::verify, r.name);
  emptying first(*this, here, r, goes);
  old_entry old(r.in[target].stat->id);
  old.first = &first;
  const copy_report& sum = copies_.sum().report;
  const auto before = sum.replaced + sum.linked;
  // What is mounted is left out.
  const bool mounted = is_mounted_on(here, 0, *r.in[0].stat, shared_->options.tree.mounts);
  auto done = shared_->rehearses() && !mounted ? first.make() : success();
  if (done) done = copies_.leaves().copy_over(old, here, r, copies_.sum());
  if (first.stays) return success();
  AFIO_TRY(done);
  const bool gone = sum.replaced + sum.linked != before;
  if (!gone) return success(); // The source is, or was left out.
  ++removed_;
  here.tell_in(target, event_kind::deleted, r.name, file_type::directory);
  return success();
}

/// False where something stays in it, which was told.
template <std::size_t N>
result<bool> changer<N>::empty_directory(const place<N>& here, const row<N>& r) {
  AFIO_TRY(const path_handle old,
           path_handle::path(here.handle(target), r.name, shared_->options.tree.mounts));
  AFIO_TRY(const identity id, old.identity());
  if (!id.same_file(r.in[target].stat->id)) return error(errc::raced, call::openat2, r.name);
  AFIO_TRY(check_number(here, r, old));
  remove_options how;
  how.tree = shared_->for_inner_walk();
  if (shared_->rehearses()) how.doing = remove_options::doing::rehearse;
  AFIO_TRY(const remove_report done,
           remove_contents(old, here.path_in(target, r.name), how, shared_->told));
  removed_ += done.deleted;
  here.count_told(done.failures);
  if (done.stopped != stopped::no) return error(ECANCELED, call::none);
  if (done.failures != 0) here.mark_incomplete();
  return done.failures == 0;
}

/// Counts the directory and all that is in it as about to go. errc::refused where that is too many:
/// once begun, it would not stop at a number.
template <std::size_t N>
result<void> changer<N>::check_number(const place<N>& here, const row<N>& r,
                                      const path_handle& old) {
  if (shared_->options.most_removed == update_options::any_number) return success();
  remove_options how;
  how.tree = shared_->for_inner_walk();
  how.tree.counters = nullptr;
  how.tree.on_failure = on_failure::proceed;
  how.doing = remove_options::doing::rehearse;
  first_failure uncounted;
  AFIO_TRY(const remove_report all,
           remove_contents(old, here.path_in(target, r.name), how, uncounted));
  if (all.stopped != stopped::no) return error(ECANCELED, call::none);
  if (uncounted.why) return *uncounted.why;
  const bool may = shared_->may_remove(all.deleted + 1);
  return may ? success() : result<void>(error(errc::refused, call::verify, r.name));
}

template <std::size_t N>
result<bool> changer<N>::holds_nothing_excluded(const place<N>& here, const row<N>& r) const {
  const path_filter* const filter = shared_->options.filter;
  if (filter == nullptr) return true;
  AFIO_TRY(const path_handle old,
           path_handle::path(here.handle(target), r.name, shared_->options.tree.mounts));
  const std::string below = here.below(r.name);
  walk_options how = shared_->for_inner_walk().for_walk();
  how.counters = nullptr;
  std::vector<exclusions> looking(1, exclusions(*filter));
  first_failure unseen; // What cannot be listed now may be deleted an instant later.
  how.on_failure = on_failure::proceed;
  AFIO_TRY(const walk_report done, walk<1>({walk_root{&old, below}}, looking, how, unseen));
  if (done.stopped != stopped::no) return error(ECANCELED, call::none);
  if (unseen.why) return *unseen.why;
  return !looking.front().found;
}

/// An empty directory takes the name, and what had it goes.
template <std::size_t N>
result<void> changer<N>::put_directory_over(const place<N>& here, row<N>& r) {
  cell& there = r.in[target];
  old_entry old(there.stat->id);
  if (shared_->copying.replaces == copy_detail::copying::replaces::unchanged) old.as = there.stat;
  // Nothing makes room for a directory that cannot be read, or that another one is mounted on.
  AFIO_TRY(directory_handle::directory(here.handle(0), r.name, shared_->options.tree.mounts));
  if (shared_->rehearses()) {
    copies_.sum().happened(event_kind::replaced, here, r);
    there.type = file_type::directory;
    there.fresh = true;
    return success();
  }
  const path_handle& dir = here.handle(target);
  AFIO_TRY(const leaf_buffer aside, random_name());
  AFIO_TRY(dir.create_directory(aside, 0700));
  stat_t s;
  const auto named = [&]() -> result<void> {
    AFIO_TRY(const path_handle made, path_handle::path(dir, aside));
    AFIO_TRY(s, made.stat());
    if (!copy_detail::is_fresh(s, file_type::directory))
      return error(errc::raced, call::openat2, aside.view());
    return publication(dir, aside, publication::name_is::random).publish_over(made, r.name, old);
  }();
  if (!named) (void)dir.remove_directory(aside); // It is empty, or not ours.
  AFIO_TRY(named);
  copies_.sum().happened(event_kind::replaced, here, r);
  there = {.inode = s.id.inode, .type = s.type, .present = true, .fresh = true};
  return success();
}

// ---- What goes

template <std::size_t N>
bool changer<N>::is_going(const place<N>& here) noexcept {
  return directory_states::of(here) == &going;
}

template <std::size_t N>
bool changer<N>::is_absent(const place<N>& here, const row<N>& r) const noexcept {
  if (!here.present(0)) return true; // Neither has it the directory.
  stat_t s;
  const auto looked = s.stamp(here.handle(0), r.name, want::type);
  if (looked) return false;
  if (is_gone(looked.assume_error())) return true;
  here.fail(operation::stat, r.name, looked.assume_error());
  return false;
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
    auto gone = here.handle(target).unlink(r.name);
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
    auto gone = here.parent(target).remove_directory(here.name());
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
void changer<N>::make_durable(const place<N>& here) noexcept {
  if (shared_->copying.file.sync != sync::all || shared_->rehearses()) return;
  const auto done = here.handle(target).barrier();
  if (!done) here.fail_in(target, operation::publish, {}, done.assume_error());
}

template <std::size_t N>
after changer<N>::leave(const place<N>& here) noexcept {
  if (!is_going(here)) {
    const bool keeps_its_own = N == 3 && directory_states::of(here) == nullptr;
    if (keeps_its_own) make_durable(here);
    return copies_.leave(here);
  }
  if (here.incomplete()) {
    make_durable(here);
    return after::done;
  }
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
