#include "algorithms/update_tree/in_place.hpp"

#include "algorithms/mounted_on.hpp"

namespace afio::algorithms::update_detail {

using copy_detail::account;
using copy_detail::entry_losses;

template <std::size_t N>
result<std::optional<identity>> in_place<N>::take(const place<N>& here, const row<N>& r,
                                                  account& sum) {
  const std::optional<identity> copy_it;
  const stat_t* const there = r.in[target].stat;
  if (there == nullptr) return copy_it;
  const crossing mounts = shared_->options.tree.mounts;
  if (is_mounted_on(here, 0, *r.in[0].stat, mounts) || is_mounted_on(here, target, *there, mounts))
    return copy_it;
  AFIO_TRY(const way w, way_of(here, r, {here.handle(target), r.name, *there}));
  if (w == way::is_replaced) return copy_it;
  if (w == way::stays) return std::optional(there->id);
  if (!shared_->rehearses()) {
    AFIO_TRY(const bool changed, change(here, r));
    if (!changed) return copy_it;
  }
  sum.happened(event_kind::changed, here, r);
  return std::optional(there->id);
}

template <std::size_t N>
result<typename in_place<N>::way> in_place<N>::way_of(const place<N>& here, const row<N>& r,
                                                      const compared_entry& there) {
  const stat_t& source = *r.in[0].stat;
  AFIO_TRY(const distinction found, entries_.compare({here.handle(0), r.name, source}, there));
  const bool alike = !found || found.what == distinction::kind::metadata;
  if (!alike) return way::is_replaced;
  const bool linked = source.links > 1 || there.status.links > 1;
  const bool keeps_links = has(shared_->file.preserve, aspect::links);
  if (linked && keeps_links && !links_->agree(source.id, there.status.id)) return way::is_replaced;
  if (!found) return way::stays;
  // Its other names may be those of an older copy.
  return there.status.links > 1 ? way::is_replaced : way::is_changed;
}

template <std::size_t N>
result<bool> in_place<N>::has_metadata(const directory_handle& from, const stat_t& source,
                                       const directory_handle& to) noexcept {
  AFIO_TRY(const stat_t now, to.stat());
  AFIO_TRY(const distinction found, entries_.compare(from, source, to, now));
  return !found;
}

template <std::size_t N>
result<distinction> in_place<N>::compare(const place<N>& here, const row<N>& r, std::size_t a,
                                         std::size_t b) noexcept {
  return entries_.compare({here.handle(a), r.name, *r.in[a].stat},
                          {here.handle(b), r.name, *r.in[b].stat});
}

namespace {

/// The entry, as open as it may be without acting: flags need a file that is open for reading.
class held {
public:
  /// errc::raced if it is not the one that was seen.
  static result<held> make(const path_handle& dir, leaf_name name, const stat_t& seen) noexcept {
    held made;
    if (seen.type == file_type::regular) {
      auto opened = file_handle::seen(dir, name, crossing::any_mount, access_time::keep);
      if (opened) made.file_ = std::move(opened.assume_value().file);
    }
    if (!made.file_.is_open()) {
      AFIO_TRY(made.pin_, fs_handle::pin(dir, name));
    }
    AFIO_TRY(made.status_, made.handle().stat());
    if (!made.status_.id.same_file(seen.id)) return error(errc::raced, call::openat2, name);
    return made;
  }

  const fs_handle& handle() const noexcept {
    return file_.is_open() ? static_cast<const fs_handle&>(file_) : pin_;
  }

  const stat_t& status() const noexcept { return status_; }

  /// As far as it is open.
  result<void> make_durable() noexcept {
    return file_.is_open() ? file_.barrier(barrier_kind::all) : success();
  }

private:
  file_handle file_;
  fs_handle pin_;
  stat_t status_;
};

} // namespace

/// False where it must be copied after all.
template <std::size_t N>
result<bool> in_place<N>::change(const place<N>& here, const row<N>& r) noexcept {
  AFIO_TRY(const held from, held::make(here.handle(0), r.name, *r.in[0].stat));
  AFIO_TRY(held to, held::make(here.handle(target), r.name, *r.in[target].stat));
  if (to.status().links > 1 || !unchanged(*r.in[0].stat, from.status())) return false;
  entry_losses told(shared_->losses, here, r.name);
  metadata_.prepare(from.handle(), from.status(), to.handle(), told);
  AFIO_TRY(metadata_.copy(from.handle(), from.status(), to.handle(), to.status(),
                          metadata_copier::target::kept, told));
  metadata_.seal(from.status(), to.handle(), told);
  if (shared_->file.sync == sync::all) {
    AFIO_TRY(to.make_durable());
  }
  AFIO_TRY(const stat_t after, from.handle().stat());
  if (unchanged(from.status(), after)) return true;
  // What is replaced shall be what was compared, by its times: these were set here, if nobody has
  // written to it since.
  AFIO_TRY(const stat_t now, to.handle().stat());
  if (now.modified == from.status().modified) {
    AFIO_TRY(to.handle().set_times(to.status().accessed, to.status().modified));
  }
  return false;
}

template class in_place<2>;
template class in_place<3>;

} // namespace afio::algorithms::update_detail
