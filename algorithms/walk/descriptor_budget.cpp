#include "algorithms/walk/descriptor_budget.hpp"

#include "algorithms/walk/checked.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <string_view>
#include <utility>

namespace afio::algorithms::walk_detail {

namespace {

bool means_no_descriptors(const error& e) noexcept {
  return e.native() == EMFILE || e.native() == ENFILE;
}

/// Whether a listing's inode numbers are those that statx gives. Union and network file systems may
/// make them up differently for each.
bool lists_true_inodes(const directory_handle& dir) noexcept {
  const auto fs = dir.statfs();
  if (!fs) return true; // Then the stricter check is made.
  const std::string_view kind = fs.assume_value().kind_name();
  return kind == "ext4" || kind == "xfs" || kind == "btrfs" || kind == "tmpfs";
}

/// Another file than was listed: is it by a file system's own numbering only? Then the name must
/// still lead to what was opened.
result<void> check_by_name(const path_handle& parent, leaf_name name, const directory_handle& got,
                           const identity& id) noexcept {
  if (lists_true_inodes(got)) return error(errc::raced, call::openat2, name);
  stat_t s;
  AFIO_TRY(s.stamp(parent, name, want::identity));
  if (!s.id.same_file(id)) return error(errc::raced, call::openat2, name);
  return success();
}

} // namespace

template <std::size_t N>
result<directory_handle> descriptor_budget<N>::open_side(const node<N>& n,
                                                         std::size_t tree) noexcept {
  const directory_handle& parent = n.parent->sides[tree].handle;
  for (;;) {
    auto got = n.sides[tree].followed ? directory_handle::directory(parent, path_view(n.name()))
                                      : directory_handle::directory(parent, n.name(), mounts_);
    if (got) return got;
    const error& e = got.assume_error();
    // Somebody else in the process may have used up the descriptors: do with fewer.
    if (means_no_descriptors(e) && evict_one()) continue;
    if (e.native() == EXDEV) return error(errc::boundary, e.origin(), n.name(), EXDEV);
    // A directory was listed; what is there now is something else.
    if (e.native() == ENOTDIR || e.native() == ELOOP) {
      return error(errc::raced, e.origin(), n.name(), e.native());
    }
    return got;
  }
}

template <std::size_t N>
result<void> descriptor_budget<N>::check_first(const node<N>& n, std::size_t tree,
                                               const directory_handle& got,
                                               const identity& id) const noexcept {
  if (n.sides[tree].followed) return check_followed(n, tree, id);
  const auto& parent = n.parent->sides[tree];
  const bool same = id.same_mount(parent.id);
  if (!same && mounts_ == crossing::same_mount) {
    return error(errc::boundary, call::statx, n.name());
  }
  // Behind a mount point is another inode than the one listed, rightly.
  if (!same || id.inode == n.sides[tree].listed_inode) return success();
  return check_by_name(parent.handle, n.name(), got, id);
}

/// It may be anywhere, but not above itself: the walk would never end.
template <std::size_t N>
result<void> descriptor_budget<N>::check_followed(const node<N>& n, std::size_t tree,
                                                  const identity& id) noexcept {
  const auto& side = n.sides[tree];
  bool same = id.inode == side.listed_inode && id.device == side.device;
  for (const node<N>* up = n.parent; up != nullptr; up = up->parent) {
    same = same && up->sides[tree].id != id;
  }
  return same ? success() : result<void>(error(errc::raced, call::openat, n.name()));
}

template <std::size_t N>
result<typename descriptor_budget<N>::opened>
descriptor_budget<N>::open_sides(node<N>& n) noexcept {
  opened all;
  for (std::size_t tree = 0; tree < N; ++tree) {
    if (!n.sides[tree].present) continue;
    n.at_fault = static_cast<std::uint8_t>(tree);
    AFIO_TRY(all.at[tree], open_side(n, tree));
    AFIO_TRY(all.ids[tree], all.at[tree].identity());
    AFIO_TRY(checked::same_directory(all.at[tree], all.ids[tree]));
  }
  return all;
}

template <std::size_t N>
result<void> descriptor_budget<N>::open(node<N>& n) noexcept {
  slot room(*this);
  AFIO_TRY(opened got, open_sides(n));
  for (std::size_t tree = 0; tree < N; ++tree) {
    if (!n.sides[tree].present) continue;
    n.at_fault = static_cast<std::uint8_t>(tree);
    AFIO_TRY(check_first(n, tree, got.at[tree], got.ids[tree]));
    n.sides[tree].id = got.ids[tree];
  }
  n.opened = true;
  install(n, std::move(got.at), room);
  return success();
}

template <std::size_t N>
void descriptor_budget<N>::adopt(node<N>& root) noexcept {
  root.is_open = root.opened = true;
  root.pins = 1;
  push_newest(root);
  peak_ = ++open_;
}

template <std::size_t N>
result<void> descriptor_budget<N>::pin(node<N>& n) noexcept {
  {
    const std::scoped_lock hold(lock_);
    if (n.is_open) {
      ++n.pins;
      unlink(n);
      push_newest(n);
      return success();
    }
  }
  const std::scoped_lock one(reopening_);
  return reopen_down_to(n);
}

/// Leaves `n` pinned. Each level is pinned before the one above it is let go.
template <std::size_t N>
result<void> descriptor_budget<N>::reopen_down_to(node<N>& n) noexcept {
  node<N>* at = &n;
  {
    const std::scoped_lock hold(lock_);
    while (!at->is_open) {
      at->parent->toward = at;
      at = at->parent;
    }
    ++at->pins;
  }
  while (at != &n) {
    node<N>& next = *at->toward;
    next.checkpoint = std::has_single_bit(n.depth - next.depth);
    auto done = reopen(next);
    unpin(*at);
    if (!done) return done;
    at = &next;
  }
  return success();
}

/// Opens and pins `n`, whose parent is pinned; it must be the directory that it was at first.
template <std::size_t N>
result<void> descriptor_budget<N>::reopen(node<N>& n) noexcept {
  slot room(*this);
  AFIO_TRY(opened got, open_sides(n));
  for (std::size_t tree = 0; tree < N; ++tree) {
    if (n.sides[tree].present && got.ids[tree] != n.sides[tree].id) {
      return error(errc::raced, call::openat2, n.name());
    }
  }
  install(n, std::move(got.at), room);
  return success();
}

template <std::size_t N>
void descriptor_budget<N>::unpin(node<N>& n) noexcept {
  const std::scoped_lock hold(lock_);
  --n.pins;
}

template <std::size_t N>
void descriptor_budget<N>::close(node<N>& n) noexcept {
  handles closing;
  {
    const std::scoped_lock hold(lock_);
    if (!n.is_open) return;
    closing = take(n);
  }
  closing = {};
  free_slot();
}

/// The directory to do without: the least recently used that is neither pinned nor a checkpoint,
/// else the least recently used checkpoint. Null if all are pinned. With the lock held.
template <std::size_t N>
node<N>* descriptor_budget<N>::victim() const noexcept {
  node<N>* checkpoint = nullptr;
  for (node<N>* n = oldest_; n != nullptr; n = n->newer) {
    if (n->pins != 0) continue;
    if (!n->checkpoint) return n;
    if (checkpoint == nullptr) checkpoint = n;
  }
  return checkpoint;
}

template <std::size_t N>
bool descriptor_budget<N>::evict_one() noexcept {
  handles closing;
  {
    const std::scoped_lock hold(lock_);
    node<N>* evicted = victim();
    if (evicted == nullptr) return false;
    closing = take(*evicted);
  }
  closing = {};
  free_slot();
  return true;
}

/// Takes a free slot, or that of another directory, which is closed before this returns.
template <std::size_t N>
void descriptor_budget<N>::take_slot() noexcept {
  handles closing; // Destroyed after the lock is let go.
  const std::scoped_lock hold(lock_);
  node<N>* evicted = open_ < limit_ ? nullptr : victim();
  if (evicted != nullptr)
    closing = take(*evicted);
  else
    ++open_; // worker_count() makes sure that not everything can be pinned.
  peak_ = std::max(peak_, open_);
}

template <std::size_t N>
void descriptor_budget<N>::free_slot() noexcept {
  const std::scoped_lock hold(lock_);
  --open_;
}

/// Gives the directory its handles, in `room`, and pins it.
template <std::size_t N>
void descriptor_budget<N>::install(node<N>& n, handles&& at, slot& room) noexcept {
  const std::scoped_lock hold(lock_);
  for (std::size_t tree = 0; tree < N; ++tree) n.sides[tree].handle = std::move(at[tree]);
  n.is_open = true;
  ++n.pins;
  push_newest(n);
  room.keep();
}

/// Takes the handles from a directory. The slot is still taken. With the lock held.
template <std::size_t N>
typename descriptor_budget<N>::handles descriptor_budget<N>::take(node<N>& n) noexcept {
  handles at;
  for (std::size_t tree = 0; tree < N; ++tree) at[tree] = std::move(n.sides[tree].handle);
  n.is_open = false;
  unlink(n);
  return at;
}

template <std::size_t N>
void descriptor_budget<N>::push_newest(node<N>& n) noexcept {
  n.newer = nullptr;
  n.older = newest_;
  (newest_ != nullptr ? newest_->newer : oldest_) = &n;
  newest_ = &n;
}

template <std::size_t N>
void descriptor_budget<N>::unlink(node<N>& n) noexcept {
  (n.newer != nullptr ? n.newer->older : newest_) = n.older;
  (n.older != nullptr ? n.older->newer : oldest_) = n.newer;
}

template class descriptor_budget<1>;
template class descriptor_budget<2>;
template class descriptor_budget<3>;

} // namespace afio::algorithms::walk_detail
