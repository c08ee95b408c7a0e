#include "algorithms/clone_tree/source_index.hpp"

#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "algorithms/replace_file.hpp"
#include "algorithms/whole_io.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <limits>
#include <tuple>
#include <utility>

namespace afio::algorithms {

using clone_detail::index_header_size;
using clone_detail::index_parser;
using clone_detail::index_record_size;
using clone_detail::source_record;

namespace {

constexpr std::size_t records_at_once = 8192; // 256 KiB.

std::uint32_t folded(std::uint64_t device) noexcept {
  return static_cast<std::uint32_t>(device ^ device >> 32);
}

source_record record_of(const identity& copy, const stat_t& source) noexcept {
  return {.copy = copy.inode,
          .source = source.id.inode,
          .changed_seconds = source.changed.seconds,
          .nanoseconds_and_age = source.changed.nanoseconds,
          .device = folded(source.id.device)};
}

/// But for their ages. `known` may be read by others meanwhile, and be given another age.
bool tells_the_same(const source_record& known, const source_record& now) noexcept {
  const std::atomic_ref shared(known.nanoseconds_and_age);
  const std::uint32_t both = shared.load(std::memory_order_relaxed) ^ now.nanoseconds_and_age;
  return known.source == now.source && known.changed_seconds == now.changed_seconds &&
         both << (32 - source_record::age_shift) == 0;
}

/// It was of use: it is as good as new.
void renew(const source_record& known, const source_record& now) noexcept {
  const std::atomic_ref shared(known.nanoseconds_and_age);
  // Mostly only the first of its names has to write.
  if (shared.load(std::memory_order_relaxed) != now.nanoseconds_and_age)
    shared.store(now.nanoseconds_and_age, std::memory_order_relaxed);
}

/// Records on their way to a file, behind the room for its header.
class writer {
public:
  explicit writer(file_handle& file) : file_(file) {
    buffer_.reserve(records_at_once * index_record_size);
  }

  result<void> add(const source_record& r) {
    std::array<std::byte, index_record_size> bytes;
    encode(r, bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    ++count_;
    return buffer_.size() == buffer_.capacity() ? flush() : success();
  }

  result<void> flush() noexcept {
    AFIO_TRY(write_all(file_, buffer_, at_));
    at_ += buffer_.size();
    buffer_.clear();
    return success();
  }

  std::uint64_t count() const noexcept { return count_; }

private:
  file_handle& file_;
  std::vector<std::byte> buffer_;
  std::uint64_t at_ = index_header_size;
  std::uint64_t count_ = 0;
};

/// Hands out, in the order of their copies, what was noted and what else was loaded.
template <class F>
result<void> for_each_kept(const std::vector<source_record>& loaded,
                           const std::vector<source_record>& noted, F&& f) {
  auto old = loaded.begin();
  const auto keep_until = [&](auto end) -> result<void> {
    for (; old != end; ++old) {
      if (old->age() >= source_record::oldest) continue;
      AFIO_TRY(f(*old));
    }
    return success();
  };
  for (const source_record& r : noted) {
    AFIO_TRY(keep_until(std::find_if(
        old, loaded.end(), [&](const source_record& other) { return other.copy >= r.copy; })));
    if (old != loaded.end() && old->copy == r.copy) ++old;
    AFIO_TRY(f(r));
  }
  return keep_until(loaded.end());
}

} // namespace

source_index::source_index() noexcept = default;
source_index::~source_index() = default;

source_index::source_index(source_index&& other) noexcept { *this = std::move(other); }

source_index& source_index::operator=(source_index&& other) noexcept {
  records_ = std::exchange(other.records_, {});
  for (std::size_t i = 0; i < noted_.size(); ++i) {
    noted_[i].pieces = std::exchange(other.noted_[i].pieces, {});
    noted_[i].count = std::exchange(other.noted_[i].count, 0);
  }
  return *this;
}

result<source_index> source_index::load(const path_handle& dir, leaf_name name,
                                        aspect wanted) noexcept try {
  const error damaged(EILSEQ, call::verify, name);
  AFIO_TRY(const file_handle file, file_handle::file(dir, name));
  AFIO_TRY(const std::uint64_t size, file.size());
  std::vector<std::byte> part(records_at_once * index_record_size);
  AFIO_TRY(const std::size_t begin, read_all(file, buffer(part).first(index_header_size), 0));
  if (begin != index_header_size) return damaged;
  auto parser = index_parser::of(std::span<const std::byte>(part).first<index_header_size>(), size);
  if (!parser) return damaged;
  source_index index;
  index.records_.reserve(parser->count());
  for (std::uint64_t at = index_header_size; at < size;) {
    const auto next = std::min<std::uint64_t>(part.size(), size - at);
    AFIO_TRY(const std::size_t bytes, read_all(file, buffer(part).first(next), at));
    if (bytes != next || !parser->take(const_buffer(part).first(bytes), index.records_))
      return damaged;
    at += bytes;
  }
  if (!parser->is_complete()) return damaged;
  const auto kept = static_cast<aspect>(parser->kept());
  if (without(wanted, kept) != aspect::none) return error(ENODATA, call::verify, name);
  for (record& r : index.records_) r.set_age(std::min(r.age() + 1, record::oldest));
  return index;

} catch (const std::exception&) {

  return error(ENOMEM, call::none, name);
}

result<void> source_index::save(const path_handle& dir, leaf_name name, aspect kept) const noexcept
    try {
  AFIO_TRY(replace_file(dir, name, [&](file_handle& file) { return write(file, kept); }));
  AFIO_TRY(const directory_handle names, directory_handle::directory(dir));
  return names.barrier();

} catch (const std::exception&) {

  return error(ENOMEM, call::none, name);
}

/// In two passes, because the header knows what comes behind it.
result<void> source_index::write(file_handle& file, aspect kept) const {
  const std::vector<record> noted = sorted_notes();
  writer out(file);
  AFIO_TRY(for_each_kept(records_, noted, [&](const record& r) { return out.add(r); }));
  AFIO_TRY(out.flush());
  const auto parts = static_cast<std::uint16_t>(kept);
  clone_detail::index_checksum sum(parts, out.count());
  AFIO_TRY(for_each_kept(records_, noted, [&](const record& r) -> result<void> {
    sum.add(r);
    return success();
  }));
  const clone_detail::index_header says{
      .kept = parts, .count = out.count(), .checksum = sum.value()};
  AFIO_TRY(write_all(file, clone_detail::encode_header(says), 0));
  return file.barrier(barrier_kind::all);
}

const source_record* source_index::find(std::uint64_t copy) const noexcept {
  const auto at =
      std::lower_bound(records_.begin(), records_.end(), copy,
                       [](const record& r, std::uint64_t inode) { return r.copy < inode; });
  return at != records_.end() && at->copy == copy ? &*at : nullptr;
}

source_index::verdict source_index::of(const identity& copy, const stat_t& source) const noexcept {
  const record* const known = find(copy.inode);
  const record now = record_of(copy, source);
  if (known == nullptr || known->device != now.device) return verdict::unknown;
  if (!tells_the_same(*known, now)) return verdict::changed;
  renew(*known, now);
  return verdict::same;
}

void source_index::notes::add(const record& r) {
  const std::scoped_lock hold(lock);
  if (count == pieces.size() * piece_size)
    pieces.push_back(std::make_unique_for_overwrite<std::array<record, piece_size>>());
  (*pieces[count / piece_size])[count % piece_size] = r;
  ++count;
}

void source_index::note(const identity& copy, const stat_t& source) {
  static std::atomic<unsigned> threads{0};
  thread_local const unsigned mine = threads.fetch_add(1, std::memory_order_relaxed);
  const record now = record_of(copy, source);
  const record* const known = find(now.copy);
  if (known != nullptr && known->device == now.device && tells_the_same(*known, now))
    return renew(*known, now);
  noted_[mine % noted_.size()].add(now);
}

void source_index::forget(const identity& copy, const stat_t& source) {
  if (find(copy.inode) == nullptr) return;
  stat_t of_nothing = source;
  of_nothing.id.inode = 0;
  of_nothing.changed = {std::numeric_limits<std::int64_t>::max(), 0};
  note(copy, of_nothing);
}

/// Of each copy the one that knows of the latest change.
std::vector<source_record> source_index::sorted_notes() const {
  std::vector<record> all;
  all.reserve(size() - records_.size());
  for (const notes& some : noted_) {
    for (std::size_t i = 0; i < some.count; ++i)
      all.push_back((*some.pieces[i / notes::piece_size])[i % notes::piece_size]);
  }
  const auto latest_first = [](const record& r) {
    return std::tuple(r.copy, ~r.changed_seconds, ~r.nanoseconds_and_age);
  };
  std::sort(all.begin(), all.end(),
            [&](const record& a, const record& b) { return latest_first(a) < latest_first(b); });
  const auto same_copy = [](const record& a, const record& b) { return a.copy == b.copy; };
  all.erase(std::unique(all.begin(), all.end(), same_copy), all.end());
  return all;
}

std::size_t source_index::size() const noexcept {
  std::size_t all = records_.size();
  for (const notes& some : noted_) {
    const std::scoped_lock hold(some.lock);
    all += some.count;
  }
  return all;
}

} // namespace afio::algorithms
