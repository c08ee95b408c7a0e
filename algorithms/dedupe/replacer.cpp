#include "algorithms/dedupe/replacer.hpp"

#include "afio/physical_extents.hpp"
#include "afio/random_name.hpp"
#include "algorithms/attribute_names.hpp"
#include "algorithms/equal_contents.hpp"
#include "algorithms/growing_pause.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace afio::algorithms::dedupe_detail {

namespace {

/// Of the directories that a walk may have open, a worker's share: the others have files open, too.
std::size_t open_directories(const tree_options& options) noexcept {
  const walk_options walking = options.for_walk();
  return std::max(descriptor_limit(walking) / worker_count(walking, 1) / 2, 4U);
}

/// Names that may wait to be settled, of three descriptors each. As many as are exchanged in the
/// time that they have to wait, where that is possible: 40.
std::size_t names_unsettled(const tree_options& options) noexcept {
  const walk_options walking = options.for_walk();
  const std::size_t share = descriptor_limit(walking) / worker_count(walking, 1) / 8;
  return std::clamp<std::size_t>(share, 4, 64);
}

/// Between a file's name and its lease, an open takes less than a microsecond, but it may be
/// interrupted there.
constexpr std::chrono::milliseconds time_to_arrive(1);

/// It is another file by now, or has other contents: no duplicate any more, and nobody's failure.
bool means_changed(const error& why) noexcept {
  if (why.name().starts_with("afio-kept-")) return false; // Of keep_foreign().
  return means_another_file(why);
}

/// Blocks cannot be shared on the whole file system. What else is refused is so for these two
/// files; but EINVAL may be either.
bool means_never(const error& why) noexcept {
  if (why.origin() != call::ioctl) return false;
  return why.native() == EOPNOTSUPP || why.native() == ENOTTY || why.native() == ENOSYS;
}

/// EINVAL is said of two files, as on btrfs, where one of them has checksums and the other none;
/// and by some of any two: by older kernels, and by overlay over what cannot share. Cloning tells
/// which. What has no unnamed files does not clone, either, but for overlay before Linux 6.1.
std::optional<sharing_devices::ability> ability_by_cloning(const file_handle& from,
                                                           const path_handle& dir) noexcept {
  using enum sharing_devices::ability;
  auto to = file_handle::unnamed(dir);
  if (!to && to.assume_error().native() == EOPNOTSUPP) return cannot;
  if (!to) return std::nullopt;
  const auto cloned = from.clone_all(to.assume_value());
  return !cloned && means_never(cloned.assume_error()) ? cannot : can;
}

/// As far as it counts.
bool alike(const stat_t& a, const stat_t& b, aspect match) noexcept {
  if (a.size != b.size) return false;
  if (has(match, aspect::mode) && a.mode != b.mode) return false;
  if (has(match, aspect::ownership) && (a.owner != b.owner || a.group != b.group)) return false;
  return !has(match, aspect::timestamps) || a.modified == b.modified;
}

/// Whether the file has been given other metadata since, or other contents, in so far as they show.
bool is_as_before(const stat_t& before, const stat_t& now) noexcept {
  return now.id.same_file(before.id) && now.modified == before.modified &&
         alike(before, now, aspect::mode | aspect::ownership);
}

/// Whether two files of one size have the same blocks; or such as cannot be shared, because they
/// are kept with the metadata.
result<bool> have_nothing_to_share(const file_handle& a, const file_handle& b,
                                   std::uint64_t size) noexcept {
  std::array<physical_extent, 64> of_a, of_b;
  for (std::uint64_t at = 0; at < size;) {
    AFIO_TRY(const auto left, physical_extents(a, {at, size - at}, of_a));
    AFIO_TRY(const auto right, physical_extents(b, {at, size - at}, of_b));
    if (left.empty() && right.empty()) return true; // Holes to their ends.
    const auto same = [](const physical_extent& l, const physical_extent& r) {
      return l.where == r.where && l.physical == r.physical &&
             !has(l.flags | r.flags, extent_flags::unplaced);
    };
    const auto in_inode = [](const physical_extent& e) {
      return has(e.flags, extent_flags::in_inode);
    };
    if (std::ranges::any_of(left, in_inode) || std::ranges::any_of(right, in_inode)) return true;
    if (!std::ranges::equal(left, right, same)) return false;
    if (left.size() < of_a.size()) return true;
    at = left.back().where.end();
  }
  return true;
}

} // namespace

result<replacer> replacer::make(replacing& shared) noexcept {
  const comparison how{.how = comparing::content, .metadata = shared.options.match};
  AFIO_TRY(auto comparer, entry_comparer::make(how));
  std::unique_ptr<std::array<std::byte, 262'144>> through(new (std::nothrow)
                                                              std::array<std::byte, 262'144>);
  if (!through) return error(ENOMEM, call::none);
  return replacer(shared, std::move(comparer), std::move(through));
}

replacer::replacer(replacing& shared, entry_comparer&& comparer,
                   std::unique_ptr<std::array<std::byte, 262'144>> through) noexcept
    : shared_(&shared),
      comparer_(std::move(comparer)),
      through_(std::move(through)),
      directories_(shared.plan.found, open_directories(shared.options.tree),
                   shared.options.tree.mounts),
      most_unsettled_(names_unsettled(shared.options.tree)) {}

void replacer::replace(const contents_of_plan::group& g) noexcept {
  const auto files = std::span(shared_->plan.candidates).subspan(g.first, g.count);
  const candidate* of_kept = &files.front();
  std::shared_ptr<held_file> kept;
  for (const candidate& other : files.subspan(1)) {
    if (shared_->breaks_off()) return;
    const auto done = [&]() -> result<void> {
      try {
        return replace(kept, *of_kept, other);
      } catch (const std::bad_alloc&) {
        return error(ENOMEM, call::none);
      }
    }();
    if (done || is_interruption(done.assume_error())) continue;
    if (done.assume_error() == std::errc::too_many_links) {
      // What could get no more names is full: the next one is kept from here on.
      of_kept = &other;
      kept = {};
      continue;
    }
    fail(kept ? other : *of_kept, done.assume_error());
    if (!kept) return; // Nothing to compare the others with.
  }
}

bool replacer::by_sharing(const candidate& one) const noexcept {
  if (shared_->options.by != dedupe_by::automatic) return shared_->options.by == dedupe_by::sharing;
  return shared_->devices.may_share(shared_->plan.file(one).id.device);
}

/// Where `kept` is not held, or somebody waits for it, it is held anew first.
result<void> replacer::replace(std::shared_ptr<held_file>& kept, const candidate& of_kept,
                               const candidate& other) {
  settle_those_due();
  if (by_sharing(of_kept)) {
    if (!kept) {
      AFIO_TRY(held_file held, hold(of_kept, guard::none));
      kept = std::make_shared<held_file>(std::move(held));
    }
    auto shared = share(*kept, of_kept, other);
    if (shared || shared_->options.by == dedupe_by::sharing) return shared;
    if (!cannot_share(kept->file, other, shared.assume_error())) return shared;
    shared_->devices.note(shared_->plan.file(of_kept).id.device, sharing_devices::ability::cannot);
    if (by_sharing(of_kept)) return shared;
  }
  const auto guarded = kept ? kept->file.holds_lease(lease::read) : false;
  if (!guarded || !guarded.assume_value()) {
    if (kept) settle_all(); // Or it could not be let go.
    kept = {};
    AFIO_TRY(held_file held, hold(of_kept, guard::lease));
    kept = std::make_shared<held_file>(std::move(held));
  }
  return link(kept, of_kept, other);
}

/// Whether `why` is said of the whole file system. Asks it once where that is not clear.
bool replacer::cannot_share(const file_handle& kept, const candidate& other, const error& why) {
  if (means_never(why)) return true;
  if (why.origin() != call::ioctl || why.native() != EINVAL) return false;
  const found_file& name = shared_->plan.file(other);
  auto found = shared_->devices.known(name.id.device);
  if (!found) {
    const auto dir = directories_.open(name.at.directory);
    if (dir) found = ability_by_cloning(kept, *dir.assume_value());
    if (found) shared_->devices.note(name.id.device, *found);
  }
  return found == sharing_devices::ability::cannot;
}

result<replacer::held_file> replacer::hold(const candidate& one, guard by) noexcept {
  return shared_->plan.by_any_name(one, [&](const found_file& name) { return hold(name, by); });
}

result<replacer::held_file> replacer::hold(const found_file& name, guard by) noexcept {
  AFIO_TRY(auto opened, directories_.open(name));
  if (by == guard::lease) {
    AFIO_TRY(lease_read(opened.file, name.at.leaf()));
  }
  // What was written between the two shows in what the file is after the exchange.
  AFIO_TRY(const bool attributes, has_attributes(opened.file));
  return held_file{std::move(opened.file), opened.status, attributes};
}

/// Tries again while somebody has it open for writing, for as long as was asked for.
result<void> replacer::lease_read(file_handle& file, leaf_name name) const noexcept {
  const auto limit = shared_->options.retry.start();
  for (growing_pause pause;;) {
    AFIO_TRY(const bool leased, file.try_lease(lease::read));
    if (leased) return success();
    if (limit.expired() || shared_->stopping()) return error(EBUSY, call::fcntl, name);
    pause.sleep(limit);
  }
}

result<void> replacer::share(const held_file& kept, const candidate& of_kept,
                             const candidate& other) {
  AFIO_TRY(const held_file to, hold(other, guard::none));
  const std::uint64_t size = kept.status.size;
  if (to.status.id.same_file(kept.status.id)) return success();
  if (to.status.size != size) return error(errc::raced, call::verify);
  AFIO_TRY(const bool nothing_to_do, have_nothing_to_share(kept.file, to.file, size));
  if (nothing_to_do) return success();
  const auto shared = kept.file.share_equal({0, size}, to.file, 0);
  if (!shared) {
    // What has been truncated is refused as if it could not be shared.
    for (const held_file* const one : {&kept, &to}) {
      AFIO_TRY(const stat_t now, one->file.stat());
      if (!unchanged(one->status, now)) return error(errc::raced, call::verify);
    }
    return shared.as_failure();
  }
  if (shared.assume_value() < size) return error(errc::raced, call::verify);
  shared_->devices.note(kept.status.id.device, sharing_devices::ability::can);
  ++report_.files;
  report_.reclaimed += std::min(size, to.status.allocated);
  tell(event_kind::shared, shared_->plan.file(other), of_kept);
  return success();
}

result<void> replacer::link(const std::shared_ptr<held_file>& kept, const candidate& of_kept,
                            const candidate& other) {
  AFIO_TRY(held_file held, hold(other, guard::lease));
  if (held.status.id.same_file(kept->status.id)) return success();
  const auto old = std::make_shared<old_file>(std::move(held));
  AFIO_TRY(check_equal(*kept, *old));
  result<void> done = success();
  for (const found_file* const name : shared_->plan.names_of(other)) {
    AFIO_TRY(leaf_buffer aside, random_name());
    auto exchanged = exchange({.kept = kept,
                               .old = old,
                               .of_kept = &of_kept,
                               .of_old = &other,
                               .name = name,
                               .aside = aside});
    if (!exchanged) done = std::move(exchanged);
  }
  return done;
}

/// Metadata, then bytes.
result<void> replacer::check_equal(const held_file& kept, const held_file& other) noexcept {
  const auto different = error(errc::raced, call::verify);
  if (!alike(kept.status, other.status, shared_->options.match)) return different;
  AFIO_TRY(check_attributes(kept, other));
  bool first = true; // Both have just been leased.
  const auto go_on = [&]() -> result<void> {
    if (shared_->options.tree.stop.stop_requested()) return error(ECANCELED, call::none);
    settle_those_due(); // Somebody may wait.
    return std::exchange(first, false) ? success() : check_guarded(kept, other);
  };
  AFIO_TRY(const bool same, equal_contents_while(kept.file, other.file, kept.status.size, *through_,
                                                 go_on, shared_->options.tree.counters));
  if (!same) return different;
  return success();
}

result<bool> replacer::has_attributes(const file_handle& file) noexcept {
  const aspect match = shared_->options.match;
  if (!has(match, aspect::acl) && !has(match, aspect::xattr)) return false;
  const std::span<char> room(reinterpret_cast<char*>(through_->data()), through_->size());
  AFIO_TRY(const std::string_view names, attribute_names(file, room));
  bool any = false;
  for_each_name(names,
                [&](const char* name) { any = any || has(match, aspect_of_attribute(name)); });
  return any;
}

result<void> replacer::check_attributes(const held_file& kept, const held_file& other) noexcept {
  if (!kept.has_attributes && !other.has_attributes) return success();
  AFIO_TRY(const aspect differing, comparer_.compare_attributes(kept.file, other.file));
  if (differing != aspect::none) return error(errc::raced, call::verify);
  return success();
}

/// Nobody has wanted to write to either.
result<void> replacer::check_guarded(const held_file& kept, const held_file& other) noexcept {
  AFIO_TRY(check_guarded(kept));
  return check_guarded(other);
}

result<void> replacer::check_guarded(const held_file& one) noexcept {
  AFIO_TRY(const bool guarded, one.file.holds_lease(lease::read));
  if (!guarded) return error(EBUSY, call::fcntl);
  return success();
}

/// Makes one.name a name of the kept file, and settles that later.
result<void> replacer::exchange(replaced_name one) {
  AFIO_TRY(const path_handle* const dir, directories_.open(one.name->at.directory));
  AFIO_TRY(shared_->times.keep(one.name->at.directory, *dir));
  AFIO_TRY(one.directory, dir->clone());
  if (unsettled_.size() >= most_unsettled_) settle_first();
  // Noted before it is done, as memory may be short.
  unsettled_.push_back(std::move(one));
  auto done = link_and_exchange(unsettled_.back());
  if (!done) unsettled_.pop_back();
  return done;
}

/// After a failure as before, but where somebody has come in between: see take_back().
result<void> replacer::link_and_exchange(replaced_name& one) noexcept {
  AFIO_TRY(one.kept->file.link(one.directory, one.aside));
  const auto checked = std::chrono::steady_clock::now();
  auto exchanged = exchange_with_aside(one);
  if (!exchanged) {
    AFIO_TRY(remove_aside(one, one.kept->status.id));
    return exchanged;
  }
  AFIO_TRY(confirm(one, checked));
  one.since = std::chrono::steady_clock::now();
  return success();
}

/// `aside` is a name of the kept file, and then what `name` was; after a failure as before.
result<void> replacer::exchange_with_aside(const replaced_name& one) noexcept {
  AFIO_TRY(const stat_t in, one.kept->file.stat());
  if (!is_as_before(one.kept->status, in))
    return error(errc::raced, call::verify, one.aside.view());
  AFIO_TRY(check_guarded(*one.kept, *one.old));
  // It was found by the search, and the file opened perhaps by another of its names.
  const leaf_name name = one.name->at.leaf();
  stat_t out;
  AFIO_TRY(out.stamp(one.directory, name, want::identity));
  if (!out.id.same_file(one.old->status.id)) return error(errc::raced, call::verify, name);
  return swap_names(one);
}

/// What was exchanged stays so, or is taken back. Who wants to write to the kept file waits for
/// less than a second only if he has come since it was `checked`: after a longer stop he may have
/// come before, by a name of its own, and have been let in.
result<void> replacer::confirm(const replaced_name& one,
                               std::chrono::steady_clock::time_point checked) noexcept {
  using namespace std::chrono_literals;
  const auto right = check_exchanged(one);
  const bool in_time = std::chrono::steady_clock::now() - checked <= 500ms;
  if (in_time) return right ? success() : take_back(one, right.assume_error());
  const auto guarded = check_guarded(*one.kept);
  if (right && guarded) return success();
  AFIO_TRY(swap_back(one));
  return right ? guarded : right;
}

result<void> replacer::swap_names(const replaced_name& one) noexcept {
  const leaf_name name = one.name->at.leaf();
  const auto done = one.directory.rename(one.aside, one.directory, name, replace::exchange);
  if (done) return success();
  return done.assume_error().about(name); // Not `aside`, which nobody has heard of.
}

/// What came out is what was compared, and has stayed that. Who has come to the kept file since
/// then may have come by its new name, and would lose what he does if that were taken away again:
/// whatever he does, he does to both. If he wants to write he waits, and nothing is written yet.
result<void> replacer::check_exchanged(const replaced_name& one) noexcept {
  AFIO_TRY(const bool has_some_now, has_attributes(one.old->file));
  if (has_some_now || one.old->has_attributes) {
    AFIO_TRY(const aspect differing, comparer_.compare_attributes(one.kept->file, one.old->file));
    if (differing != aspect::none) return error(errc::raced, call::verify, one.aside.view());
  }
  return check_old(one);
}

/// Nobody has come to what was replaced.
result<void> replacer::check_old(const replaced_name& one) noexcept {
  AFIO_TRY(check_guarded(*one.old));
  stat_t out; // Last, because nothing makes those wait who change that.
  AFIO_TRY(out.stamp(one.directory, one.aside));
  if (!is_as_before(one.old->status, out))
    return error(errc::raced, call::verify, one.aside.view());
  return success();
}

/// The name is given back because of `why`. If somebody has come by the new one meanwhile, nothing
/// is right for both, and nothing is deleted.
result<void> replacer::take_back(const replaced_name& one, const error& why) noexcept {
  AFIO_TRY(const bool alone, one.kept->file.holds_lease(lease::read));
  if (!alone) return keep_foreign(one);
  AFIO_TRY(swap_back(one));
  return why;
}

result<void> replacer::swap_back(const replaced_name& one) noexcept {
  if (!swap_names(one)) return keep_foreign(one);
  return remove_aside(one, one.kept->status.id);
}

/// The name goes, if it is one of that file.
result<void> replacer::remove_aside(const replaced_name& one, const identity& expected) noexcept {
  stat_t left;
  AFIO_TRY(left.stamp(one.directory, one.aside, want::identity));
  if (!left.id.same_file(expected)) return keep_foreign(one);
  return one.directory.unlink(one.aside);
}

/// A race was lost twice, and brought somebody's file there: it gets a name that nothing deletes.
result<void> replacer::keep_foreign(const replaced_name& one) noexcept {
  AFIO_TRY(const leaf_buffer name, kept_name());
  AFIO_TRY(one.directory.rename(one.aside, one.directory, name, replace::no));
  return error(errc::raced, call::verify, name.view());
}

void replacer::settle_those_due() noexcept {
  const auto past = std::chrono::steady_clock::now() - time_to_arrive;
  while (!unsettled_.empty() && unsettled_.front().since <= past) settle_first();
}

void replacer::settle_all() noexcept {
  while (!unsettled_.empty()) settle_first();
}

/// When it is due.
void replacer::settle_first() noexcept {
  const auto due = unsettled_.front().since + time_to_arrive;
  if (std::chrono::steady_clock::now() < due) std::this_thread::sleep_until(due);
  const replaced_name one = std::move(unsettled_.front());
  unsettled_.pop_front();
  const auto done = settle(one);
  if (!done) return fail(*one.of_old, done.assume_error());
  ++report_.names;
  if (++one.old->replaced == 1) ++report_.files;
  if (one.old->replaced == one.old->status.links) report_.reclaimed += one.old->status.allocated;
  try {
    tell(event_kind::linked, *one.name, *one.of_kept);
  } catch (const std::bad_alloc&) {
    fail(*one.of_old, error(ENOMEM, call::none));
  }
}

/// Who was between the name and the file when they were exchanged has arrived by now: he is at the
/// old file, and gets the name back.
result<void> replacer::settle(const replaced_name& one) noexcept {
  const auto right = check_old(one);
  if (right) return one.directory.unlink(one.aside);
  return take_back(one, right.assume_error());
}

void replacer::tell(event_kind kind, const found_file& name, const candidate& of_kept) {
  if (!shared_->told.wants_events()) return;
  const inventory& found = shared_->plan.found;
  const std::string path = found.path(name.at), to = found.path(shared_->plan.file(of_kept).at);
  shared_->told.happened({kind, path, file_type::regular, to});
}

void replacer::fail(const candidate& one, const error& why) noexcept {
  if (means_changed(why)) {
    ++report_.changed;
    return;
  }
  const bool busy = why.native() == EBUSY;
  ++(busy ? report_.busy : report_.failures);
  if (!busy) shared_->failed = true;
  const auto tell = [&](std::string_view path) {
    const failure f{by_sharing(one) ? operation::share : operation::link, path, why};
    busy ? shared_->told.skipped(f) : shared_->told.failed(f);
  };
  const found_file& name = shared_->plan.file(one);
  try {
    tell(shared_->plan.found.path(name.at));
  } catch (const std::bad_alloc&) {
    tell(name.at.leaf());
  }
}

} // namespace afio::algorithms::dedupe_detail
