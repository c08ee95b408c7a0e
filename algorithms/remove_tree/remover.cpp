#include "algorithms/remove_tree/remover.hpp"

#include "afio/random_name.hpp"
#include "algorithms/remove_tree/permissions.hpp"

#include <cerrno>
#include <new>

namespace afio::algorithms::remove_detail {

namespace {

bool is_not_empty(const error& e) noexcept {
  return e.native() == ENOTEMPTY || e.native() == EEXIST;
}

/// Lends once a directory, whichever worker comes first. True if it is worth trying again.
bool lend_once(const directory_handle& dir, std::atomic<std::uint64_t>& slot) noexcept {
  if (lent_mode::from_slot(slot.load()).lent()) return true;
  const auto lent = lent_mode::lend(dir);
  if (lent) slot.store(lent.assume_value().slot());
  // EACCES: another worker has lent in between.
  return lent || lent.assume_error().native() == EACCES;
}

// The root's mode is remove_tree's to lend.
bool lend_here(const place<1>& here) noexcept {
  return !here.is_root() && lend_once(here.handle(), here.slot());
}

bool lend_parent(const place<1>& here) noexcept {
  return here.depth() > 1 && lend_once(here.parent(), here.parent_slot());
}

/// The directory `here` of its parent, if it still is the one that was walked, or listed.
result<path_handle> anchor_again(const place<1>& here, crossing mounts) noexcept {
  AFIO_TRY(auto dir, path_handle::path(here.parent(), here.name(), mounts));
  AFIO_TRY(const identity id, dir.identity());
  const bool walked = here.id() != identity();
  const bool same = walked ? id == here.id() : id.inode == here.listed_inode();
  if (!same) return error(errc::raced, call::openat2, here.name());
  return dir;
}

void give_back(const place<1>& here) noexcept {
  const auto lent = lent_mode::from_slot(here.slot().load());
  if (!lent.lent()) return;
  auto restored = [&]() -> result<void> {
    AFIO_TRY(const path_handle dir, anchor_again(here, crossing::any_mount));
    return lent.restore(dir);
  }();
  if (!restored) here.fail(operation::change_mode, {}, restored.assume_error());
}

} // namespace

void remover::rows(const place<1>& here, std::span<row<1>> rows) noexcept {
  const bool ours = is_expected(here);
  for (row<1>& r : rows) {
    if (!ours)
      r.below = row<1>::below::skip;
    else if (r.name.view() == staged_as_)
      remove_staged_directory(here, r);
    else if (r.in[0].type != file_type::directory)
      remove_file(here, r);
  }
}

/// In a mirror, every directory was made by the staging and holds one that was emptied by it, under
/// a name that nobody can guess. One without it was exchanged in, and is left alone.
bool remover::is_expected(const place<1>& here) noexcept {
  constexpr std::uint64_t known = 1, foreign = 2;
  if (staged_as_.empty() || here.is_root()) return true;
  if (here.slot().load() == 0) {
    stat_t s;
    const leaf_buffer name = leaf_buffer::from(staged_as_).assume_value();
    const auto found = s.stamp(here.handle(), name, want::type);
    std::uint64_t unknown = 0; // Another worker may have looked, and removed it, before this one.
    const bool first = here.slot().compare_exchange_strong(unknown, found ? known : foreign);
    if (first && !found) {
      const error& why = found.assume_error();
      here.fail(operation::open, {},
                is_gone(why) ? error(errc::raced, call::statx, here.name()) : why);
    }
  }
  return here.slot().load() == known;
}

/// It was emptied before it was moved into its mirror: if it is not empty, it is another one.
void remover::remove_staged_directory(const place<1>& here, row<1>& r) noexcept {
  r.below = row<1>::below::skip;
  auto removed = here.handle().remove_directory(r.name);
  if (removed || is_gone(removed.assume_error())) return;
  here.fail(operation::remove, r.name, removed.assume_error());
}

void remover::remove_file(const place<1>& here, const row<1>& r) noexcept {
  if (rehearses()) return count(here, r.name, r.in[0].type);
  auto removed = here.handle().unlink(r.name);
  if (!removed && may_force(removed.assume_error()) && lend_here(here)) {
    removed = here.handle().unlink(r.name);
  }
  if (removed) return count(here, r.name, r.in[0].type);
  const error& why = removed.assume_error();
  // Somebody else removed it: the goal is met.
  if (is_gone(why)) return;
  if (displace(here, r.name, r.in[0].type, why)) return;
  here.fail(operation::remove, r.name, why);
}

/// Moves a busy file into the root, under a random name, to be tried again after the walk.
bool remover::displace(const place<1>& here, leaf_name name, file_type type,
                       const error& why) noexcept {
  const bool busy = why.native() == EBUSY || why.native() == ETXTBSY;
  if (!busy || options_->retry.start().expired()) return false;
  const auto aside = random_name();
  if (!aside) return false;
  try {
    busy_.push_back({aside.assume_value(), here.path(name), type});
  } catch (const std::bad_alloc&) {
    return false;
  }
  if (here.handle().rename(name, *root_, aside.assume_value(), replace::no)) return true;
  busy_.pop_back();
  return false;
}

after remover::leave(const place<1>& here) noexcept {
  if (here.is_root()) return after::done;
  const after next = here.incomplete() ? after::done : remove_directory(here);
  if (next == after::done && here.incomplete()) give_back(here);
  return next;
}

after remover::remove_directory(const place<1>& here) noexcept {
  auto removed = rehearses() ? success() : remove_from_parent(here);
  if (removed) {
    count(here, {}, file_type::directory);
    return after::done;
  }
  const error& why = removed.assume_error();
  if (is_not_empty(why)) return after::list_again;
  if (!is_gone(why)) here.fail(operation::remove, {}, why);
  return after::done;
}

verdict remover::denied(const place<1>& here, const error& why) noexcept {
  if (here.slot().load() != 0) { // The second call: what was lent has not helped.
    give_back(here);
    return verdict::report;
  }
  if (why.native() != EACCES || rehearses()) return verdict::report;
  // An empty directory need not be listed to be removed.
  if (remove_from_parent(here)) {
    count(here, {}, file_type::directory);
    return verdict::handled;
  }
  if (!may_force(why)) return verdict::report;
  const auto lent = [&]() -> result<lent_mode> {
    AFIO_TRY(const path_handle dir, anchor_again(here, options_->tree.mounts));
    return lent_mode::lend(dir);
  }();
  // Where nothing was missing here, it was in the parent, whose mode has been lent by now.
  const bool parent_lent = lent_mode::from_slot(here.parent_slot().load()).lent();
  if (!lent && !parent_lent) return verdict::report;
  here.slot().store(lent ? lent.assume_value().slot() : lent_mode::not_needed().slot());
  return verdict::open_again;
}

result<void> remover::remove_from_parent(const place<1>& here) const noexcept {
  auto removed = here.parent().remove_directory(here.name());
  if (!removed && may_force(removed.assume_error()) && lend_parent(here)) {
    removed = here.parent().remove_directory(here.name());
  }
  return removed;
}

bool remover::may_force(const error& why) const noexcept {
  return why.native() == EACCES && options_->permissions == remove_options::permissions::force;
}

void remover::count(const place<1>& here, std::string_view name, file_type type) noexcept {
  ++deleted_;
  here.tell(event_kind::deleted, name, type);
}

} // namespace afio::algorithms::remove_detail
