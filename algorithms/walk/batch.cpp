#include "algorithms/walk/batch.hpp"

#include "algorithms/walk/checked.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

namespace afio::algorithms::walk_detail {

namespace {

/// About 30,000 names. Deleting a flat directory of 100,000 on ext4 wants large batches: a batch
/// sorted by inode then visits neighbours in the inode table together.
constexpr std::size_t streaming_buffer = 1 << 20;
/// Less spare room than this is not worth another call.
constexpr std::size_t worthwhile = 16 << 10;

} // namespace

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
  name_buffer& names = b.names;
  AFIO_TRY(names.reserve(streaming_buffer));
  more = true;
  while (names.spare().size() >= worthwhile) {
    auto read = side.handle.read(names.spare());
    // So the kernel says of a directory that somebody has removed: there is nothing in it. Where
    // another tree may have it, that is for others to judge.
    if (N == 1 && !read && is_gone(read.assume_error())) read = directory_listing();
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

/// Several trees: a row for each name, in their order.
template <std::size_t N>
void line_up(batch<N>& b) {
  std::array<std::span<const name_list::place>, N> left;
  for (std::size_t tree = 0; tree < N; ++tree) {
    b.lists[tree].sort_by_name();
    left[tree] = b.lists[tree].places();
    b.lines.reserve(std::max(b.lines.capacity(), left[tree].size()));
  }
  const auto next_of = [&](std::size_t tree) { return b.lists[tree].at(left[tree].front()).name; };
  for (;;) {
    std::optional<leaf_name> least;
    for (std::size_t tree = 0; tree < N; ++tree) {
      if (!left[tree].empty() && (!least || next_of(tree).view() < least->view()))
        least = next_of(tree);
    }
    if (!least) return;
    auto& line = b.lines.emplace_back();
    line.fill(b.absent);
    for (std::size_t tree = 0; tree < N; ++tree) {
      // A name that was renamed to while the directory was listed may have been listed twice.
      while (!left[tree].empty() && next_of(tree) == *least) {
        line[tree] = left[tree].front();
        left[tree] = left[tree].subspan(1);
      }
    }
  }
}

} // namespace

template <std::size_t N>
std::span<row<N>> batch<N>::rows_of(claim_range::run run, std::span<row<N>> room) noexcept {
  if (lines.empty()) return std::span(rows).subspan(run.first, run.count);
  for (std::size_t i = 0; i < run.count; ++i) {
    const auto& line = lines[run.first + i];
    std::size_t tree = 0;
    while (line[tree] == absent) ++tree;
    row<N> made = make_row<N>(lists[tree].at(line[tree]), tree);
    while (++tree < N) {
      if (line[tree] == absent) continue;
      const directory_entry e = lists[tree].at(line[tree]);
      made.in[tree] = {.inode = e.inode, .type = e.type, .present = true};
    }
    room[i] = made;
  }
  return room.first(run.count);
}

template <std::size_t N>
filled<N> fill(batch<N>& b, node<N>& n, row_order order) noexcept {
  filled<N> done;
  b.of = &n;
  b.rows.clear();
  b.names.clear();
  b.lines.clear();
  for (name_list& list : b.lists) list.clear();
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
          to_list == 1 ? stream<N>(b, side, tree, done.more) : b.lists[tree].read(side.handle);
      if (to_list > 1) side.listed = listed.has_value();
      if (to_list == 1 && order == row_order::by_inode) sort_by_inode<N>(b.rows, tree);
      if (listed) continue;
      done.more = false;
      if (side.optional) { // One of the two is empty.
        b.rows.clear();
        b.lists[tree].clear();
      } else {
        done.failures[tree] = std::move(listed).assume_error();
      }
    }
    if (to_list > 1) line_up<N>(b);
  } catch (const std::bad_alloc&) {
    // A vector could not grow: what is in it is still worth visiting, but no name is missing for
    // certain.
    for (auto& side : n.sides) side.listed = false;
    done.failures[std::min(tree, N - 1)] = error(ENOMEM, call::none);
    done.more = false;
  }
  b.unclaimed.reset(static_cast<std::uint32_t>(b.size()));
  return done;
}

template std::span<row<1>> batch<1>::rows_of(claim_range::run, std::span<row<1>>) noexcept;
template std::span<row<2>> batch<2>::rows_of(claim_range::run, std::span<row<2>>) noexcept;
template std::span<row<3>> batch<3>::rows_of(claim_range::run, std::span<row<3>>) noexcept;
template filled<1> fill(batch<1>&, node<1>&, row_order) noexcept;
template filled<2> fill(batch<2>&, node<2>&, row_order) noexcept;
template filled<3> fill(batch<3>&, node<3>&, row_order) noexcept;

} // namespace afio::algorithms::walk_detail
