#include "algorithms/copy_tree/leaf_copier.hpp"

#include <cerrno>

namespace afio::algorithms::copy_detail {

namespace {

/// What has the name of the row in the copy. EISDIR: that is never replaced.
result<std::optional<identity>> namesake(const place<2>& here, const row<2>& r) noexcept {
  if (!r.in[1].present) return std::optional<identity>();
  stat_t s;
  AFIO_TRY(s.stamp(here.handle(1), r.name, want::type | want::identity));
  if (s.type == file_type::directory) return error(EISDIR, call::verify, r.name);
  return std::optional(s.id);
}

} // namespace

result<void> leaf_copier::copy(const place<2>& here, const row<2>& r, account& sum) {
  const auto pinned = fs_handle::pin(here.handle(0), r.name);
  // Somebody removed it since it was listed: then there is nothing to copy.
  if (!pinned && pinned.assume_error() == std::errc::no_such_file_or_directory) return success();
  if (!pinned) return pinned.assume_error();
  const fs_handle& source = pinned.assume_value();
  AFIO_TRY(const stat_t status, source.stat());
  const bool crosses = shared_->options.tree.mounts == crossing::any_mount;
  // The mount alone: an overlay's files may have other devices than its directories.
  if (!crosses && status.id.mount != here.id(0).mount) {
    entry_losses(shared_->losses, here, r.name)
        .left_out(error(errc::boundary, call::statx, r.name));
    here.mark_incomplete();
    return success();
  }
  AFIO_TRY(const auto old, namesake(here, r));
  const found f{here, r, source, status, old};
  const bool grouped = status.links > 1 && has(shared_->file.preserve, aspect::links);
  return grouped && status.type != file_type::directory ? copy_grouped(f, sum) : copy_alone(f, sum);
}

result<void> leaf_copier::copy_grouped(const found& f, account& sum) {
  const auto where = shared_->groups.join(f.status.id, f.status.links);
  if (where) {
    AFIO_TRY(const bool linked, link(f, *where, sum));
    return linked ? success() : copy_alone(f, sum);
  }
  link_groups::claim first(shared_->groups, f.status.id);
  placed at{shared_->below(f.here, f.entry.name), {}};
  AFIO_TRY(copy_alone(f, sum));
  if (!shared_->rehearses()) {
    stat_t s;
    AFIO_TRY(s.stamp(f.here.handle(1), f.entry.name, want::identity));
    at.id = s.id;
  }
  first.placed_at(std::move(at));
  return success();
}

/// False where it must be copied after all, because a file system allows no more names.
result<bool> leaf_copier::link(const found& f, const placed& where, account& sum) noexcept {
  if (!shared_->rehearses() && !(f.old && f.old->same_file(where.id))) {
    const auto linked = [&]() -> result<void> {
      AFIO_TRY(const fs_handle file, pin_again(*shared_->root, where));
      publication as(f.here.handle(1));
      auto named =
          f.old ? as.publish_over(file, f.entry.name, *f.old) : as.publish(file, f.entry.name);
      if (!named) as.abandon(file);
      return named;
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

result<void> leaf_copier::copy_alone(const found& f, account& sum) {
  if (!shared_->rehearses()) {
    entry_losses told(shared_->losses, f.here, f.entry.name);
    const auto target =
        shared_->merges() ? metadata_copier::target::existing : metadata_copier::target::fresh;
    AFIO_TRY(const copied_file copied,
             entries_.copy(f.here.handle(0), f.entry.name, f.source, f.status,
                           {.directory = f.here.handle(1),
                            .name = f.entry.name,
                            .seen = shared_->seen,
                            .old = f.old,
                            .target = target},
                           told));
    sum.report.bytes += copied.bytes;
    if (shared_->options.copied != nullptr) sum.copied.add(copied.source);
  }
  sum.happened(f.old ? event_kind::replaced : event_kind::created, f.here, f.entry);
  return success();
}

} // namespace afio::algorithms::copy_detail
