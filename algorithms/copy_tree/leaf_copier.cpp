#include "algorithms/copy_tree/leaf_copier.hpp"

#include "algorithms/copy_tree/fix_symlink.hpp"
#include "algorithms/copy_tree/link_instead.hpp"
#include "algorithms/mounted_on.hpp"

#include <array>
#include <cerrno>
#include <limits>

namespace afio::algorithms::copy_detail {

namespace {

/// What has the name of the row in the copy: where the walk has read its status, what it was then,
/// because others may have decided by that. EISDIR: that is never replaced.
template <std::size_t N>
result<std::optional<old_entry>> namesake(const place<N>& here, const row<N>& r) noexcept {
  constexpr std::size_t last = N - 1;
  if (!r.in[last].present) return std::optional<old_entry>();
  stat_t now;
  const stat_t* was = r.in[last].stat;
  if (was == nullptr || !has(was->filled, want::identity)) {
    AFIO_TRY(now.stamp(here.handle(last), r.name, want::type | want::identity));
    was = &now;
  }
  if (was->type == file_type::directory) return error(EISDIR, call::verify, r.name);
  return std::optional(old_entry(was->id));
}

} // namespace

template <std::size_t N>
result<void> leaf_copier<N>::copy(const place<N>& here, const row<N>& r, account& sum) {
  // Of an inode with several names, what it shall be is settled once for all of them.
  if (around_ != nullptr && !is_grouped(*r.in[0].stat)) {
    AFIO_TRY(const auto there, around_->take(here, r, sum));
    if (there) return success();
  }
  return hold(here, r, {}, sum);
}

template <std::size_t N>
result<void> leaf_copier<N>::copy_over(const old_entry& old, const place<N>& here, const row<N>& r,
                                       account& sum) {
  return hold(here, r, old, sum);
}

/// `old`: what is to be replaced, where that is known.
template <std::size_t N>
result<void> leaf_copier<N>::hold(const place<N>& here, const row<N>& r,
                                  const std::optional<old_entry>& old, account& sum) {
  const bool reads = shared_->options.leaves == copy_options::leaves::copies;
  if (reads && !shared_->rehearses() && r.in[0].type == file_type::regular) {
    const auto opened =
        file_handle::seen(here.handle(0), r.name, crossing::same_mount, access_time::keep);
    if (opened) {
      const auto& [file, status] = opened.assume_value();
      return copy_held(
          {.here = here, .entry = r, .source = file, .status = status, .old = old, .open = &file},
          sum);
    }
    // Something else by now, mounted, unreadable or gone: a pin will tell.
  }
  const auto pinned = fs_handle::pin(here.handle(0), r.name);
  // Somebody removed it since it was listed: then there is nothing to copy.
  if (!pinned && is_gone(pinned.assume_error())) return success();
  if (!pinned) return pinned.assume_error();
  const fs_handle& source = pinned.assume_value();
  AFIO_TRY(const stat_t status, source.stat());
  return copy_held({.here = here, .entry = r, .source = source, .status = status, .old = old}, sum);
}

template <std::size_t N>
result<void> leaf_copier<N>::copy_held(found f, account& sum) {
  if (is_mounted_on(f.here, 0, f.status, shared_->options.tree.mounts)) {
    entry_losses(shared_->losses, f.here, f.entry.name)
        .left_out(error(errc::boundary, call::statx, f.entry.name));
    f.here.mark_incomplete();
    return success();
  }
  // A symlink by now, which is to be followed and was not.
  if (shared_->follows() && f.status.type == file_type::symlink)
    return error(errc::raced, call::statx, f.entry.name);
  if (!f.old) {
    AFIO_TRY(f.old, namesake(f.here, f.entry));
    if (f.old && shared_->replaces == copying::replaces::unchanged)
      f.old->as = f.entry.in[last].stat;
  }
  return make(f, sum);
}

template <std::size_t N>
result<void> leaf_copier<N>::copy_target(const place<N>& here, const row<N>& r, const led_to& led,
                                         account& sum) {
  AFIO_TRY(const auto old, namesake(here, r));
  const bool links = shared_->options.leaves == copy_options::leaves::hard_links;
  // It leads to what would be replaced.
  if (!links && old && old->id.same_file(led.status.id))
    return error(errc::refused, call::verify, r.name);
  return make({.here = here,
               .entry = r,
               .source = led.file,
               .status = led.status,
               .old = old,
               .held_by = found::by::symlink},
              sum);
}

template <std::size_t N>
result<void> leaf_copier<N>::make(const found& f, account& sum) {
  // It was listed as something else.
  if (f.status.type == file_type::directory) return error(errc::raced, call::statx, f.entry.name);
  switch (shared_->options.leaves) {
  case copy_options::leaves::hard_links:
    return link_source(f, sum);
  case copy_options::leaves::symlinks:
  case copy_options::leaves::absolute_symlinks:
    return point_to_source(f, sum);
  case copy_options::leaves::copies:
    break;
  }
  return copy_source(f, sum);
}

template <std::size_t N>
destination leaf_copier<N>::place_of(const found& f) const noexcept {
  return {.directory = f.here.handle(last),
          .name = f.entry.name,
          .seen = shared_->seen,
          .old = f.old,
          .target = shared_->merges() ? metadata_copier::target::existing
                                      : metadata_copier::target::fresh};
}

// ---- Links to the source

template <std::size_t N>
result<void> leaf_copier<N>::link_source(const found& f, account& sum) {
  if (f.old && f.old->id.same_file(f.status.id)) return success(); // Nothing is to be done.
  if (shared_->rehearses()) {
    AFIO_TRY(check_linkable(f.status, f.entry.name, *shared_->around));
  } else {
    const auto linked = link_to(f.source, place_of(f));
    if (!linked && linked.assume_error() == std::errc::too_many_links) {
      entry_losses(shared_->losses, f.here, f.entry.name)
          .lost(aspect::links, linked.assume_error());
      return copy_source(f, sum);
    }
    AFIO_TRY(linked);
  }
  sum.happened(event_kind::linked, f.here, f.entry);
  return success();
}

template <std::size_t N>
result<void> leaf_copier<N>::point_to_source(const found& f, account& sum) {
  // A mount of the source's own directory: the symlink would replace what it points to.
  if (f.here.present(last) && f.here.id(0).same_file(f.here.id(last)))
    return error(errc::refused, call::verify, f.entry.name);
  const std::string below = f.here.below();
  const std::string path = joined(joined(shared_->at.source, below), f.entry.name);
  AFIO_TRY(const std::string target,
           pointer_to(path, joined(shared_->at.copy, below), shared_->options.leaves));
  if (!shared_->rehearses()) {
    AFIO_TRY(point_to(target, place_of(f)));
  }
  sum.happened(event_kind::linked, f.here, f.entry);
  return success();
}

// ---- Copies

template <std::size_t N>
result<void> leaf_copier<N>::copy_source(const found& f, account& sum) {
  AFIO_TRY(const auto says, fixed_symlink(f));
  // What a symlink leads to becomes a file of its own; and where names of one symlink stand in
  // several directories, what one has to say is wrong for another.
  const bool grouped = is_grouped(f.status) && f.held_by == found::by::name && !says;
  if (grouped) {
    AFIO_TRY(copy_grouped(f, sum));
  } else {
    AFIO_TRY(copy_alone(f, says, sum));
  }
  if (shared_->options.copied != nullptr && f.status.links > 1)
    sum.copied.add_name(f.here.id(0), f.entry.name, f.status.id);
  return success();
}

/// What the copy of a symlink says, where that is to be fixed and must be changed.
template <std::size_t N>
result<std::optional<std::string>> leaf_copier<N>::fixed_symlink(const found& f) const {
  const bool fixes = shared_->options.symlinks == copy_options::symlinks::fix;
  if (!fixes || f.status.type != file_type::symlink) return std::optional<std::string>();
  std::array<char, path_view::max_size> buffer;
  AFIO_TRY(const std::string_view target,
           read_symlink(f.here.handle(0), f.entry.name, f.status, buffer));
  const std::string below = f.here.below();
  auto says = fixed_target(shared_->at, f.here.handle(0), joined(shared_->at.source, below),
                           joined(shared_->at.copy, below), target);
  if (says && says->size() >= path_view::max_size)
    return error(ENAMETOOLONG, call::symlinkat, f.entry.name);
  return says;
}

template <std::size_t N>
bool leaf_copier<N>::is_grouped(const stat_t& status) const noexcept {
  return status.links > 1 && has(shared_->file.preserve, aspect::links);
}

template <std::size_t N>
result<void> leaf_copier<N>::copy_grouped(const found& f, account& sum) {
  // Below a symlink that is followed, a name is met once more: no number tells the last.
  constexpr auto ever = std::numeric_limits<std::uint64_t>::max();
  const auto where = shared_->groups.join(f.status.id, shared_->follows() ? ever : f.status.links);
  if (where) {
    AFIO_TRY(const bool linked, link(f, *where, sum));
    if (linked) return success();
    AFIO_TRY(copy_alone(f, {}, sum));
    return success();
  }
  link_groups::claim first(shared_->groups, f.status.id);
  placed at{f.here.below(f.entry.name), {}};
  std::optional<identity> there;
  if (around_ != nullptr) {
    AFIO_TRY(there, around_->take(f.here, f.entry, sum));
  }
  if (there) {
    at.id = *there;
  } else {
    AFIO_TRY(at.id, copy_alone(f, {}, sum));
  }
  first.placed_at(std::move(at));
  return success();
}

/// False where it must be copied after all, because a file system allows no more names.
template <std::size_t N>
result<bool> leaf_copier<N>::link(const found& f, const placed& where, account& sum) noexcept {
  if (f.old && f.old->id.same_file(where.id)) return true; // Nothing is to be done.
  if (!shared_->rehearses()) {
    const auto linked = [&]() -> result<void> {
      AFIO_TRY(const fs_handle file, pin_again(*shared_->root, where));
      return link_to(file, place_of(f));
    }();
    if (!linked) {
      const error& why = linked.assume_error();
      const bool impossible = why == std::errc::too_many_links ||
                              why == std::errc::operation_not_permitted || why == errc::raced;
      if (!impossible) return linked.as_failure();
      entry_losses(shared_->losses, f.here, f.entry.name).lost(aspect::links, why);
      return false;
    }
  }
  sum.happened(event_kind::linked, f.here, f.entry);
  return true;
}

/// `says`: what a symlink shall, where not the same. Which file was made; none in a rehearsal.
template <std::size_t N>
result<identity> leaf_copier<N>::copy_alone(const found& f, const std::optional<std::string>& says,
                                            account& sum) {
  identity made;
  if (!shared_->rehearses()) {
    entry_losses told(shared_->losses, f.here, f.entry.name);
    if (says) {
      AFIO_TRY(made, entries_.copy_symlink(f.source, f.status, *says, place_of(f), told));
    } else {
      AFIO_TRY(const copied_file copied,
               f.open != nullptr ? entries_.copy(*f.open, f.status, place_of(f), told)
                                 : entries_.copy(f.here.handle(0), f.entry.name, f.source, f.status,
                                                 place_of(f), told));
      made = copied.made;
      sum.report.bytes += copied.bytes;
      if (shared_->options.copied != nullptr) sum.copied.add(copied.source);
      if (around_ != nullptr) around_->copied(copied.source, made);
    }
  }
  const bool replaced = f.entry.in[last].present;
  sum.happened(replaced ? event_kind::replaced : event_kind::created, f.here, f.entry);
  return made;
}

template class leaf_copier<2>;
template class leaf_copier<3>;

} // namespace afio::algorithms::copy_detail
