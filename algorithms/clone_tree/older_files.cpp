#include "algorithms/clone_tree/older_files.hpp"

#include "afio/coarse_clock.hpp"

#include <cerrno>

namespace afio::algorithms::clone_detail {

using copy_detail::account;
using copy_detail::entry_losses;

namespace {

constexpr std::size_t source = 0, older = 1, made = 2;

const std::optional<identity> copy_it;

} // namespace

result<std::optional<identity>> older_files::take(const place<3>& here, const row<3>& r,
                                                  account& sum) {
  const stat_t& s = *r.in[source].stat;
  const stat_t* const old = r.in[older].stat;
  const bool here_too = old != nullptr && old->type == s.type;
  // What is mounted there is for the copier to judge.
  if (!here_too || !s.id.same_mount(here.id(source)) || !old->id.same_mount(here.id(older)))
    return copy_it;
  // What cannot be compared is copied. If it is the source that cannot be read, the copier says so.
  const auto same = is_same(here, r);
  if (!same || !same.assume_value()) return copy_it;
  // Of several names of one inode in the source, this is the first: what has been shared with
  // another inode is not shared with this one.
  const bool keeps_links = has(shared_->file.preserve, aspect::links);
  if (old->links > 1 && keeps_links && !claimed_->claim(old->id.inode)) return copy_it;
  std::optional<identity> id = old->id;
  const bool links = options_->share == clone_options::sharing::hard_links;
  if (!shared_->rehearses()) {
    AFIO_TRY(id, links ? link(here, r) : share_blocks(here, r));
  }
  if (!id) return copy_it;
  ++sum.shared;
  sum.bytes_shared += s.size;
  here.tell(links ? event_kind::linked : event_kind::created, r.name, s.type);
  return id;
}

/// Whether the source is what it was when the older copy was made.
result<bool> older_files::is_same(const place<3>& here, const row<3>& r) {
  const stat_t &s = *r.in[source].stat, &old = *r.in[older].stat;
  const compared_entry now{here.handle(source), r.name, s};
  const compared_entry then{here.handle(older), r.name, old};
  if (options_->known == nullptr || s.type != file_type::regular) {
    AFIO_TRY(const distinction found, as_told_.compare(now, then));
    return !found;
  }
  if (as_told_.compare_status(s, old)) return false;
  // Nothing about a file, attributes neither, can be changed without its time of change.
  if (options_->known->of(old.id, s) == source_index::verdict::same) return true;
  AFIO_TRY(const distinction found, by_contents_.compare(now, then));
  if (!found) copied(s, old.id);
  return !found;
}

/// By name, which is the quickest; nobody else can reach into the new tree before it is looked at.
result<std::optional<identity>> older_files::link(const place<3>& here, const row<3>& r) noexcept {
  const path_handle& to = here.handle(made);
  const auto linked = here.handle(older).link(r.name, to, r.name);
  if (!linked) {
    const error& why = linked.assume_error();
    if (is_gone(why)) return copy_it; // It is gone by now.
    // EPERM: of what may not be linked, another user's file (fs.protected_hardlinks) or an
    // immutable one. EXDEV: something has been mounted on it.
    const bool impossible = why == std::errc::too_many_links ||
                            why == std::errc::operation_not_permitted ||
                            why == std::errc::cross_device_link;
    if (impossible) return share_blocks(here, r);
    return linked.as_failure();
  }
  stat_t s;
  AFIO_TRY(s.stamp(to, r.name, want::identity));
  if (s.id.same_file(r.in[older].stat->id)) return std::optional(s.id);
  AFIO_TRY(to.unlink(r.name));
  return copy_it;
}

/// A file of its own with the blocks of the older one.
result<std::optional<identity>> older_files::share_blocks(const place<3>& here,
                                                          const row<3>& r) noexcept {
  const stat_t& old = *r.in[older].stat;
  if (cannot_share_blocks_ || old.type != file_type::regular) return copy_it;
  auto opened =
      file_handle::seen(here.handle(older), r.name, crossing::same_mount, access_time::keep);
  const bool is_it = opened && opened.assume_value().status.id.same_file(old.id);
  if (!is_it) return copy_it;
  entry_losses told(shared_->losses, here, r.name);
  const copy_detail::destination to{.directory = here.handle(made),
                                    .name = r.name,
                                    .seen = shared_->seen,
                                    .old = {},
                                    .target = metadata_copier::target::fresh};
  const auto& [file, status] = opened.assume_value();
  const auto done = entries_.copy(file, status, to, told);
  if (done) {
    copied(*r.in[source].stat, done.assume_value().made);
    return std::optional(done.assume_value().made);
  }
  const int native = done.assume_error().native();
  cannot_share_blocks_ = native == EOPNOTSUPP || native == EXDEV || native == ENOTTY;
  if (cannot_share_blocks_ || native == EINVAL) return copy_it;
  return done.as_failure();
}

namespace {

/// Who changes a file within one tick of the file system's clock leaves no trace in its times: what
/// has changed just now is not known well enough. The kernel's coarse clock ticks every 10 ms at
/// the slowest, FAT's every two seconds.
bool is_settled(const stat_t& s) noexcept {
  return coarse_clock_now().seconds - s.changed.seconds > 2;
}

} // namespace

bool older_files::does_without(const place<3>& here) noexcept {
  if (!here.present(older)) return false;
  here.leave_out(older);
  return true;
}

void older_files::copied(const stat_t& s, const identity& as) {
  const bool worth_it = options_->learned != nullptr && s.type == file_type::regular;
  if (!worth_it) return;
  is_settled(s) ? options_->learned->note(as, s) : options_->learned->forget(as, s);
}

} // namespace afio::algorithms::clone_detail
