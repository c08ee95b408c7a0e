#include "algorithms/update_tree/moves.hpp"

#include "afio/random_name.hpp"
#include "algorithms/equal_contents.hpp"
#include "algorithms/locate_below.hpp"
#include "algorithms/update_tree/changer.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <tuple>
#include <vector>

namespace afio::algorithms::update_detail {

namespace {

auto key_of(const lone_file& f) noexcept {
  return std::tuple(f.size, f.modified.seconds, f.modified.nanoseconds, f.mode, f.owner, f.group);
}

/// Tree 0 is the source, tree 1 the target.
class finder final : public visitor<2> {
public:
  explicit finder(const path_filter* filter) noexcept : filter_(filter) {}

  void rows(const place<2>& here, std::span<row<2>> rows) noexcept override {
    for (row<2>& r : rows) {
      try {
        look_at(here, r);
      } catch (const std::bad_alloc&) {
        r.below = row<2>::below::skip; // What is not found is copied and deleted.
      }
    }
  }

  std::array<std::vector<lone_file>, 2> found;

private:
  void look_at(const place<2>& here, row<2>& r) {
    const bool both = r.in[0].present && r.in[1].present;
    const std::size_t tree = r.in[0].present ? 0 : 1;
    const cell& c = r.in[tree];
    // Of a directory that could not be listed, an absent name says nothing, be it that of a
    // directory with more below it.
    const bool known = both || !here.present(1 - tree) || here.listed(1 - tree);
    if (!known || (both && r.in[0].type != r.in[1].type)) r.below = row<2>::below::skip;
    const bool lone = !both && known && c.type == file_type::regular;
    if (!lone && c.type != file_type::directory) return;
    std::string path = here.below(r.name);
    if (filter_ != nullptr && !filter_->includes(path, c.type)) {
      r.below = row<2>::below::skip;
      return;
    }
    if (lone && c.stat->size != 0)
      found[tree].push_back({std::move(path), c.stat->size, c.stat->modified, c.stat->mode,
                             c.stat->owner, c.stat->group, c.stat->id});
  }

  const path_filter* filter_;
};

/// The file at that path, if it still is the one.
result<file_handle> open(const path_handle& root, const lone_file& f) noexcept {
  AFIO_TRY(const location at, locate_below(root, f.path));
  AFIO_TRY(auto opened,
           file_handle::seen(at.directory, at.name, crossing::same_mount, access_time::keep));
  if (!opened.status.id.same_file(f.id)) return error(errc::raced, call::openat2, f.path);
  return std::move(opened.file);
}

bool same_contents(const std::array<walk_root, 2>& roots, const lone_file& a, const lone_file& b,
                   buffer through, const std::stop_token& stop) noexcept {
  const auto left = open(*roots[0].directory, a), right = open(*roots[1].directory, b);
  if (!left || !right) return false;
  const auto same =
      equal_contents(left.assume_value(), right.assume_value(), a.size, through, stop);
  return same && same.assume_value();
}

/// A directory whose times stay what they were when it has got or lost a name: that is not what its
/// owner has changed.
class same_times {
public:
  explicit same_times(const path_handle& of) noexcept : of_(of), status_(of.stat()) {}

  same_times(const same_times&) = delete;
  same_times& operator=(const same_times&) = delete;

  ~same_times() {
    // Where it cannot be, the update sets them in the end.
    if (status_)
      (void)of_.set_times(status_.assume_value().accessed, status_.assume_value().modified);
  }

private:
  const path_handle& of_;
  result<stat_t> status_;
};

result<void> rename_quietly(const fs_handle& file, const path_handle& from, leaf_name name,
                            const path_handle& to, leaf_name new_name) noexcept {
  const same_times left(from), right(to);
  return file.relink(from, name, to, new_name);
}

} // namespace

moves::~moves() {
  if (target_ == nullptr) return;
  // What cannot be put back keeps a name of the documented pattern: the source has what is in it.
  for (const auto& [to, file] : to_) (void)put_back(file);
}

namespace {

/// The files that only one tree has, by tree.
result<std::array<std::vector<lone_file>, 2>> lone_files(const std::array<walk_root, 2>& roots,
                                                         const update_options& how,
                                                         const deadline::running& limit) {
  walk_options walking = how.tree.for_walk();
  walking.counters = nullptr;
  walking.deadline = limit.rest();
  walking.fields =
      want::type | want::size | want::times | want::mode | want::owner | want::identity;
  std::vector<finder> workers(worker_count(walking, 2), finder(how.filter));
  observer nobody; // What cannot be looked at now cannot be updated, which is told then.
  AFIO_TRY(walk<2>(roots, workers, walking, nobody));
  std::array<std::vector<lone_file>, 2> lone;
  for (finder& worker : workers) {
    for (std::size_t tree = 0; tree < 2; ++tree)
      std::ranges::move(worker.found[tree], std::back_inserter(lone[tree]));
  }
  return lone;
}

} // namespace

result<void> moves::find(const std::array<walk_root, 2>& roots, const update_options& how,
                         const deadline::running& limit) {
  if (how.doing == update_options::doing::execute) target_ = roots[1].directory;
  AFIO_TRY(const auto lone, lone_files(roots, how, limit));
  using by_key = std::multimap<decltype(key_of(lone[1][0])), const lone_file*>;
  by_key old_files;
  for (const lone_file& f : lone[1]) old_files.emplace(key_of(f), &f);
  constexpr std::size_t enough = 256 << 10;
  // Of many files of one size and time, as archives have them, only so many are read.
  constexpr std::ptrdiff_t most_tries = 16;
  const auto room = std::make_unique<std::byte[]>(enough);
  for (const lone_file& wanted : lone[0]) {
    if (how.tree.stop.stop_requested() || limit.expired()) break; // The rest is copied, if at all.
    const auto [first, last] = old_files.equal_range(key_of(wanted));
    const auto end = std::ranges::next(first, most_tries, last);
    const auto at = std::find_if(first, end, [&](const by_key::value_type& old) {
      return same_contents(roots, wanted, *old.second, {room.get(), enough}, how.tree.stop);
    });
    if (at == end) continue;
    AFIO_TRY(stage(wanted.path, *at->second));
    old_files.erase(at);
  }
  return success();
}

/// Out of the way of all else that will be done to the target.
result<void> moves::stage(const std::string& to, const lone_file& old) {
  AFIO_TRY(const leaf_buffer name, random_name());
  from_.insert(old.path);
  staged_.emplace(name.view());
  const auto noted = to_.emplace(to, moved_file{old.path, name}).first; // Before anything is done.
  if (target_ == nullptr) return success();
  const auto renamed = [&]() -> result<void> {
    AFIO_TRY(const location at, locate_below(*target_, old.path));
    AFIO_TRY(const fs_handle file, fs_handle::pin(at.directory, at.name));
    AFIO_TRY(const identity id, file.identity());
    if (!id.same_file(old.id)) return error(errc::raced, call::openat2, old.path);
    return rename_quietly(file, at.directory, at.name, *target_, name);
  }();
  if (renamed) return success();
  to_.erase(noted); // Then it is copied and deleted.
  from_.erase(old.path);
  return success();
}

std::optional<moved_file> moves::take(const std::string& to) {
  const std::scoped_lock hold(lock_);
  const auto found = to_.find(to);
  if (found == to_.end()) return {};
  std::optional taken(std::move(found->second));
  to_.erase(found);
  return taken;
}

void moves::give_back(const std::string& to, moved_file file) {
  const std::scoped_lock hold(lock_);
  to_.emplace(to, std::move(file));
}

namespace {

result<void> make_durable(const path_handle& dir) noexcept {
  AFIO_TRY(const directory_handle opened, directory_handle::directory(dir));
  return opened.barrier();
}

} // namespace

/// What fails is about the staged name as long as that is the file's.
result<void> moves::put_back(const moved_file& file, sync durable) const noexcept {
  const auto renamed = [&]() -> result<location> {
    AFIO_TRY(const fs_handle pinned, fs_handle::pin(*target_, file.staged));
    AFIO_TRY(location at, locate_below(*target_, file.from));
    AFIO_TRY(rename_quietly(pinned, *target_, file.staged, at.directory, at.name));
    return at;
  }();
  if (!renamed) return renamed.assume_error().about(file.staged.view());
  return durable == sync::all ? make_durable(renamed.assume_value().directory) : success();
}

namespace {

bool is_there(const path_handle& root, const std::string& path) noexcept {
  const auto at = locate_below(root, path);
  stat_t s;
  return at && s.stamp(at.assume_value().directory, at.assume_value().name, want::type);
}

} // namespace

void moves::end(updating& shared, std::string_view target, update_report& sum) {
  const sync durable = shared.copying.file.sync;
  const bool changes_root = target_ != nullptr && !to_.empty();
  for (; target_ != nullptr && !to_.empty(); to_.erase(to_.begin())) {
    const std::string& to = to_.begin()->first;
    const moved_file& file = to_.begin()->second; // named, for clang 14 captures no binding
    const std::string path = std::string(target) + (target.ends_with('/') ? "" : "/") + file.from;
    const bool copied = is_there(*target_, to), goes = copied && shared.may_remove();
    const auto removed = [&]() -> result<void> {
      AFIO_TRY(const fs_handle pinned, fs_handle::pin(*target_, file.staged));
      const same_times root(*target_); // It has the source's by now.
      return pinned.unlink(*target_, file.staged);
    };
    result<void> done = goes ? removed() : put_back(file, durable);
    if (!done && goes) done = done.assume_error().about(file.staged.view());
    if (done && copied && !goes) done = error(errc::refused, call::verify, file.from);
    if (!done) {
      ++sum.failures;
      shared.told.failed(
          {copied ? operation::remove : operation::restore, path, done.assume_error()});
    } else if (goes) {
      ++sum.removed;
      if (shared.told.wants_events())
        shared.told.happened({event_kind::deleted, path, file_type::regular});
    }
  }
  if (!changes_root || durable != sync::all) return;
  const auto synced = make_durable(*target_);
  if (synced) return;
  ++sum.failures;
  shared.told.failed({operation::publish, target, synced.assume_error()});
}

} // namespace afio::algorithms::update_detail
