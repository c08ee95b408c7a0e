#include "algorithms/copy_tree/entry_copier.hpp"

#include "afio/random_name.hpp"
#include "afio/symlink_handle.hpp"

#include <array>

#include <unistd.h>

namespace afio::algorithms::copy_detail {

namespace {

/// An ACL that it has inherited may be set an instant after it was born (xfs), which changes the
/// inode and nothing in it.
bool changed_when_born(const stat_t& s) noexcept {
  constexpr std::int64_t second = 1'000'000'000, instant = second / 10;
  const std::int64_t later =
      (s.changed.seconds - s.born.seconds) * second + s.changed.nanoseconds - s.born.nanoseconds;
  return later == 0 || (s.modified == s.born && later > 0 && later < instant);
}

} // namespace

bool is_fresh(const stat_t& s, file_type type) noexcept {
  if (s.type != type || s.owner != ::geteuid()) return false;
  const bool directory = type == file_type::directory;
  if (directory ? (s.mode & 0777) != 0700 : s.links != 1) return false;
  // A rename changes the inode, but not when it was born.
  return !has(s.filled, want::born) || changed_when_born(s);
}

result<entry_copier> entry_copier::make(const copy_file_options& options, progress* counters,
                                        large_files& large) noexcept {
  AFIO_TRY(auto files, file_copier::make(options, counters, large));
  return entry_copier(std::move(files));
}

result<copied_file> entry_copier::copy(const path_handle& from, leaf_name name,
                                       const fs_handle& source, const stat_t& status,
                                       const destination& to, loss_listener& told) noexcept {
  if (status.type == file_type::regular) return files_.copy(source, status, to, told);
  // It was listed as something else.
  if (status.type == file_type::directory) return error(errc::raced, call::statx, name);
  copied_file copied{.replaced = to.old.has_value(), .source = status};
  if (status.type == file_type::symlink) {
    std::array<char, path_view::max_size> buffer;
    AFIO_TRY(const std::string_view target, read_symlink(from, name, status, buffer));
    AFIO_TRY(copied.made, copy_symlink(source, status, target, to, told));
  } else {
    AFIO_TRY(copied.made, copy_node(source, status, to, told));
  }
  return copied;
}

result<std::string_view> read_symlink(const path_handle& from, leaf_name name, const stat_t& status,
                                      std::span<char> buffer) noexcept {
  AFIO_TRY(const symlink_handle source, symlink_handle::symlink(from, name));
  AFIO_TRY(const identity id, source.identity());
  if (!id.same_file(status.id)) return error(errc::raced, call::openat2, name);
  return source.read(buffer);
}

result<leaf_buffer> name_to_be_born(const destination& to) noexcept {
  if (to.seen == destination::visible::by_nobody) return leaf_buffer(to.name);
  return random_name();
}

publication born(leaf_name as, const destination& to) noexcept {
  return {to.directory, as,
          to.seen == destination::visible::by_nobody ? publication::name_is::final
                                                     : publication::name_is::random};
}

namespace {

/// Says under which name that may be left which could not be held.
error left_as(const error& why, leaf_name born_as) noexcept { return why.about(born_as.view()); }

} // namespace

result<identity> entry_copier::copy_symlink(const fs_handle& source, const stat_t& status,
                                            std::string_view target, const destination& to,
                                            loss_listener& told) noexcept {
  AFIO_TRY(const leaf_buffer born_as, name_to_be_born(to));
  const auto made = symlink_handle::create(to.directory, born_as, target);
  if (!made) return left_as(made.assume_error(), born_as);
  publication as = born(born_as, to);
  return finish(source, status, made.assume_value(), as, to, told);
}

result<identity> entry_copier::copy_node(const fs_handle& source, const stat_t& status,
                                         const destination& to, loss_listener& told) noexcept {
  AFIO_TRY(const leaf_buffer born_as, name_to_be_born(to));
  AFIO_TRY(to.directory.create_node(born_as, status.type, 0600, status.device_number));
  const auto made = fs_handle::pin(to.directory, born_as);
  if (!made) return left_as(made.assume_error(), born_as);
  publication as = born(born_as, to);
  return finish(source, status, made.assume_value(), as, to, told);
}

result<identity> entry_copier::finish(const fs_handle& source, const stat_t& status,
                                      const fs_handle& made, publication& as, const destination& to,
                                      loss_listener& told) noexcept {
  const auto looked = made.stat();
  if (looked && !is_fresh(looked.assume_value(), status.type))
    return error(errc::raced, call::statx, to.name);
  auto done = [&]() -> result<identity> {
    AFIO_TRY(const stat_t now, looked);
    metadata().prepare(source, status, made, told);
    AFIO_TRY(metadata().copy(source, status, made, now, to.target, told));
    AFIO_TRY(to.old ? as.publish_over(made, to.name, *to.old) : as.publish(made, to.name));
    return now.id;
  }();
  if (!done) as.abandon(made);
  return done;
}

} // namespace afio::algorithms::copy_detail
