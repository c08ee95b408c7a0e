#include "algorithms/holes/file_puncher.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

namespace afio::algorithms {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// Fits into the second-level cache beside what else is in it.
constexpr std::size_t buffer_size = 256 << 10;
/// From here on, finding and punching are worth a thread each, and mapping pays.
constexpr std::uint64_t large_file = 16 << 20;

/// Blocks cannot be shared on the whole file system.
bool means_never(const error& e) noexcept {
  return e.native() == EOPNOTSUPP || e.native() == ENOTTY || e.native() == ENOSYS;
}

/// Not those of this file: by its flags, because it is in use as swap, or there is no room or right
/// for the file that has the hole.
bool means_not_here(const error& e) noexcept {
  constexpr std::array reasons{EINVAL, EXDEV, EPERM, EACCES, ETXTBSY, ENOSPC, EDQUOT, EROFS};
  return means_never(e) || std::ranges::find(reasons, e.native()) != reasons.end();
}

/// EAGAIN: another one has a lease. ETXTBSY: it runs, or is in use as swap.
bool means_busy(const error& e) noexcept { return e.native() == EAGAIN || e.native() == ETXTBSY; }

/// The kernel takes capabilities from a file in which it makes a hole, and setuid and setgid unless
/// CAP_FSETID is held. To put them back takes privileges, and a kill in between would lose them.
result<void> check_unprivileged(const file_handle& file, const stat_t& now) noexcept {
  constexpr std::uint16_t set_id = 06000;
  constexpr char capability[] = "security.capability";
  if ((now.mode & set_id) != 0) return error(errc::refused, call::verify);
  std::array<std::byte, 64> value;
  const auto has = file.get_attribute(capability, value);
  if (has) return error(errc::refused, call::verify, capability);
  const int native = has.assume_error().native();
  if (native == ENODATA || native == ENOTSUP) return success();
  return has.as_failure();
}

} // namespace

/// One file, while it is worked on.
struct file_puncher::work {
  work(file_handle&& opened, const stat_t& s, buffer through, const zero_runs::how& how) noexcept
      : file(std::move(opened)), status(s), runs(file, s.size, through, how) {}

  file_handle file;
  const stat_t& status;
  zero_runs runs;
  punched done;
  enum class way : std::uint8_t { unknown, sharing, leased } by = way::unknown;
  bool writes = false;         ///< The handle does.
  stat_t before;               ///< Under the lease, before the first hole.
  clock::time_point held = {}; ///< When the lease was seen to be held the last time.
};

result<file_puncher> file_puncher::make(const punch_options& options, large_files& large) noexcept {
  file_puncher made(options, large);
  made.buffer_.reset(new (std::nothrow) std::byte[buffer_size]);
  if (!made.buffer_) return error(ENOMEM, call::none);
  return made;
}

result<punched> file_puncher::punch(const path_handle& dir, file_handle file,
                                    const stat_t& status) noexcept {
  if (block_device_ != status.id.device) {
    AFIO_TRY(const statfs_t fs, file.statfs());
    block_ = std::clamp<std::uint64_t>(fs.block_size, 512, buffer_size);
    block_device_ = status.id.device;
  }
  const zero_runs::how how{.least = std::max(options_->min_size, block_),
                           .block = block_,
                           .stop = options_->tree.stop,
                           .counters = options_->tree.counters};
  work on(std::move(file), status, buffer(buffer_.get(), buffer_size), how);
  std::optional<extent> first;
  do {
    AFIO_TRY(first, on.runs.next());
    if (!first) return on.done;
  } while (first->length == 0);
  if (options_->doing == punch_options::doing::rehearse) {
    on.done.bytes = first->length;
  } else {
    AFIO_TRY(begin(on, dir, *first));
    if (on.done.busy) return on.done;
  }
  const auto rest = punch_rest(on);
  if (on.by == work::way::leased) {
    AFIO_TRY(give_lease_back(on));
  }
  if (!rest) return rest.as_failure();
  return on.done;
}

/// Finds out how to punch, with the first run, after which `on.runs` goes on. Or the file is busy.
result<void> file_puncher::begin(work& on, const path_handle& dir, const extent& first) noexcept {
  AFIO_TRY(const bool shared, share_first(on, dir, first));
  if (shared) return success();
  const deadline::running limit = options_->retry.start();
  for (;;) {
    AFIO_TRY(const bool leased, take_lease(on));
    if (leased) break;
    if (options_->tree.stop.stop_requested()) return error(ECANCELED, call::none);
    if (limit.expired()) {
      on.done.busy = true;
      return success();
    }
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(limit.remaining(), 20ms));
  }
  AFIO_TRY(on.before, on.file.stat());
  AFIO_TRY(check_unprivileged(on.file, on.before));
  on.runs.again(on.file, first.offset); // What was seen without the lease is not known any more.
  return success();
}

result<bool> file_puncher::share_first(work& on, const path_handle& dir,
                                       const extent& first) noexcept {
  AFIO_TRY(const bool prepared, prepare_hole(dir, on.status.id.device));
  if (!prepared) return false;
  on.by = work::way::sharing;
  const auto shared = share(on, first);
  if (shared) return true;
  on.by = work::way::unknown;
  if (means_never(shared.assume_error())) no_sharing_ = on.status.id.device;
  if (!means_not_here(shared.assume_error())) return shared.as_failure();
  return false;
}

/// Whether there is one to share with.
result<bool> file_puncher::prepare_hole(const path_handle& dir, std::uint64_t device) noexcept {
  if (no_sharing_ == device) return false;
  if (hole_device_ == device) return true;
  hole_device_.reset();
  auto made = file_handle::unnamed(dir);
  if (!made) {
    if (means_not_here(made.assume_error())) return false;
    return std::move(made).as_failure();
  }
  hole_ = std::move(made).assume_value();
  AFIO_TRY(hole_.truncate(zero_runs::part));
  hole_device_ = device;
  return true;
}

/// Whether the file is ours alone now. The handle writes then; nobody may have another, not we.
result<bool> file_puncher::take_lease(work& on) noexcept {
  if (!on.writes) {
    auto writer = file_handle::file(on.file, on.status,
                                    {.mode = mode::write, .access_time = access_time::keep});
    if (!writer) {
      if (means_busy(writer.assume_error())) return false;
      return std::move(writer).as_failure();
    }
    on.file = std::move(writer).assume_value();
    on.writes = true;
  }
  AFIO_TRY(const bool leased, on.file.try_lease(lease::write));
  if (leased) on.by = work::way::leased;
  return leased;
}

/// After the time of modification was put back. Who waits for the lease has not written yet, unless
/// the kernel has lost patience, which takes it more than a second.
result<void> file_puncher::give_lease_back(work& on) noexcept {
  AFIO_TRY(const bool held, on.file.holds_lease(lease::write));
  if (on.done.bytes != 0 && (held || clock::now() - on.held < 1s)) {
    AFIO_TRY(on.file.set_times(on.before.accessed, on.before.modified));
  }
  return on.file.drop_lease();
}

/// A large file is mapped, and punched by another thread than the one that looks for more.
result<void> file_puncher::punch_rest(work& on) noexcept {
  const bool is_large = on.status.allocated >= large_file;
  if (!is_large || options_->doing != punch_options::doing::work) return punch_in_turn(on);
  // Nobody cuts a file that is leased. Where it cannot be, it is read.
  if (on.by == work::way::leased) {
    on.runs.map_under(on.file, lease::write);
  } else if (const auto leased = on.file.try_lease(lease::read); leased && leased.assume_value()) {
    on.runs.map_under(on.file, lease::read);
  }
  const bool is_alone = large_->fetch_add(1) == 0;
  auto done = is_alone && options_->tree.threads != 1 ? punch_beside(on) : punch_in_turn(on);
  large_->fetch_sub(1);
  return done;
}

result<void> file_puncher::punch_in_turn(work& on) noexcept {
  while (!on.done.busy) {
    AFIO_TRY(const std::optional<extent> run, on.runs.next());
    if (!run) break;
    AFIO_TRY(give(on, *run));
  }
  return success();
}

namespace {

/// Runs on their way from the thread that finds them to the one that punches them.
class run_queue {
public:
  /// False: nobody takes any more.
  bool put(const extent& run) {
    std::unique_lock hold(lock_);
    // Not to be woken for each single one that is taken.
    if (count_ == runs_.size())
      changed_.wait(hold, [this] { return count_ <= runs_.size() / 2 || closed_; });
    if (closed_) return false;
    runs_[(first_ + count_++) % runs_.size()] = run;
    if (count_ == 1) changed_.notify_all();
    return true;
  }

  /// Nothing when there will be no more.
  std::optional<extent> take() {
    std::unique_lock hold(lock_);
    changed_.wait(hold, [this] { return count_ != 0 || closed_; });
    if (count_ == 0) return {};
    const extent run = runs_[first_];
    first_ = (first_ + 1) % runs_.size();
    if (--count_ == runs_.size() / 2) changed_.notify_all();
    return run;
  }

  void close() {
    const std::scoped_lock hold(lock_);
    closed_ = true;
    changed_.notify_all();
  }

private:
  std::mutex lock_;
  std::condition_variable changed_;
  std::array<extent, 1024> runs_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  bool closed_ = false;
};

} // namespace

result<void> file_puncher::punch_beside(work& on) noexcept try {
  run_queue found;
  result<void> looked = success();
  const auto look = [&] {
    for (;;) {
      const auto run = on.runs.next();
      if (!run) looked = run.as_failure();
      if (!run || !run.assume_value() || !found.put(*run.assume_value())) break;
    }
    found.close();
  };
  result<void> gave = success();
  {
    const std::jthread finder(look);
    while (const auto run = found.take()) {
      gave = give(on, *run);
      if (!gave || on.done.busy) break;
    }
    found.close();
  }
  return gave ? std::move(looked) : std::move(gave);

} catch (const std::exception&) {

  return punch_in_turn(on); // No thread or memory to be had, and nothing done yet.
}

result<void> file_puncher::give(work& on, const extent& run) noexcept {
  switch (on.by) {
  case work::way::unknown: // A rehearsal.
    on.done.bytes += run.length;
    return success();
  case work::way::sharing:
    return share(on, run);
  case work::way::leased:
    break;
  }
  const auto now = clock::now();
  AFIO_TRY(const bool held, on.file.holds_lease(lease::write));
  if (!held) {
    on.done.busy = true;
    return success();
  }
  on.held = now;
  if (run.length == 0) return success(); // Only a look at the lease.
  AFIO_TRY(on.file.punch_hole(run));
  on.done.bytes += run.length;
  return success();
}

/// Where somebody has written meanwhile, nothing is done.
result<void> file_puncher::share(work& on, const extent& run) noexcept {
  AFIO_TRY(const std::uint64_t shared, hole_.share_equal({0, run.length}, on.file, run.offset));
  on.done.bytes += shared;
  return success();
}

} // namespace afio::algorithms
