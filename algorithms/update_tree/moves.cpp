#include "algorithms/update_tree/moves.hpp"

#include "afio/random_name.hpp"
#include "algorithms/equal_contents.hpp"
#include "algorithms/locate_below.hpp"

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
  finder(const path_filter* filter, std::string_view shown) noexcept
      : filter_(filter), shown_(shown) {}

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
    if (both && r.in[0].type != r.in[1].type) r.below = row<2>::below::skip;
    const bool other_known = !here.present(1 - tree) || here.listed(1 - tree);
    const bool lone = !both && other_known && c.type == file_type::regular;
    if (!lone && c.type != file_type::directory) return;
    std::string path = here.path(r.name).substr(shown_.size());
    path.erase(0, path.find_first_not_of('/'));
    if (filter_ != nullptr && !filter_->includes(path, c.type)) {
      r.below = row<2>::below::skip;
      return;
    }
    if (lone && c.stat->size != 0)
      found[tree].push_back({std::move(path), c.stat->size, c.stat->modified, c.stat->mode,
                             c.stat->owner, c.stat->group, c.stat->id});
  }

  const path_filter* filter_;
  std::string_view shown_;
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

} // namespace

result<void> moves::find(const std::array<walk_root, 2>& roots, const update_options& how) {
  walk_options walking = how.tree.for_walk();
  walking.counters = nullptr;
  walking.fields =
      want::type | want::size | want::times | want::mode | want::owner | want::identity;
  std::vector<finder> workers(worker_count(walking, 2), finder(how.filter, roots[0].name));
  observer nobody; // What cannot be looked at now cannot be updated, which is told then.
  AFIO_TRY(walk<2>(roots, workers, walking, nobody));
  std::array<std::vector<lone_file>, 2> lone;
  for (finder& worker : workers) {
    for (std::size_t tree = 0; tree < 2; ++tree)
      std::ranges::move(worker.found[tree], std::back_inserter(lone[tree]));
  }
  using by_key = std::multimap<decltype(key_of(lone[1][0])), const lone_file*>;
  by_key old_files;
  for (const lone_file& f : lone[1]) old_files.emplace(key_of(f), &f);
  constexpr std::size_t enough = 256 << 10;
  // Of many files of one size and time, as archives have them, only so many are read.
  constexpr std::ptrdiff_t most_tries = 16;
  const auto room = std::make_unique<std::byte[]>(enough);
  const auto limit = how.tree.deadline.start();
  for (const lone_file& wanted : lone[0]) {
    if (how.tree.stop.stop_requested() || limit.expired()) break; // The rest is copied, if at all.
    const auto [first, last] = old_files.equal_range(key_of(wanted));
    const auto end = std::ranges::next(first, most_tries, last);
    const auto at = std::find_if(first, end, [&](const by_key::value_type& old) {
      return same_contents(roots, wanted, *old.second, {room.get(), enough}, how.tree.stop);
    });
    if (at == end) continue;
    AFIO_TRY(stage(*roots[1].directory, wanted.path, *at->second, how));
    old_files.erase(at);
  }
  return success();
}

/// Out of the way of all else that will be done to the target.
result<void> moves::stage(const path_handle& root, const std::string& to, const lone_file& old,
                          const update_options& how) {
  AFIO_TRY(const leaf_buffer name, random_name());
  if (how.doing == update_options::doing::execute) {
    const auto renamed = [&]() -> result<void> {
      AFIO_TRY(const location at, locate_below(root, old.path));
      AFIO_TRY(const fs_handle file, fs_handle::pin(at.directory, at.name));
      AFIO_TRY(const identity id, file.identity());
      if (!id.same_file(old.id)) return error(errc::raced, call::openat2, old.path);
      return file.relink(at.directory, at.name, root, name);
    }();
    if (!renamed) return success(); // Then it is copied and deleted.
  }
  from_.insert(old.path);
  staged_.emplace(name.view());
  to_.emplace(to, moved_file{old.path, name});
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

void moves::remove_rest(const path_handle& target) noexcept {
  for (const auto& [to, file] : to_) {
    const auto pinned = fs_handle::pin(target, file.staged);
    // What cannot be deleted stays under a name of the documented pattern: the next update's extra.
    if (pinned) (void)pinned.assume_value().unlink(target, file.staged);
  }
  to_.clear();
}

void moves::put_back_rest(const path_handle& target) noexcept {
  for (const auto& [to, file] : to_) {
    // What cannot be put back stays under that name, too: the source still has what is in it.
    const auto put_back = [&]() -> result<void> {
      AFIO_TRY(const fs_handle pinned, fs_handle::pin(target, file.staged));
      AFIO_TRY(const location at, locate_below(target, file.from));
      return pinned.relink(target, file.staged, at.directory, at.name);
    };
    (void)put_back();
  }
  to_.clear();
}

} // namespace afio::algorithms::update_detail
