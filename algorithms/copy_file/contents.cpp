#include "algorithms/copy_file/contents.hpp"

#include "algorithms/equal_contents.hpp"
#include "algorithms/is_zero.hpp"
#include "algorithms/walk/in_parallel.hpp"
#include "algorithms/whole_io.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <new>
#include <optional>

namespace afio::algorithms::copy_detail {

namespace {

/// Fits into the second-level cache beside what else is in it.
constexpr std::size_t buffer_size = 256 << 10;
/// The most that is copied between two looks at the clock and at who wants it to stop.
constexpr std::uint64_t step = 16 << 20;
/// Below that, a read and a write through a hot buffer cost no more than one call of the kernel's.
constexpr std::uint64_t worth_kernel = 128 << 10;
/// Four steps, so that two threads have two each.
constexpr std::uint64_t worth_threads = 64 << 20;
/// The unit in which zeros become holes: no file system here has larger blocks by default.
constexpr std::size_t block = 4096;

bool means_impossible(const error& e) noexcept {
  return e.native() == EXDEV || e.native() == EOPNOTSUPP || e.native() == ENOSYS ||
         e.native() == ENOTTY;
}

/// EINVAL: of this file only, because of its flags or its alignment. EPERM, ETXTBSY: so the kernel
/// refuses files that are sealed or in use as swap.
bool means_not_this_way(const error& e) noexcept {
  return means_impossible(e) || e.native() == EINVAL || e.native() == EPERM ||
         e.native() == ETXTBSY;
}

std::unique_ptr<std::byte[]> make_buffer() noexcept {
  return std::unique_ptr<std::byte[]>(new (std::nothrow) std::byte[buffer_size]);
}

} // namespace

result<contents_copier> contents_copier::make(const copy_file_options& options, progress* counters,
                                              large_files& large) noexcept {
  contents_copier made(options, counters, large);
  made.buffer_ = make_buffer();
  if (!made.buffer_) return error(ENOMEM, call::none);
  return made;
}

bool contents_copier::stopping() const noexcept { return options_->stop.stop_requested(); }

void contents_copier::count(std::uint64_t bytes) noexcept {
  if (counters_ != nullptr) counters_->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

result<copied_by> contents_copier::fill(const file_handle& from, const stat_t& status,
                                        file_handle& to, std::uint64_t to_device) noexcept {
  here_ = {status.id.device, to_device};
  kernel_copied_ = false;
  kernel_refused_ = here_ == no_kernel_;
  end_ = status.size;
  may_end_before_ = status.allocated == 0;
  // Some file systems make contents up as they are read and say that there are none.
  if (status.size == 0) {
    AFIO_TRY(copy_made_up(from, to));
    return copied_by::buffer;
  }
  AFIO_TRY(const bool shared, share(from, to));
  if (shared) {
    count(status.size);
    return copied_by::sharing;
  }
  AFIO_TRY(copy_data(from, status, to));
  if (kernel_refused_) no_kernel_ = here_;
  return kernel_copied_ ? copied_by::kernel : copied_by::buffer;
}

result<bool> contents_copier::share(const file_handle& from, file_handle& to) noexcept {
  if (options_->reflink == reflink::never) return false;
  const bool must = options_->reflink == reflink::always;
  if (!must && here_ == no_sharing_) return false;
  const auto shared = from.clone_all(to);
  if (shared) return true;
  if (must || !means_not_this_way(shared.assume_error())) return shared.as_failure();
  if (means_impossible(shared.assume_error())) no_sharing_ = here_;
  return false;
}

/// Extent by extent where there are holes.
result<void> contents_copier::copy_data(const file_handle& from, const stat_t& status,
                                        file_handle& to) noexcept {
  const bool has_holes = status.allocated < status.size;
  if (!has_holes || options_->sparse == sparse::never) {
    AFIO_TRY(copy_extent(from, {0, status.size}, to));
    if (options_->sparse != sparse::always) return success();
    return to.truncate(end_); // It may end in a hole.
  }
  for (std::uint64_t at = 0; at < status.size;) {
    AFIO_TRY(const std::optional<extent> data, from.next_data(at));
    if (!data || data->offset >= status.size) break;
    const std::uint64_t end = std::min(data->end(), status.size);
    AFIO_TRY(copy_extent(from, {data->offset, end - data->offset}, to));
    at = end;
  }
  return to.truncate(end_);
}

result<void> contents_copier::copy_extent(const file_handle& from, extent part,
                                          file_handle& to) noexcept {
  if (part.length >= worth_threads && options_->threads > 1) return copy_large(from, part, to);
  return copy_steps(from, part, to, buffer(buffer_.get(), buffer_size));
}

/// The source became shorter, or is one that is made up as it is read and says that it is longer.
void contents_copier::ends_at(std::uint64_t offset) noexcept {
  const std::atomic_ref<std::uint64_t> end(end_);
  for (std::uint64_t now = end; offset < now && !end.compare_exchange_weak(now, offset);) {
  }
}

/// Step by step, up to the end of the source at the most.
result<void> contents_copier::copy_steps(const file_handle& from, extent part, file_handle& to,
                                         buffer through) noexcept {
  while (part.length != 0) {
    if (stopping()) return error(ECANCELED, call::none);
    const extent next{part.offset, std::min(part.length, step)};
    AFIO_TRY(const std::uint64_t done, copy_part(from, next, to, through));
    if (done == 0) {
      ends_at(part.offset);
      return success();
    }
    part = {part.offset + done, part.length - done};
  }
  return success();
}

namespace {

/// One more, while this lives.
class counted {
public:
  explicit counted(large_files& in) noexcept : in_(in) { in_.fetch_add(1); }

  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;

  ~counted() { in_.fetch_sub(1); }

private:
  large_files& in_;
};

} // namespace

/// Several threads, each with the next step that nobody has. Fewer as other large files come.
result<void> contents_copier::copy_large(const file_handle& from, extent part,
                                         file_handle& to) noexcept {
  const counted this_one(*large_);
  const auto threads = [this] { return std::max(options_->threads / large_->load(), 1U); };
  std::atomic<std::uint64_t> next{part.offset};
  std::mutex lock;
  std::optional<error> failure;
  const auto work = [&](unsigned index, buffer through) noexcept {
    while (index < threads()) {
      const std::uint64_t at = next.fetch_add(step);
      if (at >= part.end()) return;
      auto done = copy_steps(from, {at, std::min(step, part.end() - at)}, to, through);
      if (done) continue;
      next.store(part.end());
      const std::scoped_lock hold(lock);
      if (!failure) failure = std::move(done).assume_error();
    }
  };
  in_parallel(threads(), [&](unsigned index) {
    if (index == 0) return work(0, buffer(buffer_.get(), buffer_size));
    const auto own = make_buffer();
    if (own) work(index, buffer(own.get(), buffer_size));
  });
  if (failure) return std::move(*failure);
  return success();
}

/// Bytes done: 0 only at the end of the source.
result<std::uint64_t> contents_copier::copy_part(const file_handle& from, extent part,
                                                 file_handle& to, buffer through) noexcept {
  // A copy inside the kernel keeps holes or not as it likes.
  const std::atomic_ref<bool> copied(kernel_copied_), refused(kernel_refused_);
  const bool may = part.length >= worth_kernel && options_->sparse == sparse::automatic;
  if (may && options_->reflink != reflink::never && !refused.load(std::memory_order_relaxed)) {
    auto done = from.copy_extents(part, to, part.offset);
    if (done && done.assume_value() != 0) {
      copied.store(true, std::memory_order_relaxed);
      count(done.assume_value());
      return done;
    }
    if (!done && !means_not_this_way(done.assume_error())) return done;
    if (!done && means_impossible(done.assume_error()))
      refused.store(true, std::memory_order_relaxed);
  }
  return copy_through(from, part, to, through);
}

result<std::uint64_t> contents_copier::copy_through(const file_handle& from, extent part,
                                                    file_handle& to, buffer through) noexcept {
  std::uint64_t done = 0;
  while (done < part.length) {
    const auto size = std::min<std::uint64_t>(part.length - done, through.size());
    AFIO_TRY(const std::size_t read, from.read(through.first(size), part.offset + done));
    if (read == 0) break;
    AFIO_TRY(write_data(through.first(read), part.offset + done, to));
    done += read;
    count(read);
  }
  return done;
}

/// All of it, or where zeros become holes, what is not zero.
result<void> contents_copier::write_data(const_buffer data, std::uint64_t offset,
                                         file_handle& to) noexcept {
  if (options_->sparse != sparse::always) return write_all(to, data, offset);
  std::size_t begin = 0; // Of a run of blocks that are not all zero.
  for (std::size_t at = 0; at < data.size();) {
    const std::size_t end = std::min(at + block - (offset + at) % block, data.size());
    if (is_zero(data.subspan(at, end - at))) {
      AFIO_TRY(write_all(to, data.subspan(begin, at - begin), offset + begin));
      begin = end;
    }
    at = end;
  }
  return write_all(to, data.subspan(begin), offset + begin);
}

result<void> contents_copier::copy_made_up(const file_handle& from, file_handle& to) noexcept {
  const buffer through(buffer_.get(), buffer_size);
  for (std::uint64_t at = 0;;) {
    if (stopping()) return error(ECANCELED, call::none);
    AFIO_TRY(const std::uint64_t done, copy_through(from, {at, buffer_size}, to, through));
    if (done == 0) return success();
    at += done;
  }
}

result<bool> contents_copier::equal(const file_handle& a, const file_handle& b,
                                    std::uint64_t size) noexcept {
  // Any other file that ends before was read badly.
  return equal_contents(a, b, may_end_before_ ? std::min(size, end_) : size,
                        buffer(buffer_.get(), buffer_size), options_->stop);
}

} // namespace afio::algorithms::copy_detail
