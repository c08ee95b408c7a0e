#include "algorithms/compare_trees/tree_comparer.hpp"

#include "algorithms/mounted_on.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>

namespace afio::algorithms::compare_detail {

namespace {

using kind = distinction::kind;

} // namespace

template <std::size_t N>
void tree_comparer<N>::rows(const place<N>& here, std::span<row<N>> rows) noexcept {
  for (row<N>& r : rows) {
    try {
      compare_row(here, r);
    } catch (const std::bad_alloc&) {
      here.fail(operation::compare, r.name, error(ENOMEM, call::none));
      r.below = row<N>::below::skip;
    }
  }
}

template <std::size_t N>
void tree_comparer<N>::compare_row(const place<N>& here, row<N>& r) {
  const std::string path = here.below(r.name);
  if (!is_known(here, r) || !wants(path, r)) {
    r.below = row<N>::below::skip;
    return;
  }
  enter_where_worth_it(r);
  cells in{};
  for (std::size_t i = 0; i < N; ++i) in[i] = r.in[i].present ? r.in[i].stat : nullptr;
  const auto judged =
      judge(path, in, [&](std::size_t a, std::size_t b) { return between(here, r, a, b); });
  if (!judged) here.fail(operation::compare, r.name, judged.assume_error());
}

/// Where a listing failed, which was told, an absent name says nothing.
template <std::size_t N>
bool tree_comparer<N>::is_known(const place<N>& here, const row<N>& r) const noexcept {
  for (std::size_t i = 0; i < N; ++i) {
    if (!r.in[i].present && here.present(i) && !here.listed(i)) return false;
  }
  return true;
}

template <std::size_t N>
bool tree_comparer<N>::wants(std::string_view path, const row<N>& r) const {
  const path_filter* const filter = shared_->options.filter;
  if (filter == nullptr) return true;
  return std::ranges::any_of(
      r.in, [&](const cell& c) { return c.present && filter->includes(path, c.type); });
}

/// A directory that only one tree has has been told as a whole. Those that are one inode are equal.
template <std::size_t N>
void tree_comparer<N>::enter_where_worth_it(row<N>& r) const noexcept {
  const cell* first = nullptr;
  std::size_t others = 0;
  for (const cell& c : r.in) {
    if (c.type != file_type::directory) continue;
    if (first == nullptr)
      first = &c;
    else if (c.stat->id != first->stat->id) // Of another mount, they may hold other mounts.
      ++others;
  }
  const bool same_type =
      std::ranges::all_of(r.in, [](const cell& c) { return c.type == file_type::directory; });
  if (others == 0 || (N == 2 && !same_type)) r.below = row<N>::below::skip;
}

template <std::size_t N>
result<distinction> tree_comparer<N>::between(const place<N>& here, const row<N>& r, std::size_t a,
                                              std::size_t b) {
  const stat_t &left = *r.in[a].stat, &right = *r.in[b].stat;
  for (const std::size_t tree : {a, b}) {
    const stat_t& s = *r.in[tree].stat; // A directory is not entered.
    if (s.type != file_type::directory &&
        is_mounted_on(here, tree, s, shared_->options.tree.mounts))
      return error(errc::boundary, call::statx, r.name);
  }
  AFIO_TRY(distinction found,
           entries_.compare({here.handle(a), r.name, left}, {here.handle(b), r.name, right}));
  if (found.what == kind::type) return found;
  const bool directory = left.type == file_type::directory;
  const bool linked = N == 2 && !directory && (left.links > 1 || right.links > 1) &&
                      has(shared_->options.entries.metadata, aspect::links);
  if (linked && !shared_->links.agree(left.id, right.id))
    found = with_metadata(found, found.metadata | aspect::links);
  return N == 3 && directory ? without_times(found) : found;
}

template <>
template <class F>
result<void> tree_comparer<2>::judge(std::string_view path, const cells& in, F&& between) {
  distinction found{in[1] == nullptr ? kind::only_left : kind::only_right};
  if (in[0] != nullptr && in[1] != nullptr) {
    AFIO_TRY(found, between(0, 1));
  }
  tell({path, found, in[0], in[1]});
  return success();
}

template <>
template <class F>
result<void> tree_comparer<3>::judge(std::string_view path, const cells& in, F&& between) {
  const auto compare = [&](std::size_t a, std::size_t b) -> result<distinction> {
    if (in[a] == nullptr && in[b] == nullptr) return distinction{};
    if (in[b] == nullptr) return distinction{kind::only_left};
    if (in[a] == nullptr) return distinction{kind::only_right};
    return between(a, b);
  };
  AFIO_TRY(const distinction left, compare(0, 1));
  AFIO_TRY(const distinction right, compare(0, 2));
  distinction apart;
  if (left && right) {
    AFIO_TRY(apart, compare(1, 2));
  }
  tell({path, three_way_of(!left, !right, !apart), left, right, in});
  return success();
}

template <std::size_t N>
void tree_comparer<N>::tell(const tree_difference& found) noexcept {
  ++report_.kinds[static_cast<std::size_t>(found.what.what)];
  if (!found.what) return;
  const std::scoped_lock one(shared_->telling);
  shared_->found.differs(found);
}

template <std::size_t N>
void tree_comparer<N>::tell(const merge_difference& found) noexcept {
  ++report_.outcomes[static_cast<std::size_t>(found.what)];
  if (found.what == three_way::unchanged) return;
  const std::scoped_lock one(shared_->telling);
  shared_->found.differs(found);
}

template <std::size_t N>
result<void> tree_comparer<N>::compare_roots(const std::array<walk_root, N>& roots) {
  std::array<stat_t, N> status;
  cells in{};
  for (std::size_t i = 0; i < N; ++i) {
    AFIO_TRY(status[i], roots[i].directory->stat());
    in[i] = &status[i];
  }
  return judge("", in, [&](std::size_t a, std::size_t b) -> result<distinction> {
    AFIO_TRY(distinction found,
             entries_.compare(*roots[a].directory, status[a], *roots[b].directory, status[b]));
    if (N == 3) found = without_times(found);
    return found;
  });
}

template class tree_comparer<2>;
template class tree_comparer<3>;

} // namespace afio::algorithms::compare_detail
