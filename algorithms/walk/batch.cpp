#include "algorithms/walk/batch.hpp"

#include "algorithms/walk/checked.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace afio::algorithms::walk_detail {

namespace {

/// About 30,000 names. Deleting a flat directory of 100,000 on ext4 wants large batches: a batch
/// sorted by inode then visits neighbours in the inode table together.
constexpr std::size_t streaming_buffer = 1 << 20;
/// Less spare room than this is not worth another call.
constexpr std::size_t worthwhile = 16 << 10;

} // namespace

result<void> name_buffer::reserve(std::size_t spare) noexcept {
  if (size_ - used_ >= spare) return success();
  const std::size_t size = std::max(used_ + spare, 2 * size_);
  std::unique_ptr<std::byte[]> grown(new (std::nothrow) std::byte[size]);
  if (!grown) return error(ENOMEM, call::none);
  if (used_ != 0) std::memcpy(grown.get(), bytes_.get(), used_);
  bytes_ = std::move(grown);
  size_ = size;
  return success();
}

claim_range::run claim_range::claim_front(std::uint32_t most) noexcept {
  auto ends = ends_.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint32_t first = front(ends);
    const std::uint32_t count = std::min(most, back(ends) - first);
    const auto rest = std::uint64_t{first + count} << 32 | back(ends);
    if (ends_.compare_exchange_weak(ends, rest, std::memory_order_relaxed)) return {first, count};
  }
}

claim_range::run claim_range::claim_back(std::uint32_t most) noexcept {
  auto ends = ends_.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint32_t count = std::min(most, back(ends) - front(ends));
    const auto rest = (ends & 0xFFFFFFFF00000000ULL) | (back(ends) - count);
    if (ends_.compare_exchange_weak(ends, rest, std::memory_order_relaxed)) {
      return {back(ends) - count, count};
    }
  }
}

namespace {

template <std::size_t N>
row<N> make_row(const directory_entry& e, std::size_t tree) noexcept {
  row<N> made{e.name, {}};
  made.in[tree] = {.inode = e.inode, .type = e.type, .present = true};
  return made;
}

template <std::size_t N>
void sort_by_inode(std::vector<row<N>>& rows, std::size_t tree) noexcept {
  const auto less = [tree](const row<N>& a, const row<N>& b) {
    return a.in[tree].inode < b.in[tree].inode;
  };
  if (!std::is_sorted(rows.begin(), rows.end(), less)) std::sort(rows.begin(), rows.end(), less);
}

/// One tree: rows as they come, until the buffer is full or the listing at its end.
template <std::size_t N>
result<void> stream(batch<N>& b, typename node<N>::side& side, std::size_t tree, bool& more) {
  name_buffer& names = b.names[tree];
  AFIO_TRY(names.reserve(streaming_buffer));
  more = true;
  while (names.spare().size() >= worthwhile) {
    auto read = side.handle.read(names.spare());
    // So the kernel says of a directory that somebody has removed: there is nothing in it. Where
    // another tree may have it, that is for others to judge.
    if (N == 1 && !read && read.assume_error() == std::errc::no_such_file_or_directory)
      read = directory_listing();
    AFIO_TRY(const directory_listing part, std::move(read));
    AFIO_TRY(checked::well_formed(part));
    if (part.at_end()) {
      more = false;
      side.listed = true;
      return success();
    }
    for (const directory_entry e : part) {
      b.rows.push_back(make_row<N>(e, tree));
      side.next = e.next;
    }
    names.use(part.size_bytes());
  }
  return success();
}

/// Of several trees: the whole listing into the buffer, then rows of one tree each.
template <std::size_t N>
result<void> list_whole(batch<N>& b, typename node<N>::side& side, std::size_t tree) {
  name_buffer& names = b.names[tree];
  auto read_all = [&]() -> result<void> {
    for (;;) {
      AFIO_TRY(names.reserve(worthwhile));
      AFIO_TRY(const directory_listing part, side.handle.read(names.spare()));
      AFIO_TRY(checked::well_formed(part));
      if (part.at_end()) return success();
      names.use(part.size_bytes());
    }
  };
  auto read = read_all();
  side.listed = read.has_value();
  // Only now, because a growing buffer moves the names.
  for (const directory_entry e : directory_listing(names.used())) {
    b.rows.push_back(make_row<N>(e, tree));
  }
  return read;
}

/// Rows of one tree each → rows of one name each.
template <std::size_t N>
void line_up(std::vector<row<N>>& rows) noexcept {
  std::sort(rows.begin(), rows.end(),
            [](const row<N>& a, const row<N>& b) { return a.name.view() < b.name.view(); });
  auto last = rows.begin();
  for (auto next = rows.begin(); next != rows.end(); ++next) {
    if (next == last) continue;
    if (!(next->name == last->name)) {
      *++last = *next;
      continue;
    }
    for (std::size_t tree = 0; tree < N; ++tree) {
      if (next->in[tree].present) last->in[tree] = next->in[tree];
    }
  }
  if (!rows.empty()) rows.erase(last + 1, rows.end());
}

} // namespace

template <std::size_t N>
filled<N> fill(batch<N>& b, node<N>& n, row_order order) noexcept {
  filled<N> done;
  b.of = &n;
  b.rows.clear();
  for (name_buffer& names : b.names) names.clear();
  std::size_t to_list = 0;
  for (auto& side : n.sides) {
    side.listed = side.present && side.fresh; // Nothing is in it but what the visitor has made.
    if (side.present && !side.fresh) ++to_list;
  }
  std::size_t tree = 0;
  try {
    for (; tree < N; ++tree) {
      auto& side = n.sides[tree];
      if (!side.present || side.fresh) continue;
      auto listed =
          to_list == 1 ? stream<N>(b, side, tree, done.more) : list_whole<N>(b, side, tree);
      if (to_list == 1 && order == row_order::by_inode) sort_by_inode<N>(b.rows, tree);
      if (listed) continue;
      done.failures[tree] = std::move(listed).assume_error();
      done.more = false;
    }
  } catch (const std::bad_alloc&) {
    // The vector could not grow: what is in it is still worth visiting.
    n.sides[tree].listed = false;
    done.failures[tree] = error(ENOMEM, call::none);
    done.more = false;
  }
  if (to_list > 1) line_up<N>(b.rows);
  b.unclaimed.reset(static_cast<std::uint32_t>(b.rows.size()));
  return done;
}

template filled<1> fill(batch<1>&, node<1>&, row_order) noexcept;
template filled<2> fill(batch<2>&, node<2>&, row_order) noexcept;
template filled<3> fill(batch<3>&, node<3>&, row_order) noexcept;

} // namespace afio::algorithms::walk_detail
