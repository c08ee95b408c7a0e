#include "algorithms/copy_tree/tree_copy.hpp"

#include "afio/random_name.hpp"
#include "algorithms/compare_trees/entry_comparer.hpp"
#include "algorithms/copy_tree/apart.hpp"
#include "algorithms/copy_tree/real_path.hpp"
#include "algorithms/copy_tree/single.hpp"
#include "algorithms/copy_tree/symlink_target.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace afio::algorithms::copy_detail {

tree_copy::tree_copy(const path_handle& to, leaf_name new_name, std::string_view shown,
                     const copy_options& options, observer& told, older_copy* older)
    : to_(to),
      new_name_(new_name),
      told_(told),
      shared_{.options = options, .file = options.file, .shown = shown, .losses = loss_book(told_)},
      older_(older) {
  shared_.around = &to;
  shared_.file.stop = options.tree.stop;
  shared_.file.threads = worker_count(options.tree.for_walk(), 2);
}

void tree_copy::fail(operation what, const error& why) noexcept {
  ++report_.failures;
  if (options().tree.counters != nullptr) ++options().tree.counters->failures;
  if (why == errc::kept_changing) ++report_.kept_changing;
  told_.failed({what, shared_.shown, why});
}

void tree_copy::happened(event_kind kind, file_type type) noexcept {
  if (kind == event_kind::created) ++report_.created;
  if (kind == event_kind::replaced) ++report_.replaced;
  if (kind == event_kind::linked) ++report_.linked;
  if (told_.wants_events()) told_.happened({kind, shared_.shown, type});
}

void tree_copy::add(const account& more) {
  report_.created += more.report.created;
  report_.replaced += more.report.replaced;
  report_.linked += more.report.linked;
  report_.bytes += more.report.bytes;
  report_.kept_changing += more.report.kept_changing;
  shared_with_older_ += more.shared;
  bytes_shared_ += more.bytes_shared;
  if (options().copied != nullptr) options().copied->add(more.copied);
}

/// Everything below `source` into `target`, and then its own metadata.
result<void> tree_copy::walk_into(const path_handle& source, const path_handle* target,
                                  const directory_state& root) {
  shared_.root = target;
  AFIO_TRY(shared_.source_id, source.identity());
  if (target != nullptr) {
    AFIO_TRY(shared_.root_id, target->identity());
  }
  const walk_root from{&source, shared_.shown}, to{target, {}, !shared_.merges()};
  if (older_ == nullptr) return walk_trees<2>({from, to}, root);
  const walk_root older{.directory = older_->root(), .name = {}, .optional = true};
  return walk_trees<3>({from, older, to}, root);
}

template <>
result<std::unique_ptr<shortcut<2>>> tree_copy::way_around() {
  return std::unique_ptr<shortcut<2>>();
}

template <>
result<std::unique_ptr<shortcut<3>>> tree_copy::way_around() {
  return older_->around(shared_);
}

template <std::size_t N>
result<void> tree_copy::walk_trees(const std::array<walk_root, N>& roots,
                                   const directory_state& root) {
  walk_options how = options().tree.for_walk();
  how.leaving = shared_.rehearses() ? leaving::without_handles : leaving::with_handles;
  how.row_cost = row_cost::contents;
  if (N > 2) how.fields = compared_fields;
  // Before anything is made, so that it is known by then that they can be had.
  directory_handle from, to;
  if (!shared_.rehearses()) {
    AFIO_TRY(from, directory_handle::directory(*roots.front().directory));
    AFIO_TRY(to, directory_handle::directory(*roots.back().directory));
  }
  std::vector<std::unique_ptr<shortcut<N>>> ways;
  std::vector<copier<N>> workers;
  for (unsigned left = worker_count(how, N); left != 0; --left) {
    AFIO_TRY(ways.emplace_back(), way_around<N>());
    AFIO_TRY(auto entries, entry_copier::make(shared_.file, how.counters, shared_.large));
    workers.emplace_back(shared_, std::move(entries), ways.back().get());
  }
  AFIO_TRY(const walk_report done, walk<N>(roots, workers, how, told_));
  for (const copier<N>& worker : workers) add(worker.sum());
  report_.failures += done.failures;
  report_.stopped = done.stopped;
  if (shared_.rehearses()) return success();

  named_losses told(shared_.losses, shared_.shown);
  const auto finished = workers[0].finish_directory(from, root, to, told);
  if (!finished) fail(operation::set_metadata, finished.assume_error());
  return success();
}

namespace {

/// What others can make of a new directory, by giving its parent a default ACL, is taken back.
result<void> be_private(const path_handle& dir) noexcept {
  for (const char* acl : {"system.posix_acl_default", "system.posix_acl_access"}) {
    auto removed = dir.remove_attribute(acl);
    if (removed) continue;
    const int native = removed.assume_error().native();
    if (native != ENODATA && native != ENOTSUP) return removed;
  }
  return dir.set_mode(0700);
}

} // namespace

result<copy_report> tree_copy::build(const path_handle& source, const stat_t& status) {
  AFIO_TRY(const leaf_buffer hidden_name, random_name());
  AFIO_TRY(to_.create_directory(hidden_name, 0700));
  // Opened before anything is written, so that a sync hears of all that could not be.
  const auto prepared = [&]() -> result<directory_handle> {
    AFIO_TRY(directory_handle hidden, directory_handle::directory(to_, hidden_name));
    AFIO_TRY(const stat_t s, hidden.stat());
    if (!is_fresh(s, file_type::directory))
      return error(errc::raced, call::openat2, hidden_name.view());
    AFIO_TRY(be_private(hidden));
    return hidden;
  }();
  // If its name means something else by now, it is somewhere, and the error names it.
  const auto give_up = [&](const error& why) {
    return to_.remove_directory(hidden_name) ? why : why.about(hidden_name.view());
  };
  if (!prepared) return give_up(prepared.assume_error());
  const directory_handle& hidden = prepared.assume_value();
  const auto walked = walk_into(source, &hidden, {status});
  if (!walked) return give_up(walked.assume_error());
  const bool complete = report_.failures == 0 && report_.stopped == stopped::no;
  if (!complete && options().extent == copy_options::extent::all_or_nothing) {
    discard(hidden_name);
    return report_;
  }
  if (report_.stopped != stopped::no) {
    report_.left_as = hidden_name;
    return report_;
  }
  const auto published = publish(hidden, hidden_name);
  if (!published) {
    fail(operation::publish, published.assume_error());
    report_.left_as = hidden_name;
    return report_;
  }
  happened(event_kind::created, file_type::directory);
  sync_names();
  return report_;
}

result<void> tree_copy::publish(const directory_handle& hidden, leaf_name hidden_name) noexcept {
  const sync durable = options().file.sync;
  // Once for all files: waiting for each would take a journal commit a file.
  if (durable != sync::none) {
    AFIO_TRY(hidden.sync_file_system());
  }
  AFIO_TRY(hidden.relink(to_, hidden_name, to_, name_to_get()));
  published_as_ = name_to_get();
  return success();
}

const leaf_buffer& tree_copy::name_to_get() const noexcept {
  const bool complete = report_.failures == report_.kept_changing;
  return complete || !incomplete_name_ ? new_name_ : *incomplete_name_;
}

/// Makes the name in `to_` durable, where that is wanted. If that fails, it is there all the same.
void tree_copy::sync_names() noexcept {
  if (options().file.sync != sync::all) return;
  const auto durable = [this]() -> result<void> {
    AFIO_TRY(const directory_handle above, directory_handle::directory(to_));
    return above.barrier();
  }();
  if (!durable) fail(operation::publish, durable.assume_error());
}

void tree_copy::discard(leaf_name hidden_name) {
  remove_options how;
  how.tree.threads = options().tree.threads;
  how.permissions = remove_options::permissions::force; // Read-only directories of its own making.
  observer nobody;
  const auto removed = remove_tree(to_, hidden_name, shared_.shown, how, nobody);
  const bool gone = removed && removed.assume_value().failures == 0;
  if (!gone) report_.left_as = hidden_name;
  report_.created = report_.linked = report_.bytes = 0;
}

/// Whether symlinks are made that do not say so in the source.
bool tree_copy::needs_paths() const noexcept {
  const auto leaves = options().leaves;
  return leaves == copy_options::leaves::symlinks ||
         leaves == copy_options::leaves::absolute_symlinks ||
         options().symlinks == copy_options::symlinks::fix;
}

result<copy_report> tree_copy::copy_directory(const path_handle& source, const stat_t& status) {
  // A clone only reads its source, and never enters what lies in it by a mount or is excluded.
  AFIO_TRY(older_ != nullptr ? check_out_of_reach(source, to_, new_name_.view(),
                                                  options().tree.mounts, options().filter)
                             : check_apart(source, to_, new_name_.view()));
  if (needs_paths()) {
    AFIO_TRY(shared_.at.source, real_path(source));
    AFIO_TRY(const std::string beside, real_path(to_));
    shared_.at.copy = joined(beside, new_name_.view());
  }
  AFIO_TRY(const auto there, namesake());
  if (there) return merge(source, status, *there);
  if (!shared_.rehearses()) return build(source, status);
  AFIO_TRY(walk_into(source, nullptr, {status}));
  happened(event_kind::created, file_type::directory);
  if (report_.stopped == stopped::no) published_as_ = name_to_get();
  return report_;
}

/// What has the name; nothing if it is free. EEXIST where that is refused.
result<std::optional<stat_t>> tree_copy::namesake() noexcept {
  stat_t there;
  const auto looked = there.stamp(to_, new_name_);
  if (!looked && is_gone(looked.assume_error())) return std::optional<stat_t>();
  AFIO_TRY(looked);
  if (options().existing == copy_options::existing::refuse)
    return error(EEXIST, call::verify, new_name_.view());
  return std::optional(there);
}

/// Into the directory that has the name.
result<copy_report> tree_copy::merge(const path_handle& source, const stat_t& status,
                                     const stat_t& there) {
  if (options().extent == copy_options::extent::all_or_nothing)
    return error(EINVAL, call::verify, new_name_.view());
  if (there.type != file_type::directory) return error(ENOTDIR, call::verify, new_name_.view());
  // Where a user points at a mount point, it is the mount that is meant.
  AFIO_TRY(const path_handle target, path_handle::path(to_, new_name_, crossing::any_mount));
  AFIO_TRY(check_apart(source, target, new_name_.view()));
  if (!shared_.rehearses()) {
    AFIO_TRY(const stat_t now, target.stat());
    AFIO_TRY(make_no_wider(target, now, status));
  }
  shared_.seen = destination::visible::by_others;
  shared_.around = &target;
  if (needs_paths()) {
    AFIO_TRY(shared_.at.copy, real_path(target));
  }
  AFIO_TRY(walk_into(source, &target, {status, true}));
  sync_names();
  return report_;
}

result<copy_report> tree_copy::copy_one(const path_handle& from, leaf_name name,
                                        const fs_handle& source, const stat_t& status) {
  shared_.seen = destination::visible::by_others;
  AFIO_TRY(const auto there, namesake());
  if (there && there->type == file_type::directory)
    return error(EISDIR, call::verify, new_name_.view());
  if (there && there->id.same_file(status.id)) {
    // Where it shall be one more name of the source, nothing is to be done.
    if (options().leaves == copy_options::leaves::hard_links) return report_;
    return error(errc::refused, call::verify, new_name_.view());
  }
  if (needs_paths()) {
    AFIO_TRY(const std::string in, real_path(from));
    AFIO_TRY(const std::string beside, real_path(to_));
    shared_.at = {joined(in, name.view()), joined(beside, new_name_.view())};
  }
  const auto made =
      make_single(shared_, {.from = from,
                            .name = name,
                            .source = source,
                            .status = status,
                            .to = {.directory = to_,
                                   .name = new_name_,
                                   .old = there ? std::optional(there->id) : std::nullopt,
                                   .target = metadata_copier::target::existing}});
  if (!made) {
    const bool copies = options().leaves == copy_options::leaves::copies;
    fail(copies ? operation::copy : operation::link, made.assume_error());
    return report_;
  }
  happened(made.assume_value().kind, status.type);
  if (shared_.rehearses()) return report_;
  report_.bytes = made.assume_value().copied.bytes;
  if (options().copied != nullptr) {
    AFIO_TRY(const identity in, from.identity());
    options().copied->add(made.assume_value().copied.source);
    options().copied->add_name(in, name, status.id);
  }
  sync_names();
  return report_;
}

} // namespace afio::algorithms::copy_detail
