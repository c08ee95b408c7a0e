#include "algorithms/holes/zero_runs.hpp"

#include "algorithms/is_zero.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace afio::algorithms {

namespace {

constexpr std::uint64_t mapped_at_once = 8 << 20;

} // namespace

result<std::optional<extent>> zero_runs::next() noexcept {
  for (;;) {
    if (told_ < count_) return std::optional(found_[told_++]);
    told_ = count_ = 0;
    if (in_vain_ >= part) {
      in_vain_ = 0;
      return std::optional<extent>(extent{at_, 0});
    }
    if (at_ + how_.block <= data_.end()) {
      AFIO_TRY(scan());
      continue;
    }
    take_run();
    if (count_ != 0) continue;
    AFIO_TRY(const bool found, find_data());
    if (!found) return std::optional<extent>();
  }
}

void zero_runs::again(const file_handle& file, std::uint64_t from) noexcept {
  file_ = &file;
  data_ = {from, 0};
  at_ = begin_ = from;
  has_begun_before_ = false;
  told_ = count_ = 0;
}

void zero_runs::map_under(file_handle& leased, lease kind) noexcept {
  leased_ = &leased;
  lease_kind_ = kind;
}

/// Whether any data follows.
result<bool> zero_runs::find_data() noexcept {
  if (at_ >= end_) return false;
  AFIO_TRY(const std::optional<extent> found, file_->next_data(std::max(at_, data_.end())));
  if (!found || found->offset >= end_) return false;
  data_ = {found->offset, std::min(found->end(), end_) - found->offset};
  at_ = begin_ = (data_.offset + how_.block - 1) / how_.block * how_.block;
  return true;
}

/// Looks at what comes next, as much as can be had at once and told afterwards.
result<void> zero_runs::scan() noexcept {
  AFIO_TRY(const window here, look());
  const_buffer bytes = here.bytes;
  if (bytes.size() < how_.block) { // The file was cut meanwhile.
    data_ = {at_, 0};
    end_ = at_;
    return success();
  }
  const std::uint64_t before = at_;
  for (; bytes.size() >= how_.block && count_ < found_.size(); bytes = bytes.subspan(how_.block)) {
    const bool zero = is_zero(bytes.first(how_.block));
    if (!zero) take_run();
    at_ += how_.block;
    if (!zero) {
      begin_ = at_;
    } else if (at_ - begin_ >= part) {
      take_run();
      has_begun_before_ = true;
    }
  }
  in_vain_ = count_ != 0 ? 0 : in_vain_ + (at_ - before);
  if (how_.counters != nullptr)
    how_.counters->bytes.fetch_add(at_ - before, std::memory_order_relaxed);
  return success();
}

/// The next bytes of the data: mapped, or read. Fewer than a block at the end of the file.
result<zero_runs::window> zero_runs::look() noexcept {
  if (how_.stop.stop_requested()) return error(ECANCELED, call::none);
  const std::uint64_t left = data_.end() - at_;
  if (may_map()) {
    auto view = file_view::map(*file_, {at_, std::min(left, mapped_at_once)});
    if (view) {
      const const_buffer bytes = view.assume_value().bytes();
      return window{bytes, std::move(view).assume_value()};
    }
    leased_ = nullptr; // read() tells what is wrong, or does it in another way.
  }
  const auto size = std::min<std::uint64_t>(through_.size(), left);
  AFIO_TRY(const std::size_t read, file_->read(through_.first(size), at_));
  return window{through_.first(read), {}};
}

bool zero_runs::may_map() noexcept {
  if (leased_ == nullptr) return false;
  const auto held = leased_->holds_lease(lease::read);
  if (held && held.assume_value()) return true;
  if (lease_kind_ == lease::read) (void)leased_->drop_lease(); // Who waits need not.
  leased_ = nullptr;
  return false;
}

/// The run up to here if it is long enough, or a part of one that is.
void zero_runs::take_run() noexcept {
  const extent run{begin_, at_ - begin_};
  const bool tells = run.length != 0 && (has_begun_before_ || run.length >= how_.least);
  begin_ = at_;
  has_begun_before_ = false;
  if (tells) found_[count_++] = run;
}

} // namespace afio::algorithms
