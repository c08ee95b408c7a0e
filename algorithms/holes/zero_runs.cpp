#include "algorithms/holes/zero_runs.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace afio::algorithms {

// The C library's own, which picks the processor's widest vectors: 45 GB/s where read() gives 8.
bool is_zero(const_buffer data) noexcept {
  return data.empty() || (data[0] == std::byte{0} &&
                          std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0);
}

result<std::optional<extent>> zero_runs::next() noexcept {
  for (;;) {
    if (at_ + how_.block > data_.end()) {
      if (const auto run = take_run()) return run;
      AFIO_TRY(const bool found, find_data());
      if (!found) return std::optional<extent>();
      continue;
    }
    if (at_ + how_.block > filled_.end()) {
      if (in_vain_ >= part) {
        in_vain_ = 0;
        return std::optional<extent>(extent{at_, 0});
      }
      AFIO_TRY(fill());
      if (filled_.length < how_.block) { // The file was cut meanwhile.
        data_ = {at_, 0};
        end_ = at_;
        continue;
      }
    }
    const auto block = through_.subspan(at_ - filled_.offset, how_.block);
    if (!is_zero(block)) {
      const auto run = take_run();
      at_ += how_.block;
      begin_ = at_;
      if (run) return run;
      continue;
    }
    at_ += how_.block;
    if (at_ - begin_ < part) continue;
    const auto run = take_run();
    has_begun_before_ = true;
    if (run) return run;
  }
}

void zero_runs::again(const file_handle& file, std::uint64_t from) noexcept {
  file_ = &file;
  data_ = filled_ = {from, 0};
  at_ = begin_ = from;
  has_begun_before_ = false;
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

result<void> zero_runs::fill() noexcept {
  if (how_.stop.stop_requested()) return error(ECANCELED, call::none);
  const auto size = std::min<std::uint64_t>(through_.size(), data_.end() - at_);
  AFIO_TRY(const std::size_t read, file_->read(through_.first(size), at_));
  filled_ = {at_, read};
  in_vain_ += read;
  if (how_.counters != nullptr) how_.counters->bytes.fetch_add(read, std::memory_order_relaxed);
  return success();
}

/// The run up to here if it is long enough, or a part of one that is.
std::optional<extent> zero_runs::take_run() noexcept {
  const extent run{begin_, at_ - begin_};
  const bool tells = run.length != 0 && (has_begun_before_ || run.length >= how_.least);
  begin_ = at_;
  has_begun_before_ = false;
  if (!tells) return {};
  in_vain_ = 0;
  return run;
}

} // namespace afio::algorithms
