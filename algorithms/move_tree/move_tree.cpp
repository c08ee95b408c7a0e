#include "algorithms/move_tree/move_tree.hpp"

#include "algorithms/ancestor.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "algorithms/move_tree/merger.hpp"
#include "algorithms/move_tree/source_remover.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"
#include "algorithms/serial_observer.hpp"

#include <cerrno>
#include <new>
#include <vector>

namespace afio::algorithms {

namespace move_detail {

namespace {

/// One call's state.
class tree_move {
public:
  tree_move(const path_handle& from, leaf_name name, const path_handle& to, leaf_name new_name,
            move_names shown, const move_options& options, observer& told)
      : from_(from),
        name_(name),
        to_(to),
        new_name_(new_name),
        shown_(shown),
        options_(options),
        limit_(options.tree.deadline.start()),
        told_(told) {}

  result<move_report> run();

private:
  bool rehearses() const noexcept { return options_.doing == move_options::doing::rehearse; }

  result<void> exchange();
  result<void> rename_whole(const fs_handle& source);
  result<void> rehearse_rename();
  result<void> rename_without_flags(const fs_handle& source, const error& why);
  result<void> merge(const stat_t& there);
  result<void> merge_by_renames();
  result<void> copy_then_delete();
  result<void> delete_source(const copied_sources& copied, const path_handle& root);
  result<void> delete_file(const copied_sources& copied);
  result<void> rehearse_deletion();
  result<void> refuse_inside(const path_handle& target) const;

  tree_options for_next_walk() const noexcept;
  void take(const copy_report& report) noexcept;
  void fail(operation what, const error& why) noexcept;
  void moved() noexcept;
  void deleted() noexcept;
  void sync_names() noexcept;

  const path_handle& from_;
  leaf_buffer name_;
  const path_handle& to_;
  leaf_buffer new_name_;
  move_names shown_;
  const move_options& options_;
  deadline::running limit_; ///< One for all walks.
  told_once told_;
  stat_t status_; ///< Of the source.
  move_report report_;
};

tree_options tree_move::for_next_walk() const noexcept {
  tree_options how = options_.tree;
  how.deadline = limit_.rest();
  return how;
}

void tree_move::fail(operation what, const error& why) noexcept {
  if (options_.tree.counters != nullptr) ++options_.tree.counters->failures;
  told_.failed({what, shown_.from, why});
}

void tree_move::moved() noexcept {
  ++report_.moved;
  if (told_.wants_events())
    told_.happened({event_kind::moved, shown_.from, status_.type, shown_.to});
}

void tree_move::deleted() noexcept {
  ++report_.deleted;
  if (told_.wants_events()) told_.happened({event_kind::deleted, shown_.from, status_.type});
}

/// Where that is wanted. If it fails, what has moved has moved all the same.
void tree_move::sync_names() noexcept {
  if (options_.file.sync != sync::all || rehearses()) return;
  for (const path_handle* const dir : {&to_, &from_}) {
    const auto durable = [&]() -> result<void> {
      AFIO_TRY(const directory_handle names, directory_handle::directory(*dir));
      return names.barrier();
    }();
    if (!durable) fail(operation::publish, durable.assume_error());
  }
}

result<move_report> tree_move::run() {
  AFIO_TRY(const fs_handle source, fs_handle::pin(from_, name_));
  AFIO_TRY(status_, source.stat());
  stat_t there;
  const auto looked = there.stamp(to_, new_name_);
  const bool free = !looked && is_gone(looked.assume_error());
  if (!looked && !free) return looked.as_failure();
  if (options_.existing == move_options::existing::exchange) {
    AFIO_TRY(looked);
    AFIO_TRY(exchange());
  } else if (free) {
    AFIO_TRY(rename_whole(source));
  } else if (options_.existing == move_options::existing::refuse) {
    return error(EEXIST, call::verify, new_name_.view());
  } else {
    AFIO_TRY(merge(there));
  }
  sync_names();
  report_.failures = told_.failures();
  return report_;
}

result<void> tree_move::exchange() {
  if (!rehearses()) {
    AFIO_TRY(from_.rename(name_, to_, new_name_, replace::exchange));
  }
  moved();
  return success();
}

result<void> tree_move::refuse_inside(const path_handle& target) const {
  if (status_.type != file_type::directory) return success();
  AFIO_TRY(const path_handle source, path_handle::path(from_, name_, crossing::any_mount));
  AFIO_TRY(const relation where, relation_of(source, target));
  if (where != relation::unrelated) return error(errc::refused, call::verify, new_name_.view());
  return success();
}

/// To a name that nothing had.
result<void> tree_move::rename_whole(const fs_handle& source) {
  if (rehearses()) return rehearse_rename();
  auto renamed = from_.rename(name_, to_, new_name_, replace::no);
  if (!renamed && renamed.assume_error().native() == EINVAL)
    renamed = rename_without_flags(source, renamed.assume_error());
  if (!renamed && renamed.assume_error() == std::errc::cross_device_link) return copy_then_delete();
  AFIO_TRY(renamed);
  moved();
  return success();
}

/// What the kernel would say: it compares the directories of the names.
result<void> tree_move::rehearse_rename() {
  AFIO_TRY(const identity here, from_.identity());
  AFIO_TRY(const identity there, to_.identity());
  if (!here.same_mount(there)) return copy_then_delete();
  if (status_.id.mount != here.mount) return error(EBUSY, call::verify, name_.view());
  AFIO_TRY(refuse_inside(to_));
  moved();
  return success();
}

/// EINVAL: into itself, or the file system cannot refuse to replace. But a link never replaces, and
/// a rename of a directory replaces an empty directory at the most. It has a name of its own at
/// every instant, where one aside might be all that a kill leaves it.
result<void> tree_move::rename_without_flags(const fs_handle& source, const error& why) {
  AFIO_TRY(refuse_inside(to_));
  if (status_.type == file_type::directory)
    return from_.rename(name_, to_, new_name_, replace::yes);
  auto linked = source.link(to_, new_name_);
  // EPERM: neither flags nor links here, so what the rename said is the reason.
  if (!linked && linked.assume_error() == std::errc::operation_not_permitted) return why;
  AFIO_TRY(linked);
  auto gone = source.unlink(from_, name_);
  if (gone) return success();
  stat_t left;
  const bool as_before = left.stamp(from_, name_, want::identity) && left.id.same_file(status_.id);
  if (as_before) (void)source.unlink(to_, new_name_); // The error is the one that matters.
  return gone;
}

/// Into or over what has the name.
result<void> tree_move::merge(const stat_t& there) {
  const bool into = there.type == file_type::directory;
  if (into && status_.type != there.type) return error(EISDIR, call::verify, new_name_.view());
  if (!into && status_.type == file_type::directory)
    return error(ENOTDIR, call::verify, new_name_.view());
  if (into) {
    AFIO_TRY(const path_handle target, path_handle::path(to_, new_name_, crossing::any_mount));
    AFIO_TRY(refuse_inside(target));
  }
  if (!status_.id.same_mount(there.id)) return copy_then_delete();
  if (into) return merge_by_renames();
  if (!rehearses()) {
    AFIO_TRY(move_over(from_, name_, to_, new_name_));
  }
  ++report_.replaced;
  if (told_.wants_events()) told_.happened({event_kind::replaced, shown_.from, status_.type});
  return success();
}

result<void> tree_move::merge_by_renames() {
  AFIO_TRY(const path_handle source, path_handle::path(from_, name_, crossing::any_mount));
  AFIO_TRY(const path_handle target, path_handle::path(to_, new_name_, crossing::any_mount));
  // Before anything is moved, so that it is known by then that they can be had.
  AFIO_TRY(const directory_handle from, directory_handle::directory(source));
  AFIO_TRY(const directory_handle to, directory_handle::directory(target));
  if (!rehearses()) {
    AFIO_TRY(const stat_t now, to.stat());
    AFIO_TRY(make_no_wider(to, now, status_));
  }
  serial_observer told(told_); // Workers tell of losses beside the walk.
  copy_detail::loss_book losses(told);
  walk_options how = for_next_walk().for_walk();
  how.leaving = rehearses() ? leaving::without_handles : leaving::with_handles;
  std::vector<merger> workers;
  for (unsigned left = worker_count(how, 2); left != 0; --left) {
    AFIO_TRY(auto metadata, metadata_copier::make(options_.file.preserve, options_.file.umask));
    workers.emplace_back(losses, std::move(metadata), status_.id,
                         rehearses() ? act::rehearse : act::execute);
  }
  AFIO_TRY(const walk_report done,
           walk<2>({walk_root{&source, shown_.from}, walk_root{&target, shown_.to}}, workers, how,
                   told));
  for (const merger& worker : workers) {
    report_.moved += worker.moved();
    report_.replaced += worker.replaced();
  }
  report_.stopped = done.stopped;
  if (rehearses()) return success();
  copy_detail::named_losses lost(losses, shown_.from);
  const auto dressed = dress_merged(workers[0].metadata(), from, status_, to, lost);
  if (!dressed) fail(operation::set_metadata, dressed.assume_error());
  if (done.failures != 0 || done.stopped != stopped::no) return success();
  const auto removed = source.unlink(from_, name_);
  if (!removed) fail(operation::remove, removed.assume_error());
  return success();
}

void tree_move::take(const copy_report& report) noexcept {
  report_.created = report.created;
  report_.replaced = report.replaced;
  report_.linked = report.linked;
  report_.bytes = report.bytes;
  report_.kept_changing = report.kept_changing;
  report_.stopped = report.stopped;
  report_.left_as = report.left_as;
}

/// Between file systems.
result<void> tree_move::copy_then_delete() {
  path_handle root; // Held from before the copy, so that what is deleted is the tree copied.
  if (status_.type == file_type::directory) {
    AFIO_TRY(root, path_handle::path(from_, name_, crossing::any_mount));
  }
  copied_sources copied;
  copy_options how{.tree = for_next_walk(), .file = options_.file, .copied = &copied};
  if (options_.file.sync != sync::none) how.file.sync = sync::all;
  if (rehearses()) how.doing = copy_options::doing::rehearse;
  if (options_.existing == move_options::existing::merge)
    how.existing = copy_options::existing::merge;
  AFIO_TRY(const copy_report report,
           copy_tree(from_, name_, to_, new_name_, shown_.from, how, told_));
  take(report);
  report_.source_kept = told_.has_lost();
  if (report_.stopped != stopped::no || report_.left_as || report_.source_kept) return success();
  if (rehearses()) return rehearse_deletion();
  if (told_.has_failed(shown_.from)) return success(); // Not even what is in it is known.
  copied.sort();
  return root.is_open() ? delete_source(copied, root) : delete_file(copied);
}

result<void> tree_move::rehearse_deletion() {
  AFIO_TRY(const remove_report report,
           remove_tree(from_, name_, shown_.from,
                       {.tree = for_next_walk(), .doing = remove_options::doing::rehearse}, told_));
  report_.deleted = report.deleted;
  return success();
}

result<void> tree_move::delete_file(const copied_sources& copied) {
  const auto removed = deletable(copied).remove(from_, name_);
  if (!removed)
    fail(operation::remove, removed.assume_error());
  else if (removed.assume_value())
    deleted();
  return success();
}

result<void> tree_move::delete_source(const copied_sources& copied, const path_handle& root) {
  deletable what(copied);
  walk_options how = for_next_walk().for_walk();
  how.order = row_order::by_inode;
  how.counters = nullptr; // They count what was copied.
  std::vector<source_remover> workers(worker_count(how, 1), source_remover(what, told_));
  const auto walked = walk<1>({walk_root{&root, shown_.from}}, workers, how, told_);
  if (!walked) {
    fail(operation::open, walked.assume_error());
    return success();
  }
  const walk_report& done = walked.assume_value();
  for (const source_remover& worker : workers) report_.deleted += worker.deleted();
  report_.stopped = done.stopped;
  if (told_.any_failed() || done.stopped != stopped::no) return success();
  const auto removed = root.unlink(from_, name_);
  if (removed)
    deleted();
  else
    fail(operation::remove, removed.assume_error());
  return success();
}

} // namespace

} // namespace move_detail

result<move_report> move_tree(const path_handle& from, leaf_name name, const path_handle& to,
                              leaf_name new_name, move_names shown, const move_options& options,
                              observer& told) noexcept try {
  return move_detail::tree_move(from, name, to, new_name, shown, options, told).run();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
