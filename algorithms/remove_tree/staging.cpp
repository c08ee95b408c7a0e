#include "algorithms/remove_tree/staging.hpp"

#include "afio/random_name.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

namespace afio::algorithms::remove_detail {

namespace {

constexpr std::uint16_t private_mode = 0700;

result<path_handle> make_directory(const path_handle& in, leaf_name name) noexcept {
  AFIO_TRY(in.create_directory(name, private_mode));
  auto made = path_handle::path(in, name);
  if (!made) (void)in.remove_directory(name); // What cannot be used is not left behind.
  return made;
}

/// The directory `r` of `here` exists in `tree` from now on: the walk shall enter it.
result<void> announce(const place<2>& here, row<2>& r, std::size_t tree) noexcept {
  stat_t s;
  AFIO_TRY(s.stamp(here.handle(tree), r.name, want::identity | want::type));
  r.in[tree] = {.inode = s.id.inode, .type = s.type, .present = true};
  return success();
}

/// Renames the entry `name` of `from`, which is the file `wanted`, and proves where it arrives that
/// this is what moved; if not, it goes back. A directory exchanged in must not be deleted with the
/// tree.
result<void> move_over(const path_handle& from, leaf_name name, const path_handle& to,
                       leaf_name new_name, const identity& wanted) noexcept {
  AFIO_TRY(from.rename(name, to, new_name, replace::no));
  stat_t arrived;
  auto looked = arrived.stamp(to, new_name, want::identity);
  if (looked && arrived.id.same_file(wanted)) return success();
  AFIO_TRY(to.rename(new_name, from, name, replace::no));
  if (looked) return error(errc::raced, call::renameat2, name);
  return looked;
}

/// Moves the tree (0) over into its mirror (1).
class stager final : public visitor<2> {
public:
  explicit stager(leaf_name self) noexcept : self_(self) {}

  void rows(const place<2>& here, std::span<row<2>> rows) noexcept override {
    for (row<2>& r : rows) {
      const auto done = r.in[0].type == file_type::directory ? mirror(here, r) : move_file(here, r);
      if (done || is_gone(done.assume_error())) continue;
      here.fail(operation::rename, r.name, done.assume_error());
      r.below = row<2>::below::skip;
    }
  }

  after leave(const place<2>& here) noexcept override {
    if (here.is_root() || here.incomplete()) return after::done;
    const auto done = move_over(here.parent(0), here.name(), here.handle(1), self_, here.id(0));
    if (!done) here.fail(operation::rename, {}, done.assume_error());
    return after::done;
  }

  /// Gone since it was listed: what is staged is an empty directory in its mirror.
  verdict denied(const place<2>&, const error& why) noexcept override {
    return is_gone(why) ? verdict::handled : verdict::report;
  }

private:
  static result<void> move_file(const place<2>& here, const row<2>& r) noexcept {
    stat_t s;
    AFIO_TRY(s.stamp(here.handle(0), r.name, want::type | want::identity));
    if (s.type != r.in[0].type) return error(errc::raced, call::statx, r.name);
    return move_over(here.handle(0), r.name, here.handle(1), r.name, s.id);
  }

  static result<void> mirror(const place<2>& here, row<2>& r) noexcept {
    AFIO_TRY(here.handle(1).create_directory(r.name, private_mode));
    return announce(here, r, 1);
  }

  leaf_buffer self_;
};

/// Moves what is in the mirror (0) back into the tree (1).
class unstager final : public visitor<2> {
public:
  explicit unstager(leaf_name self) noexcept : self_(self) {}

  void rows(const place<2>& here, std::span<row<2>> rows) noexcept override {
    for (row<2>& r : rows) {
      if (!r.in[0].present) {
        r.below = row<2>::below::skip; // Never left its place.
        continue;
      }
      const auto done = r.in[0].type == file_type::directory
                            ? bring_back_directory(here, r)
                            : here.handle(0).rename(r.name, here.handle(1), r.name, replace::no);
      if (done) continue;
      here.fail(operation::restore, r.name, done.assume_error());
      r.below = row<2>::below::skip;
    }
  }

  after leave(const place<2>& here) noexcept override {
    if (here.is_root() || here.incomplete()) return after::done;
    const auto done = here.parent(0).remove_directory(here.name());
    if (!done) here.fail(operation::restore, {}, done.assume_error());
    return after::done;
  }

  /// A directory that cannot be entered could not be when it was to be staged, either (it is
  /// unreadable, or a mount point). Then its mirror is empty, and nothing is to be put back.
  verdict denied(const place<2>& here, const error&) noexcept override {
    return here.parent(0).remove_directory(here.name()) ? verdict::handled : verdict::report;
  }

private:
  /// The directory itself first, so that there is something to put its entries into. One that was
  /// gone when it was to be staged has an empty mirror alone, and stays gone.
  result<void> bring_back_directory(const place<2>& here, row<2>& r) noexcept {
    if (r.in[1].present) return success();
    AFIO_TRY(const path_handle mirror, path_handle::path(here.handle(0), r.name));
    auto back = mirror.rename(self_, here.handle(1), r.name, replace::no);
    if (!back) {
      const bool was_gone =
          is_gone(back.assume_error()) && here.handle(0).remove_directory(r.name).has_value();
      if (!was_gone) return back;
      r.below = row<2>::below::skip;
      return success();
    }
    return announce(here, r, 1);
  }

  leaf_buffer self_;
};

/// Walks two directories of an area in lockstep with a visitor for each worker.
template <class V>
result<walk_report> walk_pair(const path_handle& from, const path_handle& to, leaf_name self,
                              std::string_view shown, const remove_options& options,
                              observer& told) {
  walk_options how = options.tree.for_walk();
  how.leaving = leaving::with_handles;
  how.mounts = crossing::same_mount; // Nothing can be renamed across mounts.
  std::vector<V> workers(worker_count(how, 2), V(self));
  return walk<2>({walk_root{&from, shown}, walk_root{&to, shown}}, workers, how, told);
}

bool is_clean(const walk_report& done) noexcept {
  return done.failures == 0 && done.stopped == stopped::no;
}

/// The random names in an area, sorted: the holder, then the mirror. Nothing if there is any other.
result<std::optional<std::vector<leaf_buffer>>> parts_of(const path_handle& area) {
  AFIO_TRY(const directory_handle dir, directory_handle::directory(area));
  alignas(8) std::array<std::byte, 4096> buffer;
  std::vector<leaf_buffer> found;
  for (;;) {
    AFIO_TRY(const directory_listing part, dir.read(buffer));
    if (part.at_end()) break;
    for (const directory_entry e : part) {
      stat_t s;
      AFIO_TRY(s.stamp(area, e.name, want::type));
      const bool expected = is_random_name(e.name) && s.type == file_type::directory;
      if (!expected || found.size() == 2) return std::optional<std::vector<leaf_buffer>>();
      found.emplace_back(e.name);
    }
  }
  std::sort(found.begin(), found.end(),
            [](const leaf_buffer& a, const leaf_buffer& b) { return a.view() < b.view(); });
  return std::optional(std::move(found));
}

/// The first entry of a directory, if it has any.
result<std::optional<leaf_buffer>> first_entry(const path_handle& anchor) noexcept {
  AFIO_TRY(const directory_handle dir, directory_handle::directory(anchor));
  alignas(8) std::array<std::byte, 4096> buffer;
  for (;;) {
    AFIO_TRY(const directory_listing part, dir.read(buffer));
    if (part.at_end()) return std::optional<leaf_buffer>();
    for (const directory_entry e : part) return std::optional(leaf_buffer(e.name));
  }
}

/// Putting back must not be cut short by what cut the staging short.
remove_options without_limits(const remove_options& options) {
  remove_options patient = options;
  patient.tree.deadline = deadline::never();
  patient.tree.stop = {};
  patient.tree.on_failure = on_failure::proceed;
  patient.tree.counters = nullptr;
  return patient;
}

/// Progress is what is deleted.
remove_options without_counters(const remove_options& options) {
  remove_options uncounted = options;
  uncounted.tree.counters = nullptr;
  return uncounted;
}

void add(remove_report& to, const walk_report& from) noexcept {
  to.failures += from.failures;
  if (to.stopped == stopped::no) to.stopped = from.stopped;
}

/// A staging area, the entry `name` of `parent`, and what is done with it.
class area {
public:
  area(const path_handle& parent, leaf_name name, const path_handle& dir, std::string_view shown,
       const remove_options& options, observer& told)
      : parent_(parent),
        name_(name),
        dir_(dir),
        shown_(shown),
        above_(path_view(shown).parent().view()),
        options_(options),
        told_(told) {}

  /// Moves the tree in the holder over into a mirror of that name, or puts everything back.
  staged go_over(const path_handle& holder, leaf_name holder_name, leaf_name mirror_name);
  /// Puts back what is in it, unless all had gone over.
  result<staged> resume();
  /// Tells why it stays as it is, for reap().
  staged strand(const error& why);

private:
  result<staged> commit(leaf_name holder_name, leaf_name mirror_name) noexcept;
  staged go_back();

  const path_handle& parent_;
  leaf_buffer name_;
  const path_handle& dir_;
  std::string_view shown_;
  std::string_view above_; ///< What paths of the walks begin with: the holder stands for that.
  const remove_options& options_;
  observer& told_;
};

/// Renames the full mirror out of the area, to be a hidden tree, and removes the empty area.
result<staged> area::commit(leaf_name holder_name, leaf_name mirror_name) noexcept {
  AFIO_TRY(const leaf_buffer name, random_name());
  // Opened first: from the rename on, everything is to be deleted, whatever else fails.
  AFIO_TRY(path_handle doomed, path_handle::path(dir_, mirror_name));
  AFIO_TRY(dir_.rename(mirror_name, parent_, name, replace::no));
  staged all{doomed_tree{std::move(doomed), name, name_}, {}};
  auto removed = dir_.remove_directory(holder_name);
  if (removed) removed = parent_.remove_directory(name_);
  if (!removed) {
    told_.failed({operation::remove, shown_, removed.assume_error()});
    all.report.failures = 1;
    all.report.left_as = name_;
  }
  return all;
}

staged area::strand(const error& why) {
  told_.failed({operation::restore, shown_, why});
  staged left;
  left.report.failures = 1;
  left.report.left_as = name_;
  return left;
}

/// Everything that can be, after a failure that was told.
staged area::go_back() {
  auto back = resume();
  return back ? std::move(back).assume_value() : strand(back.assume_error());
}

staged area::go_over(const path_handle& holder, leaf_name holder_name, leaf_name mirror_name) {
  const auto mirror = make_directory(dir_, mirror_name);
  if (!mirror) {
    told_.failed({operation::rename, shown_, mirror.assume_error()});
    staged back = go_back();
    ++back.report.failures;
    return back;
  }
  const auto done = walk_pair<stager>(holder, mirror.assume_value(), name_, above_,
                                      without_counters(options_), told_);
  if (done && is_clean(done.assume_value())) {
    auto all = commit(holder_name, mirror_name);
    return all ? std::move(all).assume_value() : strand(all.assume_error());
  }
  staged back = go_back();
  if (done) {
    add(back.report, done.assume_value());
  } else {
    told_.failed({operation::open, shown_, done.assume_error()});
    ++back.report.failures;
  }
  return back;
}

result<staged> area::resume() {
  AFIO_TRY(const auto parts, parts_of(dir_));
  if (!parts || parts->empty()) return error(errc::refused, call::verify, name_.view());
  const leaf_name holder_name = parts->front();
  AFIO_TRY(const path_handle holder, path_handle::path(dir_, holder_name));
  AFIO_TRY(const auto tree, first_entry(holder));

  staged back;
  if (parts->size() == 2) {
    const leaf_name mirror_name = parts->back();
    AFIO_TRY(const path_handle mirror, path_handle::path(dir_, mirror_name));
    AFIO_TRY(const auto moved, first_entry(mirror));
    if (!tree && moved) return commit(holder_name, mirror_name);
    AFIO_TRY(const walk_report done,
             walk_pair<unstager>(mirror, holder, name_, above_, without_limits(options_), told_));
    add(back.report, done);
    if (!is_clean(done)) {
      back.report.left_as = name_;
      return back;
    }
    AFIO_TRY(dir_.remove_directory(mirror_name));
  }
  if (tree) {
    AFIO_TRY(holder.rename(*tree, parent_, *tree, replace::no));
  }
  AFIO_TRY(dir_.remove_directory(holder_name));
  AFIO_TRY(parent_.remove_directory(name_));
  return back;
}

} // namespace

result<staged> stage(const path_handle& parent, leaf_name name, const path_handle& root,
                     std::string_view shown, const remove_options& options, observer& told) {
  if (is_random_name(name)) return error(errc::refused, call::renameat2, name);
  AFIO_TRY(const leaf_buffer area_name, random_name());
  AFIO_TRY(leaf_buffer holder_name, random_name());
  AFIO_TRY(leaf_buffer mirror_name, random_name());
  if (mirror_name.view() < holder_name.view()) std::swap(holder_name, mirror_name);
  AFIO_TRY(const identity wanted, root.identity());

  AFIO_TRY(const path_handle dir, make_directory(parent, area_name));
  const auto give_up = [&](const error& why) -> result<staged> {
    (void)dir.remove_directory(holder_name); // What is not empty stays, for reap().
    (void)parent.remove_directory(area_name);
    return why;
  };
  const auto holder = make_directory(dir, holder_name);
  if (!holder) return give_up(holder.assume_error());
  area staging(parent, area_name, dir, shown, options, told);
  // Straight to its own name, so that it is known after a kill.
  const auto moved = move_over(parent, name, holder.assume_value(), name, wanted);
  if (moved) return staging.go_over(holder.assume_value(), holder_name, mirror_name);
  // What could not go back, because its name is taken, is in the holder, for reap() to put back.
  const bool left = !dir.remove_directory(holder_name);
  return left ? staging.strand(moved.assume_error()) : give_up(moved.assume_error());
}

result<bool> is_staging_area(const path_handle& dir) noexcept try {
  AFIO_TRY(const stat_t s, dir.stat(want::type | want::mode));
  if (s.type != file_type::directory || s.mode != private_mode) return false;
  AFIO_TRY(const auto parts, parts_of(dir));
  return parts.has_value() && !parts->empty();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<staged> resume(const path_handle& parent, leaf_name name, const path_handle& dir,
                      std::string_view shown, const remove_options& options, observer& told) {
  return area(parent, name, dir, shown, options, told).resume();
}

} // namespace afio::algorithms::remove_detail
