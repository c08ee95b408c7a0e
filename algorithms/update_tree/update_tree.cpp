#include "algorithms/update_tree/update_tree.hpp"

#include "algorithms/copy_tree/apart.hpp"
#include "algorithms/serial_observer.hpp"
#include "algorithms/update_tree/updater.hpp"

#include <cerrno>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace afio::algorithms {

namespace update_detail {

namespace {

copy_options for_copies(const update_options& options) noexcept {
  copy_options how;
  how.tree = options.tree;
  how.file = options.file;
  how.file.stop = options.tree.stop;
  how.file.threads = worker_count(options.tree.for_walk(), 2);
  how.doing = options.doing == update_options::doing::rehearse ? copy_options::doing::rehearse
                                                               : copy_options::doing::execute;
  how.existing = copy_options::existing::merge;
  how.filter = options.filter;
  return how;
}

template <std::size_t N>
result<changer<N>> make_changer(updating& shared) {
  const update_options& options = shared.options;
  const comparison how{.how = options.how,
                       .metadata = options.file.preserve,
                       .retry = options.file.retry,
                       .stop = options.tree.stop};
  AFIO_TRY(auto compared, entry_comparer::make(how));
  AFIO_TRY(auto metadata, metadata_copier::make(options.file.preserve, options.file.umask));
  AFIO_TRY(auto entries, copy_detail::entry_copier::make(shared.copying.file, options.tree.counters,
                                                         shared.copying.large));
  return changer<N>(shared, std::move(entries),
                    std::make_unique<in_place<N>>(shared.copying, shared.links, std::move(compared),
                                                  std::move(metadata)));
}

/// One call's state.
class tree_update {
public:
  tree_update(const walk_root& source, const walk_root& target, const update_options& options,
              observer& told)
      : source_(source),
        target_(target),
        told_(told),
        copies_(for_copies(options)),
        shared_{.options = options,
                .told = told_,
                .copying = {.options = copies_,
                            .file = copies_.file,
                            .shown = source.name,
                            .root = target.directory,
                            .around = target.directory,
                            .seen = copy_detail::destination::visible::by_others,
                            .losses = copy_detail::loss_book(told_)}} {}

  result<update_report> update();

private:
  result<void> prepare() noexcept;
  result<void> walk_both(std::vector<updater>& workers);
  result<void> finish_root(changer<2>& by);
  void fail(operation what, const error& why) noexcept;

  const walk_root& source_;
  const walk_root& target_;
  serial_observer told_; // Workers tell of losses beside the walk.
  copy_options copies_;
  updating shared_;
  // The roots, as they were.
  directory_handle from_, to_;
  stat_t status_;
  update_report report_;
};

void tree_update::fail(operation what, const error& why) noexcept {
  ++report_.failures;
  told_.failed({what, source_.name, why});
}

/// So that it is known before anything is changed that it can be.
result<void> tree_update::prepare() noexcept {
  AFIO_TRY(copy_detail::check_apart(*source_.directory, *target_.directory, target_.name));
  AFIO_TRY(copy_detail::check_apart(*target_.directory, *source_.directory, source_.name));
  AFIO_TRY(status_, source_.directory->stat());
  shared_.copying.source_id = status_.id;
  AFIO_TRY(shared_.copying.root_id, target_.directory->identity());
  AFIO_TRY(from_, directory_handle::directory(*source_.directory));
  AFIO_TRY(to_, directory_handle::directory(*target_.directory));
  return success();
}

result<update_report> tree_update::update() {
  AFIO_TRY(prepare());
  std::vector<updater> workers;
  for (unsigned left = worker_count(copies_.tree.for_walk(), 2); left != 0; --left) {
    AFIO_TRY(auto changes, make_changer<2>(shared_));
    workers.emplace_back(shared_, std::move(changes));
  }
  AFIO_TRY(const bool alike, workers[0].changes().there().has_metadata(from_, status_, to_));
  if (!shared_.rehearses()) {
    AFIO_TRY(const stat_t now, to_.stat());
    AFIO_TRY(make_no_wider(to_, now, status_));
  }
  AFIO_TRY(walk_both(workers));
  if (!shared_.rehearses()) {
    AFIO_TRY(finish_root(workers[0].changes()));
  }
  for (updater& worker : workers) worker.changes().add_to(report_);
  if (!alike) {
    ++report_.changed;
    if (told_.wants_events())
      told_.happened({event_kind::changed, source_.name, file_type::directory});
  }
  return report_;
}

result<void> tree_update::walk_both(std::vector<updater>& workers) {
  walk_options how = copies_.tree.for_walk();
  how.fields = compared_fields;
  how.leaving = shared_.rehearses() ? leaving::without_handles : leaving::with_handles;
  how.row_cost = row_cost::contents;
  AFIO_TRY(const walk_report done, walk<2>({source_, target_}, workers, how, told_));
  report_.failures += done.failures;
  report_.stopped = done.stopped;
  return success();
}

result<void> tree_update::finish_root(changer<2>& by) {
  copy_detail::named_losses told(shared_.copying.losses, source_.name);
  const auto done = by.copies().finish_directory(from_, {status_, true}, to_, told);
  if (!done) fail(operation::set_metadata, done.assume_error());
  return success();
}

/// errc::refused, about their number, where too many entries would go.
result<void> check_number(const walk_root& source, const walk_root& target,
                          const update_options& options) {
  update_options rehearsed = options;
  rehearsed.doing = update_options::doing::rehearse;
  rehearsed.most_removed = update_options::any_number;
  rehearsed.tree.counters = nullptr;
  observer nobody; // What fails now fails again, and is told then.
  AFIO_TRY(const update_report plan, tree_update(source, target, rehearsed, nobody).update());
  if (plan.removed <= options.most_removed) return success();
  return error(errc::refused, call::verify, std::to_string(plan.removed));
}

} // namespace

} // namespace update_detail

result<update_report> update_tree(const walk_root& source, const walk_root& target,
                                  const update_options& options, observer& told) noexcept try {
  if (options.most_removed != update_options::any_number) {
    AFIO_TRY(update_detail::check_number(source, target, options));
  }
  return update_detail::tree_update(source, target, options, told).update();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
