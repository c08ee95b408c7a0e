#include "algorithms/remove_tree/remover.hpp"

#include "afio/random_name.hpp"
#include "algorithms/remove_tree/permissions.hpp"

#include <cerrno>
#include <new>

namespace afio::algorithms::remove_detail {

namespace {

bool is_gone(const error& e) noexcept { return e == std::errc::no_such_file_or_directory; }

bool is_not_empty(const error& e) noexcept {
  return e.native() == ENOTEMPTY || e.native() == EEXIST;
}

/// Lends once a directory, whichever worker comes first. True if it is worth trying again.
bool lend_once(const place<1>& here) noexcept {
  if (here.is_root()) return false; // Its mode is remove_tree's to lend.
  if (here.slot().load() != 0) return true;
  const auto lent = lent_mode::lend(here.handle());
  if (lent) here.slot().store(lent.assume_value().slot());
  // EACCES: another worker has lent in between.
  return lent || lent.assume_error().native() == EACCES;
}

/// The directory `here` of its parent, if it still is the one that was walked.
result<path_handle> anchor_again(const place<1>& here) noexcept {
  AFIO_TRY(auto dir, path_handle::path(here.parent(), here.name(), crossing::any_mount));
  AFIO_TRY(const identity id, dir.identity());
  if (id != here.id()) return error(errc::raced, call::openat2, here.name());
  return dir;
}

void give_back(const place<1>& here) noexcept {
  const auto lent = lent_mode::from_slot(here.slot().load());
  if (!lent.lent()) return;
  auto restored = [&]() -> result<void> {
    AFIO_TRY(const path_handle dir, anchor_again(here));
    return lent.restore(dir);
  }();
  if (!restored) here.fail(operation::change_mode, {}, restored.assume_error());
}

} // namespace

void remover::rows(const place<1>& here, std::span<row<1>> rows) noexcept {
  for (const row<1>& r : rows) {
    if (r.in[0].type != file_type::directory) remove_file(here, r);
  }
}

void remover::remove_file(const place<1>& here, const row<1>& r) noexcept {
  if (rehearses()) return count(here, r.name, r.in[0].type);
  auto removed = here.handle().unlink(r.name);
  if (!removed && removed.assume_error().native() == EACCES &&
      options_->permissions == remove_options::permissions::force && lend_once(here)) {
    removed = here.handle().unlink(r.name);
  }
  if (removed) return count(here, r.name, r.in[0].type);
  const error& why = removed.assume_error();
  // Somebody else removed it: the goal is met.
  if (is_gone(why)) return;
  if (displace(here, r.name, why)) return;
  here.fail(operation::remove, r.name, why);
}

/// Moves a busy file into the root, under a random name, to be tried again after the walk.
bool remover::displace(const place<1>& here, leaf_name name, const error& why) noexcept {
  const bool busy = why.native() == EBUSY || why.native() == ETXTBSY;
  if (!busy || options_->retry.start().expired()) return false;
  const auto aside = random_name();
  if (!aside) return false;
  try {
    busy_.push_back({aside.assume_value(), here.path(name)});
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
  auto removed = rehearses() ? success() : here.parent().remove_directory(here.name());
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
  if (why.native() != EACCES || rehearses()) return verdict::report;
  // An empty directory need not be listed to be removed.
  if (here.parent().remove_directory(here.name())) {
    count(here, {}, file_type::directory);
    return verdict::handled;
  }
  if (options_->permissions != remove_options::permissions::force) return verdict::report;
  const auto lent = [&]() -> result<lent_mode> {
    AFIO_TRY(const path_handle dir,
             path_handle::path(here.parent(), here.name(), options_->tree.mounts));
    AFIO_TRY(const identity id, dir.identity());
    if (id.inode != here.listed_inode()) return error(errc::raced, call::openat2, here.name());
    return lent_mode::lend(dir);
  }();
  if (!lent) return verdict::report;
  here.slot().store(lent.assume_value().slot());
  return verdict::open_again;
}

void remover::count(const place<1>& here, std::string_view name, file_type type) noexcept {
  ++deleted_;
  here.tell(event_kind::deleted, name, type);
}

} // namespace afio::algorithms::remove_detail
