#include "algorithms/copy_file/file_copier.hpp"

#include "algorithms/growing_pause.hpp"

#include <cerrno>

namespace afio::algorithms::copy_detail {

namespace {

constexpr file_options quietly{.mode = mode::read, .access_time = access_time::keep};

} // namespace

result<file_copier> file_copier::make(const copy_file_options& options, progress* counters,
                                      large_files& large) noexcept {
  AFIO_TRY(auto metadata, metadata_copier::make(options.preserve, options.umask));
  AFIO_TRY(auto contents, contents_copier::make(options, counters, large));
  return file_copier(options, std::move(metadata), std::move(contents));
}

result<copied_file> file_copier::copy(const fs_handle& source, const stat_t& status,
                                      const destination& to, loss_listener& told) noexcept {
  if (!own_.is_open()) {
    AFIO_TRY(own_, descriptor_table::of_this_process());
  }
  AFIO_TRY(const file_handle from, file_handle::file(own_, source, status, quietly));
  return copy(from, status, to, told);
}

result<copied_file> file_copier::copy(const file_handle& source, const stat_t& status,
                                      const destination& to, loss_listener& told) noexcept {
  const auto limit = options_->retry.start();
  stat_t before = status;
  for (growing_pause pause;;) {
    auto copied = try_once(source, before, to, told);
    const bool changed = !copied && copied.assume_error() == errc::kept_changing;
    if (!changed || limit.expired()) return copied;
    if (options_->stop.stop_requested()) return error(ECANCELED, call::none);
    pause.sleep(limit);
    AFIO_TRY(before, source.stat());
  }
}

namespace {

/// Hears what some file systems say of writes only as a file is closed. What is in a hidden
/// directory must not be published with it then.
result<void> close_in_hidden(file_handle& made, const destination& to,
                             const identity& id) noexcept {
  const auto closed = made.close();
  if (closed) return success();
  stat_t named;
  const bool there = named.stamp(to.directory, to.name, want::identity) && named.id.same_file(id);
  // Else its directory cannot be written either, and the whole copy fails.
  if (there) (void)to.directory.unlink(to.name);
  return closed.as_failure();
}

} // namespace

/// errc::kept_changing if the source was changed meanwhile.
result<copied_file> file_copier::try_once(const file_handle& from, const stat_t& status,
                                          const destination& to, loss_listener& told) noexcept {
  const bool hidden = to.seen == destination::visible::by_nobody;
  AFIO_TRY(new_file made, hidden ? new_file::named(to.directory, to.name, status.mode & 0777)
                                 : new_file::hidden(to.directory));
  AFIO_TRY(const stat_t now, made.file().stat(want::mode | want::owner | want::identity));
  AFIO_TRY(const copied_by how, make_like(from, status, made.file(), now, to, told));
  AFIO_TRY(const stat_t after, from.stat());
  if (!unchanged(status, after)) return error(errc::kept_changing, call::statx, to.name);
  // What is sealed could not go again if its close failed.
  const bool sealed =
      status.has_attribute(attribute::immutable) || status.has_attribute(attribute::append_only);
  if (!hidden || sealed) {
    AFIO_TRY(made.file().flush());
  }
  AFIO_TRY(to.old ? made.publish_over(to.name, *to.old) : made.publish(to.name));
  metadata_.seal(status, made.file(), told);
  if (hidden) {
    AFIO_TRY(close_in_hidden(made.file(), to, now.id));
  }
  return copied_file{status.size, how, to.old.has_value(), status, now.id};
}

/// Everything but the name.
result<copied_by> file_copier::make_like(const file_handle& from, const stat_t& status,
                                         file_handle& to, const stat_t& now,
                                         const destination& where, loss_listener& told) noexcept {
  metadata_.prepare(from, status, to, told);
  AFIO_TRY(const copied_by how, contents_.fill(from, status, to, now.id.device));
  if (options_->verify == copy_file_options::verify::contents) {
    AFIO_TRY(const bool same, contents_.equal(from, to, status.size));
    // A source that has changed differs, too: that is found out first.
    AFIO_TRY(const stat_t after, from.stat());
    if (!unchanged(status, after)) return error(errc::kept_changing, call::statx, where.name);
    if (!same) return error(errc::differs, call::verify, where.name);
  }
  AFIO_TRY(metadata_.copy(from, status, to, now, where.target, told));
  const bool durable_first = options_->sync != sync::none;
  if (durable_first && where.seen == destination::visible::by_others) {
    AFIO_TRY(to.barrier(barrier_kind::all));
  }
  return how;
}

} // namespace afio::algorithms::copy_detail
