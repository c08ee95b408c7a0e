#include "algorithms/update_tree/update_tree.hpp"

#include "algorithms/copy_tree/apart.hpp"
#include "algorithms/serial_observer.hpp"
#include "algorithms/update_tree/merger.hpp"
#include "algorithms/update_tree/updater.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace afio::algorithms {

namespace update_detail {

namespace {

copy_options for_copies(const update_options& options, std::size_t trees) noexcept {
  copy_options how;
  how.tree = options.tree;
  how.file = options.file;
  how.file.stop = options.tree.stop;
  how.file.threads = worker_count(options.tree.for_walk(), trees);
  how.doing = options.doing == update_options::doing::rehearse ? copy_options::doing::rehearse
                                                               : copy_options::doing::execute;
  how.existing = copy_options::existing::merge;
  how.filter = options.filter;
  return how;
}

/// Whether the source's root has other metadata than the base's, times aside, and the target's has
/// not yet, but those of the base.
result<bool> has_news(entry_comparer& compared, const path_handle& base,
                      const directory_handle& from, const stat_t& was, const directory_handle& to) {
  AFIO_TRY(const stat_t of_base, base.stat());
  AFIO_TRY(const stat_t now, to.stat());
  AFIO_TRY(const distinction changed, compared.compare(base, of_base, from, was));
  AFIO_TRY(const distinction changed_too, compared.compare(base, of_base, to, now));
  return without(changed.metadata, aspect::timestamps) != aspect::none &&
         without(changed_too.metadata, aspect::timestamps) == aspect::none;
}

template <std::size_t N>
result<changer<N>> make_changer(updating& shared) {
  const update_options& options = shared.options;
  const bool rehearses = options.doing == update_options::doing::rehearse;
  // With a base, not all that is compared is a copy.
  const auto inherited = N == 2 ? comparison::inherited::equal : comparison::inherited::different;
  const comparison how{.how = options.how,
                       .caching = rehearses ? hash_caching::lookup : hash_caching::attribute,
                       .metadata = options.file.preserve,
                       .retry = options.file.retry,
                       .stop = options.tree.stop,
                       .inherited = inherited};
  AFIO_TRY(auto compared, entry_comparer::make(how));
  AFIO_TRY(auto metadata, metadata_copier::make(options.file.preserve, options.file.umask));
  AFIO_TRY(auto entries, copy_detail::entry_copier::make(shared.copying.file, options.tree.counters,
                                                         shared.copying.large));
  return changer<N>(shared, std::move(entries),
                    std::make_unique<in_place<N>>(shared.copying, shared.links, std::move(compared),
                                                  std::move(metadata)));
}

/// What both ways of updating begin and end with. The last root is the target's.
template <std::size_t N>
class tree_update {
public:
  tree_update(const std::array<walk_root, N>& roots, const update_options& options,
              const deadline::running& limit, observer& told)
      : roots_(roots),
        told_(told),
        copies_(for_copies(options, N)),
        shared_{.options = options,
                .told = told_,
                .limit = limit,
                .copying = {.options = copies_,
                            .file = copies_.file,
                            .shown = source().name,
                            .root = target().directory,
                            .around = target().directory,
                            .seen = copy_detail::destination::visible::by_others,
                            // With a base, what the target has changed is its own, however late.
                            .replaces = N == 3 ? copy_detail::copying::replaces::unchanged
                                               : copy_detail::copying::replaces::whatever,
                            .losses = copy_detail::loss_book(told_)}} {}

  updating& shared() noexcept { return shared_; }

  /// To be called first. So that it is known before anything is changed that it can be.
  result<void> prepare() noexcept;

  /// `make` makes a visitor of a changer. `root_differs`: whether the root shall get the source's
  /// metadata.
  template <class Visitor, class Make, class Differs>
  result<update_report> run(Make&& make, Differs&& root_differs);

private:
  const walk_root& source() const noexcept { return roots_.front(); }

  const walk_root& target() const noexcept { return roots_.back(); }

  result<void> walk_all(auto& workers);
  result<void> finish_root(changer<N>& by);

  std::array<walk_root, N> roots_;
  serial_observer told_; // Workers tell of losses beside the walk.
  copy_options copies_;
  updating shared_;
  // The roots, as they were.
  directory_handle from_, to_;
  stat_t status_;
  update_report report_;
};

template <std::size_t N>
result<void> tree_update<N>::prepare() noexcept {
  for (const walk_root& other : std::span(roots_).first(N - 1)) {
    AFIO_TRY(copy_detail::check_apart(*other.directory, *target().directory, target().name));
    AFIO_TRY(copy_detail::check_apart(*target().directory, *other.directory, other.name));
  }
  AFIO_TRY(status_, source().directory->stat());
  shared_.copying.source_id = status_.id;
  AFIO_TRY(shared_.copying.root_id, target().directory->identity());
  AFIO_TRY(from_, directory_handle::directory(*source().directory));
  AFIO_TRY(to_, directory_handle::directory(*target().directory));
  return success();
}

template <std::size_t N>
template <class Visitor, class Make, class Differs>
result<update_report> tree_update<N>::run(Make&& make, Differs&& root_differs) {
  std::vector<Visitor> workers;
  for (unsigned left = worker_count(copies_.tree.for_walk(), N); left != 0; --left) {
    AFIO_TRY(auto changes, make_changer<N>(shared_));
    workers.push_back(make(std::move(changes)));
  }
  changer<N>& first = workers[0].changes();
  AFIO_TRY(const bool differs, root_differs(first.there(), from_, status_, to_));
  const bool narrows = differs && has(copies_.file.preserve, aspect::mode);
  if (narrows && !shared_.rehearses()) {
    AFIO_TRY(const stat_t now, to_.stat());
    AFIO_TRY(make_no_wider(to_, now, status_));
  }
  AFIO_TRY(walk_all(workers));
  const bool finishes = N == 2 || differs;
  if (finishes && !shared_.rehearses()) {
    AFIO_TRY(finish_root(first));
  }
  for (Visitor& worker : workers) worker.changes().add_to(report_);
  if (differs) {
    ++report_.changed;
    if (told_.wants_events())
      told_.happened({event_kind::changed, source().name, file_type::directory});
  }
  for (const Visitor& worker : workers) {
    if constexpr (N == 2) report_.moved += worker.moved();
    if constexpr (N == 3) report_.conflicts += worker.conflicts();
  }
  return report_;
}

template <std::size_t N>
result<void> tree_update<N>::walk_all(auto& workers) {
  walk_options how = copies_.tree.for_walk();
  how.deadline = shared_.limit.rest();
  how.fields = compared_fields;
  how.leaving = shared_.rehearses() ? leaving::without_handles : leaving::with_handles;
  how.row_cost = row_cost::contents;
  AFIO_TRY(const walk_report done, walk<N>(roots_, workers, how, told_));
  report_.failures += done.failures;
  report_.stopped = done.stopped;
  return success();
}

template <std::size_t N>
result<void> tree_update<N>::finish_root(changer<N>& by) {
  copy_detail::named_losses told(shared_.copying.losses, source().name);
  const auto done = by.copies().finish_directory(from_, {status_, true}, to_, told);
  if (done) return success();
  ++report_.failures;
  told_.failed({operation::set_metadata, source().name, done.assume_error()});
  return success();
}

result<update_report> make_equal(const walk_root& source, const walk_root& target,
                                 const update_options& options, const deadline::running& limit,
                                 observer& told) {
  tree_update<2> work({source, target}, options, limit, told);
  moves moved;
  AFIO_TRY(work.prepare());
  if (options.moves == update_options::moves::detect) {
    AFIO_TRY(moved.find({source, target}, options, limit));
  }
  auto done = work.run<updater>(
      [&](changer<2>&& changes) { return updater(work.shared(), std::move(changes), moved); },
      [](in_place<2>& there, const directory_handle& from, const stat_t& was,
         const directory_handle& to) -> result<bool> {
        AFIO_TRY(const bool alike, there.has_metadata(from, was, to));
        return !alike;
      });
  const bool complete = done && done.assume_value().stopped == stopped::no;
  if (complete) moved.end(work.shared(), target.name, done.assume_value());
  return done;
}

result<update_report> merge_changes(const walk_root& source, const walk_root& base,
                                    const walk_root& target, const update_options& options,
                                    const deadline::running& limit, difference_listener& conflicts,
                                    observer& told) {
  tree_update<3> work({source, base, target}, options, limit, told);
  AFIO_TRY(work.prepare());
  return work.run<merger>(
      [&](changer<3>&& changes) { return merger(work.shared(), std::move(changes), conflicts); },
      [&](in_place<3>& there, const directory_handle& from, const stat_t& was,
          const directory_handle& to) {
        return has_news(there.comparer(), *base.directory, from, was, to);
      });
}

/// errc::refused, about their number, where too many entries would go.
result<void> check_number(const update_options& options, auto&& rehearse) {
  if (options.most_removed == update_options::any_number) return success();
  update_options rehearsed = options;
  rehearsed.doing = update_options::doing::rehearse;
  rehearsed.most_removed = update_options::any_number;
  rehearsed.tree.counters = nullptr;
  observer nobody; // What fails now fails again, and is told then.
  AFIO_TRY(const update_report plan, rehearse(rehearsed, nobody));
  if (plan.removed <= options.most_removed) return success();
  return error(errc::refused, call::verify, std::to_string(plan.removed));
}

/// Passes on conflicts alone, and counts them.
class conflict_counter final : public difference_listener {
public:
  explicit conflict_counter(difference_listener& to) noexcept : to_(to) {}

  void differs(const merge_difference& d) noexcept override {
    if (d.what != three_way::conflict) return;
    ++count;
    to_.differs(d);
  }

  std::uint64_t count = 0;

private:
  difference_listener& to_;
};

/// All conflicts, before anything is changed.
result<update_report> look_for_conflicts(const walk_root& source, const walk_root& base,
                                         const walk_root& target, const update_options& options,
                                         const deadline::running& limit,
                                         difference_listener& conflicts, observer& told) {
  compare_options how;
  how.tree = options.tree;
  how.tree.deadline = limit.rest();
  how.tree.counters = nullptr;
  how.entries.how = options.how;
  how.entries.caching = hash_caching::lookup; // Nothing is to be changed yet.
  how.entries.metadata = options.file.preserve;
  how.entries.retry = options.file.retry;
  how.filter = options.filter;
  conflict_counter found(conflicts);
  AFIO_TRY(const compare_report done, compare_trees(base, source, target, how, found, told));
  return update_report{
      .conflicts = found.count, .failures = done.failures, .stopped = done.stopped};
}

} // namespace

} // namespace update_detail

result<update_report> update_tree(const walk_root& source, const walk_root& target,
                                  const update_options& options, observer& told) noexcept try {
  const bool detects = options.moves == update_options::moves::detect;
  if (detects && options.extras == update_options::extras::keep) return error(EINVAL, call::none);
  const auto limit = options.tree.deadline.start();
  const auto update = [&](const update_options& how, observer& to) {
    return update_detail::make_equal(source, target, how, limit, to);
  };
  AFIO_TRY(update_detail::check_number(options, update));
  return update(options, told);

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<update_report> update_tree(const walk_root& source, const walk_root& base,
                                  const walk_root& target, const update_options& options,
                                  difference_listener& conflicts, observer& told) noexcept try {
  using namespace update_detail;
  const auto limit = options.tree.deadline.start();
  update_options how = options;
  how.extras = update_options::extras::remove; // What was removed is a change like any other.
  if (how.conflicts == update_options::conflicts::fail) {
    AFIO_TRY(update_report before,
             look_for_conflicts(source, base, target, how, limit, conflicts, told));
    before.held_back =
        before.conflicts != 0 || before.failures != 0 || before.stopped != stopped::no;
    if (before.held_back) return before;
  }
  no_listener nobody;
  const auto rehearse = [&](const update_options& o, observer& to) {
    return merge_changes(source, base, target, o, limit, nobody, to);
  };
  AFIO_TRY(check_number(how, rehearse));
  return merge_changes(source, base, target, how, limit, conflicts, told);

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
