#include "afio/file_handle.hpp"

#include "afio/detail/syscalls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <limits>

#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

namespace afio {

namespace sys = detail::sys;

namespace {

int flags_of(mode m) noexcept {
  switch (m) {
  case mode::none:
    return O_PATH;
  case mode::read:
    return O_RDONLY;
  case mode::write:
    return O_RDWR;
  case mode::append:
    return O_WRONLY | O_APPEND;
  }
  return O_PATH;
}

int flags_of(caching c) noexcept {
  switch (c) {
  case caching::none:
    return O_DIRECT | O_SYNC;
  case caching::only_metadata:
    return O_DIRECT;
  case caching::reads:
    return O_SYNC;
  case caching::reads_and_metadata:
    return O_DSYNC;
  case caching::all:
  case caching::safety_barriers:
  case caching::temporary:
    return 0;
  }
  return 0;
}

// O_NONBLOCK: should a fifo or device come in by a race, its open does not wait. It means nothing
// for a regular file.
int open_flags(const file_options& o) noexcept {
  if (o.mode == mode::none) return O_PATH | O_NOFOLLOW;
  return flags_of(o.mode) | flags_of(o.caching) | O_NONBLOCK | O_NOCTTY;
}

bool makes_files(creation c) noexcept {
  return c == creation::only_if_not_exist || c == creation::if_needed;
}

/// An anchor to what has the name; not open where nothing has it and it may be made.
result<detail::descriptor> look_up(const detail::descriptor& dir, const char* name, int flags,
                                   sys::resolve how, creation c) noexcept {
  return makes_files(c) ? sys::open_if_exists(dir, name, flags, how)
                        : sys::open(dir, name, flags, 0, how);
}

int require_regular(file_type type) noexcept {
  if (type == file_type::regular) return 0;
  return type == file_type::directory ? EISDIR : type == file_type::symlink ? ELOOP : EINVAL;
}

bool is_durable(caching c) noexcept {
  return c == caching::none || c == caching::reads || c == caching::safety_barriers;
}

bool fits(extent part) noexcept {
  constexpr std::uint64_t most = std::numeric_limits<off_t>::max();
  return part.offset <= most && part.length <= most - part.offset;
}

} // namespace

/// `anchor` is O_PATH: looking at it cannot block nor act. Only what is regular is opened for real.
result<file_handle> file_handle::checked(detail::descriptor anchor, const file_options& options,
                                         std::string_view name) noexcept {
  file_handle pinned(std::move(anchor), options.caching);
  AFIO_TRY(const stat_t s, pinned.stat(want::type));
  if (const int bad = require_regular(s.type)) return error(bad, call::verify, name);
  const bool truncates = options.creation == creation::truncate_existing;
  if (options.mode == afio::mode::none) {
    if (truncates) return error(EINVAL, call::ftruncate, name);
    return pinned;
  }
  file_options existing = options;
  existing.creation = creation::open_existing;
  auto opened = file_handle::file(pinned, s, existing);
  if (!opened) return opened.assume_error().about(name);
  file_handle file = std::move(opened).assume_value();
  if (truncates) {
    if (auto cut = file.truncate(0); !cut) return cut.assume_error().about(name);
  }
  return file;
}

result<file_handle> file_handle::file(const path_handle& base, leaf_name name,
                                      file_options options) noexcept {
  const int exclusive = options.creation == creation::only_if_not_exist ? O_EXCL : 0;
  for (;;) {
    if (exclusive == 0) {
      AFIO_TRY(auto anchor, look_up(base.native(), name.c_str(), O_PATH | O_NOFOLLOW,
                                    sys::resolve::single, options.creation));
      if (anchor.is_open()) return checked(std::move(anchor), options, name);
    }
    // openat2 says the same, but openat makes nothing and reports no error.
    if (options.mode == afio::mode::none) return error(EINVAL, call::verify, name);
    // O_EXCL: what is opened here was made here, so it is regular.
    auto made = sys::open(base.native(), name.c_str(), open_flags(options) | O_CREAT | O_EXCL,
                          options.permissions, sys::resolve::single);
    if (made) return file_handle(std::move(made).assume_value(), options.caching);
    // Made by someone else since the first look: then it is an existing one after all.
    if (exclusive != 0 || made.assume_error().native() != EEXIST)
      return std::move(made).as_failure();
  }
}

result<file_handle> file_handle::file(const path_handle& base, path_view path,
                                      file_options options) noexcept {
  if (options.creation != creation::only_if_not_exist) {
    AFIO_TRY(auto anchor, path.with_c_str([&](const char* name) {
      return look_up(base.native(), name, O_PATH, sys::resolve::anywhere, options.creation);
    }));
    if (anchor.is_open()) return checked(std::move(anchor), options, path.view());
  }
  // To the kernel too, a name with a slash behind it is that of a directory.
  if (path.view().ends_with('/')) return error(EISDIR, call::verify, path.view());
  AFIO_TRY(const auto dir, path_handle::path(base, path.parent()));
  AFIO_TRY(const leaf_buffer name, leaf_buffer::from(path.filename()));
  return file(dir, name, options);
}

namespace {

/// What `open`, which is told the flags, opens; without O_NOATIME where that is refused.
template <class F>
result<detail::descriptor> open_quietly(const file_options& options, F&& open) noexcept {
  const int flags = open_flags(options);
  if (options.access_time == access_time::update) return open(flags);
  auto quiet = open(flags | O_NOATIME);
  // EPERM: it is another user's.
  return !quiet && quiet.assume_error().native() == EPERM ? open(flags) : std::move(quiet);
}

/// What `reopen`, which is told the flags, makes of a pinned file.
template <class F>
result<detail::descriptor> open_pinned(const stat_t& status, const file_options& options,
                                       F&& reopen) noexcept {
  if (options.creation != creation::open_existing) return error(EINVAL, call::verify);
  if (const int bad = require_regular(status.type)) return error(bad, call::verify);
  return open_quietly(options, std::forward<F>(reopen));
}

} // namespace

result<file_handle> file_handle::file(const fs_handle& pinned, const stat_t& status,
                                      file_options options) noexcept {
  AFIO_TRY(auto opened, open_pinned(status, options, [&](int flags) {
             return sys::reopen(pinned.native(), flags);
           }));
  return file_handle(std::move(opened), options.caching);
}

result<file_handle> file_handle::file(const descriptor_table& own, const fs_handle& pinned,
                                      const stat_t& status, file_options options) noexcept {
  AFIO_TRY(auto opened, open_pinned(status, options, [&](int flags) {
             return sys::reopen(own.native(), pinned.native(), flags);
           }));
  return file_handle(std::move(opened), options.caching);
}

result<opened_file> file_handle::seen(const path_handle& base, leaf_name name, crossing how,
                                      afio::access_time access_time) noexcept {
  const auto resolve =
      how == crossing::same_mount ? sys::resolve::single_same_mount : sys::resolve::single;
  AFIO_TRY(auto opened, open_quietly({.access_time = access_time}, [&](int flags) {
             return sys::open(base.native(), name.c_str(), flags, 0, resolve);
           }));
  file_handle file(std::move(opened), afio::caching::all);
  AFIO_TRY(const stat_t status, file.stat());
  if (const int bad = require_regular(status.type)) return error(bad, call::verify, name);
  return opened_file{std::move(file), status};
}

result<file_handle> file_handle::unnamed(const path_handle& dir, afio::caching caching) noexcept {
  AFIO_TRY(auto opened, sys::open(dir.native(), ".", O_TMPFILE | O_RDWR | flags_of(caching), 0600,
                                  sys::resolve::anywhere));
  return file_handle(std::move(opened), caching);
}

result<file_handle> file_handle::in_memory() noexcept {
  AFIO_TRY(auto opened, sys::open_memory());
  return file_handle(std::move(opened), afio::caching::temporary);
}

result<file_handle> file_handle::clone(afio::mode mode, afio::caching caching) const noexcept {
  AFIO_TRY(auto opened, sys::reopen(file_, open_flags({.mode = mode, .caching = caching})));
  return file_handle(std::move(opened), caching);
}

result<void> file_handle::close() noexcept {
  if (is_open() && caching_ == afio::caching::safety_barriers) {
    auto durable = barrier(barrier_kind::all);
    auto closed = handle::close();
    // The first failure is the one that lost something. EBADF: by O_PATH nothing was written.
    if (!durable && durable.assume_error().native() != EBADF) return durable;
    return closed;
  }
  return handle::close();
}

// Each close of a descriptor asks, be it the last one of the open file or not.
result<void> file_handle::flush() const noexcept {
  AFIO_TRY(auto other, sys::duplicate(file_));
  return sys::close(std::move(other));
}

result<file_lock> file_handle::lock_file_range(extent part, lock_kind kind,
                                               deadline limit) noexcept {
  // To the kernel, no bytes are all that follow.
  if (part.length == 0 || !fits(part)) return error(EINVAL, call::fcntl);
  return file_lock::take(file_, static_cast<off_t>(part.offset), static_cast<off_t>(part.length),
                         kind, limit);
}

result<file_lock> file_handle::lock_file(lock_kind kind, deadline limit) noexcept {
  return file_lock::take(file_, 0, 0, kind, limit);
}

namespace {

/// By default it is ignored. The kernel's own choice, SIGIO, would end the process.
constexpr int lease_signal = SIGURG;

} // namespace

result<bool> file_handle::try_lease(lease kind) noexcept {
  AFIO_TRY(sys::set_signal(file_, lease_signal));
  return sys::try_lease(file_, kind == lease::read ? F_RDLCK : F_WRLCK);
}

result<bool> file_handle::holds_lease(lease kind) const noexcept {
  AFIO_TRY(const int held, sys::lease(file_));
  return held == F_WRLCK || (kind == lease::read && held == F_RDLCK);
}

result<void> file_handle::drop_lease() noexcept { return sys::drop_lease(file_); }

result<std::uint64_t> file_handle::size() const noexcept {
  AFIO_TRY(const stat_t s, stat(want::size));
  return s.size;
}

result<void> file_handle::truncate(std::uint64_t bytes) noexcept {
  if (!fits({0, bytes})) return error(EINVAL, call::ftruncate);
  AFIO_TRY(sys::truncate(file_, static_cast<off_t>(bytes)));
  return is_durable(caching_) ? barrier(barrier_kind::all) : success();
}

result<std::optional<extent>> file_handle::next_data(std::uint64_t from) const noexcept {
  if (!fits({from, 0})) return error(EINVAL, call::lseek);
  const auto data = sys::seek(file_, static_cast<off_t>(from), SEEK_DATA);
  if (!data) {
    // ENXIO: nothing but a hole up to the end, or the end itself.
    if (data.assume_error().native() == ENXIO) return std::optional<extent>();
    return data.as_failure();
  }
  const auto hole = sys::seek(file_, data.assume_value(), SEEK_HOLE);
  if (!hole) {
    // ENXIO: the file has been cut before that data meanwhile, so nothing follows.
    if (hole.assume_error().native() == ENXIO) return std::optional<extent>();
    return hole.as_failure();
  }
  const auto begin = static_cast<std::uint64_t>(data.assume_value());
  return std::optional<extent>({begin, static_cast<std::uint64_t>(hole.assume_value()) - begin});
}

result<void> file_handle::punch_hole(extent part) noexcept {
  if (!fits(part)) return error(EINVAL, call::fallocate);
  if (part.length == 0) return success(); // The kernel calls an empty range EINVAL.
  return sys::allocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       static_cast<off_t>(part.offset), static_cast<off_t>(part.length));
}

namespace {

bool means_unsupported(const error& e) noexcept {
  return e.native() == EOPNOTSUPP || e.native() == ENOSYS;
}

/// Where no call makes zeros. 64 KiB at a time from constant memory.
result<void> write_zeros(file_handle& file, extent part) noexcept {
  alignas(4096) static constexpr std::array<std::byte, 65'536> zeros{};
  while (part.length != 0) {
    const auto size = std::min<std::uint64_t>(part.length, zeros.size());
    AFIO_TRY(const std::size_t written, file.write(const_buffer(zeros).first(size), part.offset));
    part = {part.offset + written, part.length - written};
  }
  return success();
}

} // namespace

result<void> file_handle::zero(extent part) noexcept {
  if (!fits(part)) return error(EINVAL, call::fallocate);
  if (part.length == 0) return success();
  auto zeroed = sys::allocate(file_, FALLOC_FL_ZERO_RANGE, static_cast<off_t>(part.offset),
                              static_cast<off_t>(part.length));
  if (zeroed || !means_unsupported(zeroed.assume_error())) return zeroed;
  // What only appends cannot write there.
  AFIO_TRY(const bool only_appends, is_append_only());
  return only_appends ? zeroed : write_zeros(*this, part);
}

namespace {

/// One call may copy up to this much: a signal or a cancellation then waits for 1 GiB at most.
constexpr std::uint64_t copy_step = 1 << 30;

bool means_not_shareable(const error& e) noexcept {
  // EINVAL: not aligned to the file system's blocks. ENOTTY: no such ioctl.
  return means_unsupported(e) || e.native() == EXDEV || e.native() == EINVAL ||
         e.native() == ENOTTY;
}

} // namespace

result<std::uint64_t> file_handle::clone_extents(extent part, file_handle& to, std::uint64_t offset,
                                                 sharing how) const noexcept {
  AFIO_TRY(const std::uint64_t size, this->size());
  if (part.offset >= size) return std::uint64_t{0};
  part.length = std::min(part.length, size - part.offset);
  if (!fits(part) || !fits({offset, part.length})) return error(EINVAL, call::ioctl);
  if (part.length == 0) return std::uint64_t{0}; // To the kernel, a length of 0 means everything.
  auto shared =
      sys::clone_range(file_, static_cast<off_t>(part.offset), static_cast<off_t>(part.length),
                       to.file_, static_cast<off_t>(offset));
  if (shared) return part.length;
  if (how == sharing::require || !means_not_shareable(shared.assume_error()))
    return std::move(shared).as_failure();
  return copy_extents(part, to, offset);
}

result<std::uint64_t> file_handle::share_equal(extent part, const file_handle& to,
                                               std::uint64_t offset) const noexcept {
  constexpr std::uint64_t step = 16 << 20; // What btrfs and others take in one call.
  if (!fits(part) || !fits({offset, part.length})) return error(EINVAL, call::ioctl);
  std::uint64_t done = 0;
  while (done < part.length) {
    AFIO_TRY(const std::size_t shared,
             sys::share_equal(file_, static_cast<off_t>(part.offset + done),
                              std::min(part.length - done, step), to.file_,
                              static_cast<off_t>(offset + done)));
    if (shared == 0) break; // Different.
    done += shared;
  }
  return done;
}

result<void> file_handle::clone_all(file_handle& to) const noexcept {
  constexpr off_t everything = 0; // So the kernel takes a length of 0.
  return sys::clone_range(file_, 0, everything, to.file_, 0);
}

result<std::uint64_t> file_handle::copy_extents(extent part, file_handle& to,
                                                std::uint64_t offset) const noexcept {
  if (!fits(part) || !fits({offset, part.length})) return error(EINVAL, call::copy_file_range);
  std::uint64_t done = 0;
  while (done < part.length) {
    AFIO_TRY(const std::size_t copied,
             sys::copy_range(file_, static_cast<off_t>(part.offset + done), to.file_,
                             static_cast<off_t>(offset + done),
                             std::min(part.length - done, copy_step)));
    if (copied == 0) break; // The source became shorter.
    done += copied;
  }
  return done;
}

} // namespace afio
