// What became of each name of two or three sorted lists: no disk, no walk, only values.
//
//     for (const auto& row : difference(left, right, by_name, same_size))
//       if (row.kind == two_way::only_left) gone.push_back(*row.in[0]);
#pragma once

#include <range/v3/view/all.hpp>
#include <range/v3/view/facade.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace afio::algorithms {

/// What one name is in two lists.
enum class two_way : std::uint8_t { same, only_left, only_right, changed };

/// What became of one name of a base in two lists that both come from it. An element that is not
/// there counts as one of its kind: added, removed and changed are all changes.
enum class three_way : std::uint8_t {
  unchanged,
  changed_left,
  changed_right,
  changed_both, ///< Both in the same way.
  conflict,     ///< Both, and not in the same way.
};

/// "changed_left", …
constexpr std::string_view name_of(three_way what) noexcept {
  switch (what) {
  case three_way::unchanged:
    break;
  case three_way::changed_left:
    return "changed_left";
  case three_way::changed_right:
    return "changed_right";
  case three_way::changed_both:
    return "changed_both";
  case three_way::conflict:
    return "conflict";
  }
  return "unchanged";
}

constexpr two_way two_way_of(bool in_left, bool in_right, bool alike) noexcept {
  if (!in_right) return two_way::only_left;
  if (!in_left) return two_way::only_right;
  return alike ? two_way::same : two_way::changed;
}

constexpr three_way three_way_of(bool left_as_base, bool right_as_base, bool alike) noexcept {
  if (left_as_base) return right_as_base ? three_way::unchanged : three_way::changed_right;
  if (right_as_base) return three_way::changed_left;
  return alike ? three_way::changed_both : three_way::conflict;
}

namespace difference_detail {

template <class Range>
using element = std::remove_reference_t<decltype(*std::begin(std::declval<Range&>()))>;

template <class T, std::size_t N>
struct row {
  using kind_type = std::conditional_t<N == 2, two_way, three_way>;
  /// Left and right, or base, left and right. Null where the list lacks the name.
  std::array<T*, N> in{};
  kind_type kind{};
};

template <class T, class Same>
auto kind_of(const std::array<T*, 2>& in, const Same& same) {
  return two_way_of(in[0] != nullptr, in[1] != nullptr, in[0] && in[1] && same(*in[0], *in[1]));
}

template <class T, class Same>
auto kind_of(const std::array<T*, 3>& in, const Same& same) {
  const auto alike = [&](T* a, T* b) { return a && b ? same(*a, *b) : a == b; };
  const bool left = alike(in[0], in[1]), right = alike(in[0], in[2]);
  return three_way_of(left, right, left == right && (left || alike(in[1], in[2])));
}

template <class Less, class Same, class... Views>
class view : public ranges::view_facade<view<Less, Same, Views...>> {
public:
  view() = default;

  view(Less less, Same same, Views... lists)
      : less_(std::move(less)), same_(std::move(same)), lists_(std::move(lists)...) {}

private:
  friend ranges::range_access;

  static constexpr std::size_t count = sizeof...(Views);
  using value = std::common_type_t<element<Views>*...>;
  using row_type = row<std::remove_pointer_t<value>, count>;

  class cursor {
  public:
    cursor() = default;

    explicit cursor(const view& of)
        : of_(&of),
          at_(std::apply([](auto&... list) { return std::tuple(ranges::begin(list)...); },
                         of.lists_)),
          end_(std::apply([](auto&... list) { return std::tuple(ranges::end(list)...); },
                          of.lists_)) {
      line_up();
    }

    row_type read() const { return row_; }

    bool equal(ranges::default_sentinel_t) const { return is_last_; }

    void next() {
      for_each([this]<std::size_t I>() {
        if (row_.in[I] != nullptr) ++std::get<I>(at_);
      });
      line_up();
    }

  private:
    template <class F>
    static void for_each(F&& f) {
      [&]<std::size_t... I>(std::index_sequence<I...>) { (f.template operator()<I>(), ...); }
      (std::make_index_sequence<count>());
    }

    /// The least of the elements that come next, with its namesakes.
    void line_up() {
      std::array<value, count> next{};
      value least = nullptr;
      for_each([&]<std::size_t I>() {
        if (std::get<I>(at_) == std::get<I>(end_)) return;
        next[I] = std::addressof(*std::get<I>(at_));
        if (least == nullptr || of_->less_(*next[I], *least)) least = next[I];
      });
      is_last_ = least == nullptr;
      for (std::size_t i = 0; i < count; ++i) {
        const bool namesake = next[i] != nullptr && !of_->less_(*least, *next[i]);
        row_.in[i] = namesake ? next[i] : nullptr;
      }
      if (!is_last_) row_.kind = kind_of(row_.in, of_->same_);
    }

    const view* of_ = nullptr;
    std::tuple<ranges::iterator_t<const Views>...> at_;
    std::tuple<ranges::sentinel_t<const Views>...> end_;
    row_type row_;
    bool is_last_ = true;
  };

  cursor begin_cursor() const { return cursor(*this); }

  Less less_;
  Same same_;
  std::tuple<Views...> lists_;
};

} // namespace difference_detail

/// A lazy view of the rows of two lists, all of them, in their order. Both are sorted by `less`,
/// without equals, and outlive the view; `same` tells whether two of one name are equal. Looks at
/// each element once; holds none of them. O(1) memory.
template <ranges::viewable_range Left, ranges::viewable_range Right, class Less, class Same>
auto difference(Left&& left, Right&& right, Less less, Same same) {
  return difference_detail::view(std::move(less), std::move(same),
                                 ranges::views::all(std::forward<Left>(left)),
                                 ranges::views::all(std::forward<Right>(right)));
}

/// The same of a base and two lists that come from it.
template <ranges::viewable_range Base, ranges::viewable_range Left, ranges::viewable_range Right,
          class Less, class Same>
auto difference(Base&& base, Left&& left, Right&& right, Less less, Same same) {
  return difference_detail::view(
      std::move(less), std::move(same), ranges::views::all(std::forward<Base>(base)),
      ranges::views::all(std::forward<Left>(left)), ranges::views::all(std::forward<Right>(right)));
}

} // namespace afio::algorithms
