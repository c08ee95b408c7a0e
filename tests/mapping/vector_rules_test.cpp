// What the C++20 standard requires of a vector, as tests: [container.requirements],
// [sequence.reqmts] and [vector]. Run for std::vector, too: a rule that it breaks is none.
#include "algorithms/mapping/trivial_vector.hpp"
#include "tests/mapping/elements.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <forward_list>
#include <iterator>
#include <list>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace afio::unit {
namespace {

using algorithms::trivial_vector;

template <class V>
class Vector : public ::testing::Test {
protected:
  using element = typename V::value_type;

  static element of(int i) { return value<element>(i); }

  /// from, from + 1, …
  static V counted(int n, int from = 0) {
    V made;
    for (int i = 0; i < n; ++i) made.push_back(of(from + i));
    return made;
  }

  static bool is(const V& v, const std::vector<int>& numbers) {
    return std::equal(v.begin(), v.end(), numbers.begin(), numbers.end(),
                      [](const element& each, int i) { return each == of(i); });
  }
};

// Others are in vector_model_test.cpp; here each costs seconds to compile.
using vectors = ::testing::Types<std::vector<int>, std::vector<line>, trivial_vector<char>,
                                 trivial_vector<int>, trivial_vector<line>, trivial_vector<wide>>;
TYPED_TEST_SUITE(Vector, vectors);

// [container.requirements.general], Table 73: types.
TYPED_TEST(Vector, HasTheTypesOfAContainer) {
  using V = TypeParam;
  using T = typename V::value_type;
  static_assert(std::is_same_v<typename V::reference, T&>);
  static_assert(std::is_same_v<typename V::const_reference, const T&>);
  static_assert(std::is_convertible_v<typename V::iterator, typename V::const_iterator>);
  static_assert(std::is_signed_v<typename V::difference_type>);
  static_assert(std::is_unsigned_v<typename V::size_type>);
  static_assert(std::is_same_v<typename std::iterator_traits<typename V::iterator>::difference_type,
                               typename V::difference_type>);
  static_assert(
      std::is_same_v<typename std::iterator_traits<typename V::const_iterator>::value_type, T>);
  static_assert(std::is_same_v<typename V::pointer, T*>);
  static_assert(std::is_same_v<typename V::const_pointer, const T*>);
  static_assert(
      std::is_same_v<typename V::reverse_iterator, std::reverse_iterator<typename V::iterator>>);
  static_assert(std::is_same_v<typename V::const_reverse_iterator,
                               std::reverse_iterator<typename V::const_iterator>>);
}

// [vector.overview]: random access iterators, contiguous, and constant ones of constant vectors.
TYPED_TEST(Vector, IsAContiguousRange) {
  using V = TypeParam;
  using T = typename V::value_type;
  static_assert(std::contiguous_iterator<typename V::iterator>);
  static_assert(std::contiguous_iterator<typename V::const_iterator>);
  static_assert(std::ranges::contiguous_range<V> && std::ranges::contiguous_range<const V>);
  static_assert(std::ranges::sized_range<V> && std::ranges::common_range<V>);
  static_assert(!std::ranges::view<V> && !std::ranges::borrowed_range<V>);
  static_assert(
      std::is_same_v<decltype(std::declval<const V&>().begin()), typename V::const_iterator>);
  static_assert(std::is_same_v<decltype(std::declval<const V&>()[0]), const T&>);
  V v = this->counted(10);
  EXPECT_EQ(std::to_address(v.begin()), v.data());
  EXPECT_EQ(&*(v.begin() + 9), v.data() + 9);
  EXPECT_EQ(v.end() - v.begin(), 10);
  EXPECT_EQ(std::ranges::size(v), 10U);
  EXPECT_EQ(std::ranges::data(v), v.data());
}

TYPED_TEST(Vector, IsRegularAndWhatMovesDoesNotThrow) {
  using V = TypeParam;
  static_assert(std::is_nothrow_default_constructible_v<V>);
  static_assert(std::is_nothrow_move_constructible_v<V> && std::is_nothrow_move_assignable_v<V>);
  static_assert(std::is_nothrow_swappable_v<V> && std::is_nothrow_destructible_v<V>);
  static_assert(std::regular<V>);
  static_assert(noexcept(std::declval<V&>().clear())&& noexcept(std::declval<V&>().begin())&& noexcept(
      std::declval<const V&>()
          .cend())&& noexcept(std::declval<V&>()
                                  .data())&& noexcept(std::declval<const V&>()
                                                          .size())&& noexcept(std::declval<const V&>()
                                                                                  .empty())&& noexcept(std::declval<const V&>()
                                                                                                           .capacity())&& noexcept(std::
                                                                                                                                       declval<
                                                                                                                                           const V&>()
                                                                                                                                           .max_size()));
  // explicit vector(size_type): a number is no vector.
  static_assert(!std::is_convertible_v<std::size_t, V>);
}

TYPED_TEST(Vector, IsEmptyWhenMadeOfNothing) {
  const TypeParam v;
  EXPECT_TRUE(v.empty());
  EXPECT_EQ(v.size(), 0U);
  EXPECT_TRUE(v.begin() == v.end());
  EXPECT_EQ(TypeParam(), TypeParam{});
  EXPECT_TRUE(TypeParam(0).empty());
  EXPECT_TRUE(TypeParam(v.begin(), v.end()).empty());
  EXPECT_GT(v.max_size(), 1'000'000U);
}

TYPED_TEST(Vector, CopiesAreEqualAndIndependent) {
  TypeParam a = this->counted(5);
  TypeParam b(a);
  EXPECT_EQ(a, b);
  b[0] = this->of(100);
  EXPECT_NE(a, b);
  EXPECT_TRUE(this->is(a, {0, 1, 2, 3, 4}));
  TypeParam c;
  EXPECT_EQ(&(c = a), &c);
  EXPECT_EQ(a, c);
  c = this->counted(2);
  EXPECT_TRUE(this->is(c, {0, 1}));
  const TypeParam& self = a;
  a = self;
  EXPECT_TRUE(this->is(a, {0, 1, 2, 3, 4}));
}

TYPED_TEST(Vector, MovesTakeTheElementsWhereTheyAre) {
  TypeParam a = this->counted(5);
  const auto* const there = a.data();
  TypeParam b(std::move(a));
  EXPECT_EQ(b.data(), there); // No iterator is invalidated: [container.requirements.general]/12.
  EXPECT_TRUE(this->is(b, {0, 1, 2, 3, 4}));
  a = this->counted(2); // Valid, though unspecified.
  EXPECT_TRUE(this->is(a, {0, 1}));
  a = std::move(b);
  EXPECT_EQ(a.data(), there);
  TypeParam c;
  a.swap(c);
  EXPECT_EQ(c.data(), there);
  EXPECT_TRUE(a.empty());
  using std::swap;
  swap(a, c);
  EXPECT_EQ(a.data(), there);
  EXPECT_TRUE(this->is(a, {0, 1, 2, 3, 4}));
}

// [container.requirements.general], Tables 73 and 77.
TYPED_TEST(Vector, ComparesElementByElement) {
  const TypeParam shorter = this->counted(2), longer = this->counted(3),
                  later = this->counted(2, 1);
  EXPECT_TRUE(shorter == this->counted(2) && !(shorter == longer));
  EXPECT_TRUE(shorter != later);
  EXPECT_TRUE(shorter < longer && shorter <= longer && later > longer && later >= longer);
  EXPECT_TRUE((shorter <=> longer) < 0);
  EXPECT_TRUE((shorter <=> this->counted(2)) == 0);
  EXPECT_TRUE((TypeParam() <=> shorter) < 0);
}

TYPED_TEST(Vector, GoesBackwards) {
  TypeParam v = this->counted(3);
  const TypeParam& c = v;
  const TypeParam backwards(v.rbegin(), v.rend());
  EXPECT_TRUE(this->is(backwards, {2, 1, 0}));
  EXPECT_EQ(TypeParam(c.rbegin(), c.rend()), backwards);
  EXPECT_EQ(TypeParam(v.crbegin(), v.crend()), backwards);
  EXPECT_EQ(TypeParam(v.cbegin(), v.cend()), v);
}

// [sequence.reqmts], Table 78: constructors and assignment.
TYPED_TEST(Vector, IsMadeOfNumbersValuesRangesAndLists) {
  using V = TypeParam;
  using T = typename V::value_type;
  EXPECT_TRUE(this->is(V(3, this->of(7)), {7, 7, 7}));
  const V three(3);
  EXPECT_EQ(three.size(), 3U);
  for (const T& each : three) EXPECT_EQ(each, T());
  const std::array<T, 2> array{this->of(1), this->of(2)};
  EXPECT_TRUE(this->is(V(array.begin(), array.end()), {1, 2}));
  const std::list<T> list(array.begin(), array.end());
  EXPECT_TRUE(this->is(V(list.begin(), list.end()), {1, 2}));
  const std::forward_list<T> forward(array.begin(), array.end());
  EXPECT_TRUE(this->is(V(forward.begin(), forward.end()), {1, 2}));
  const V braces{this->of(1), this->of(2)};
  EXPECT_TRUE(this->is(braces, {1, 2}));
  V assigned = this->counted(9);
  EXPECT_EQ(&(assigned = {this->of(4), this->of(5)}), &assigned);
  EXPECT_TRUE(this->is(assigned, {4, 5}));
}

TYPED_TEST(Vector, TakesInputThatCanBeReadOnce) {
  using V = TypeParam;
  std::istringstream text("1 2 3"), more("7 8"), others("5 6");
  using input = std::istream_iterator<int>;
  if constexpr (std::is_convertible_v<int, typename V::value_type>) {
    V v{input(text), input()};
    EXPECT_TRUE(this->is(v, {1, 2, 3}));
    const auto at = v.insert(v.begin() + 1, input(more), input());
    EXPECT_EQ(at - v.begin(), 1);
    EXPECT_TRUE(this->is(v, {1, 7, 8, 2, 3}));
    v.assign(input(others), input());
    EXPECT_TRUE(this->is(v, {5, 6}));
  }
}

// Whole numbers are no iterators: [sequence.reqmts]/13.
TYPED_TEST(Vector, TakesTwoEqualNumbersForANumberAndAValue) {
  if constexpr (std::is_same_v<typename TypeParam::value_type, int>) {
    TypeParam v(2, 3);
    EXPECT_TRUE(this->is(v, {3, 3}));
    v.assign(3, 4);
    EXPECT_TRUE(this->is(v, {4, 4, 4}));
    v.insert(v.begin(), 1, 9);
    EXPECT_TRUE(this->is(v, {9, 4, 4, 4}));
  }
}

TYPED_TEST(Vector, Assigns) {
  TypeParam v = this->counted(3);
  v.assign(2, this->of(8));
  EXPECT_TRUE(this->is(v, {8, 8}));
  const TypeParam other = this->counted(4, 20);
  v.assign(other.begin() + 1, other.end());
  EXPECT_TRUE(this->is(v, {21, 22, 23}));
  v.assign({this->of(1)});
  EXPECT_TRUE(this->is(v, {1}));
  v.assign(0, this->of(1));
  EXPECT_TRUE(v.empty());
}

// Table 78: insert and erase return where they worked.
TYPED_TEST(Vector, InsertsWhereItIsTold) {
  TypeParam v = this->counted(3);
  const auto value = this->of(10);
  auto at = v.insert(v.begin() + 1, value);
  EXPECT_EQ(at - v.begin(), 1);
  at = v.insert(v.cend(), this->of(11));
  EXPECT_EQ(at - v.begin(), 4);
  EXPECT_TRUE(this->is(v, {0, 10, 1, 2, 11}));
  at = v.insert(v.begin(), 2, value);
  EXPECT_EQ(at, v.begin());
  at = v.insert(v.begin() + 1, 0, value);
  EXPECT_EQ(at - v.begin(), 1);
  EXPECT_TRUE(this->is(v, {10, 10, 0, 10, 1, 2, 11}));
  const TypeParam other = this->counted(2, 30);
  at = v.insert(v.begin() + 2, other.begin(), other.end());
  EXPECT_EQ(at - v.begin(), 2);
  at = v.insert(v.begin() + 2, other.begin(), other.begin());
  EXPECT_EQ(at - v.begin(), 2);
  at = v.insert(v.end(), {this->of(40), this->of(41)});
  EXPECT_EQ(at - v.begin(), 9);
  at = v.emplace(v.begin(), this->of(50));
  EXPECT_EQ(at, v.begin());
  EXPECT_TRUE(this->is(v, {50, 10, 10, 30, 31, 0, 10, 1, 2, 11, 40, 41}));
  const std::list<typename TypeParam::value_type> list{this->of(60), this->of(61)};
  at = v.insert(v.begin() + 1, list.begin(), list.end());
  EXPECT_EQ(at - v.begin(), 1);
  EXPECT_TRUE(this->is(v, {50, 60, 61, 10, 10, 30, 31, 0, 10, 1, 2, 11, 40, 41}));
}

TYPED_TEST(Vector, ErasesWhereItIsTold) {
  TypeParam v = this->counted(8);
  auto at = v.erase(v.begin() + 1);
  EXPECT_EQ(at - v.begin(), 1);
  at = v.erase(v.begin() + 2, v.begin() + 4);
  EXPECT_EQ(at - v.begin(), 2);
  EXPECT_TRUE(this->is(v, {0, 2, 5, 6, 7}));
  at = v.erase(v.cbegin() + 1, v.cbegin() + 1);
  EXPECT_EQ(at - v.begin(), 1);
  at = v.erase(v.end() - 1);
  EXPECT_EQ(at, v.end());
  at = v.erase(v.begin(), v.end());
  EXPECT_EQ(at, v.end());
  EXPECT_TRUE(v.empty());
  TypeParam none;
  EXPECT_EQ(none.erase(none.begin(), none.end()), none.end());
}

// [vector.modifiers]/1 and others: an argument may be an element of the vector itself.
TYPED_TEST(Vector, AnArgumentMayBeItsOwnElement) {
  for (int size = 1; size < 70; ++size) { // Also where it has to grow.
    TypeParam v = this->counted(size);
    v.shrink_to_fit();
    v.push_back(v[0]);
    EXPECT_EQ(v.back(), this->of(0));
    v.shrink_to_fit();
    v.insert(v.begin(), v[1]);
    EXPECT_EQ(v[0], this->of(1 % size));
    v.insert(v.begin(), 100, v.back());
    EXPECT_EQ(v[0], v.back());
    EXPECT_EQ(v[99], v.back());
    v.shrink_to_fit();
    v.emplace_back(v[100]);
    EXPECT_EQ(v.back(), this->of(1 % size));
    v.emplace(v.begin(), v.back());
    EXPECT_EQ(v[0], v.back());
    v.resize(v.size() + 100, v[0]);
    EXPECT_EQ(v.back(), v[0]);
    v.assign(3, v[1]);
    EXPECT_EQ(v[0], v[2]);
  }
}

// Table 79, and [vector.capacity].
TYPED_TEST(Vector, GivesAccessToElements) {
  TypeParam v = this->counted(4);
  const TypeParam& c = v;
  EXPECT_EQ(v.front(), this->of(0));
  EXPECT_EQ(c.back(), this->of(3));
  EXPECT_EQ(c[2], this->of(2));
  EXPECT_EQ(v.at(2), this->of(2));
  EXPECT_THROW(v.at(4), std::out_of_range);
  EXPECT_THROW(c.at(4), std::out_of_range);
  EXPECT_THROW(TypeParam().at(0), std::out_of_range);
  v.at(1) = this->of(9);
  v.front() = this->of(8);
  v.back() = this->of(7);
  EXPECT_TRUE(this->is(v, {8, 9, 2, 7}));
  v.pop_back();
  EXPECT_TRUE(this->is(v, {8, 9, 2}));
  const auto& made = v.emplace_back(this->of(5));
  EXPECT_EQ(&made, &v.back());
  EXPECT_EQ(v.back(), this->of(5));
  v.clear();
  EXPECT_TRUE(v.empty());
}

TYPED_TEST(Vector, KeepsItsPlaceWithinTheCapacity) {
  TypeParam v;
  v.reserve(1000);
  EXPECT_GE(v.capacity(), 1000U);
  EXPECT_TRUE(v.empty());
  const auto* const there = v.data();
  for (int i = 0; i < 1000; ++i) v.push_back(this->of(i));
  EXPECT_EQ(v.data(), there);
  const auto capacity = v.capacity();
  v.reserve(10); // No less.
  v.clear();     // [vector.capacity]: and nothing else takes it away.
  v.resize(0);
  EXPECT_EQ(v.capacity(), capacity);
  EXPECT_EQ(v.data(), there);
  v.insert(v.end(), 1000, this->of(1));
  v.assign(1000, this->of(2));
  EXPECT_EQ(v.data(), there);
}

TYPED_TEST(Vector, ResizesWithNewElementsOfTheirOwnValue) {
  using T = typename TypeParam::value_type;
  TypeParam v = this->counted(3, 1);
  v.resize(5);
  EXPECT_EQ(v.size(), 5U);
  EXPECT_EQ(v[2], this->of(3));
  EXPECT_EQ(v[3], T());
  EXPECT_EQ(v[4], T());
  v.resize(2);
  EXPECT_TRUE(this->is(v, {1, 2}));
  v.resize(100'000); // What was there before does not show.
  EXPECT_TRUE(std::all_of(v.begin() + 2, v.end(), [](const T& each) { return each == T(); }));
  v.resize(100'002, this->of(6));
  EXPECT_EQ(v[100'001], this->of(6));
}

TYPED_TEST(Vector, ShrinkingKeepsTheElements) {
  TypeParam v = this->counted(30);
  v.reserve(1'000'000);
  const auto capacity = v.capacity();
  v.shrink_to_fit();
  EXPECT_LT(v.capacity(), capacity); // Not binding; but this is how both do it.
  EXPECT_EQ(v, this->counted(30));
  v.clear();
  v.shrink_to_fit();
  EXPECT_EQ(v.capacity(), 0U);
  v.push_back(this->of(3));
  EXPECT_TRUE(this->is(v, {3}));
}

TYPED_TEST(Vector, GrowsByFactors) {
  TypeParam v;
  int moves = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    moves += v.size() == v.capacity() ? 1 : 0;
    v.push_back(this->of(i));
  }
  EXPECT_LT(moves, 40);
  EXPECT_EQ(v[999'999], this->of(999'999));
}

TYPED_TEST(Vector, RefusesMoreThanItsGreatestSizeAndStaysAsItWas) {
  TypeParam v = this->counted(3);
  EXPECT_THROW(v.reserve(v.max_size() + 1), std::length_error);
  EXPECT_THROW(v.resize(v.max_size() + 1), std::length_error);
  EXPECT_THROW(v.resize(v.max_size() + 1, this->of(1)), std::length_error);
  EXPECT_THROW(v.insert(v.begin(), v.max_size() - 2, this->of(1)), std::length_error);
  EXPECT_THROW(v.assign(v.max_size() + 1, this->of(1)), std::length_error);
  EXPECT_THROW(TypeParam(v.max_size() + 1), std::length_error);
  EXPECT_TRUE(this->is(v, {0, 1, 2}));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool operator_new_aborts = true;
#else
constexpr bool operator_new_aborts = false;
#endif

TYPED_TEST(Vector, WithoutMemoryItStaysAsItWas) {
  using V = TypeParam;
  if (operator_new_aborts && std::is_same_v<V, std::vector<typename V::value_type>>)
    GTEST_SKIP() << "a sanitizer's operator new throws nothing";
  V v = this->counted(3);
  EXPECT_THROW(v.reserve(v.max_size()), std::bad_alloc);
  EXPECT_THROW(v.resize(v.max_size()), std::bad_alloc);
  EXPECT_TRUE(this->is(v, {0, 1, 2}));
}

/// Reads 1, 2, 3, then throws.
template <class T>
struct failing_input {
  using iterator_category = std::input_iterator_tag;
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using pointer = const T*;
  using reference = T;
  int at = 1;

  T operator*() const {
    if (at == 4) throw std::runtime_error("end of the world");
    return value<T>(at);
  }

  failing_input& operator++() {
    ++at;
    return *this;
  }

  failing_input operator++(int) {
    const failing_input before = *this;
    ++at;
    return before;
  }

  friend bool operator==(const failing_input& a, const failing_input& b) { return a.at == b.at; }

  friend bool operator!=(const failing_input& a, const failing_input& b) { return a.at != b.at; }
};

TYPED_TEST(Vector, IsUsableAfterAnIteratorThrew) {
  using input = failing_input<typename TypeParam::value_type>;
  TypeParam v = this->counted(3);
  EXPECT_THROW(v.insert(v.begin() + 1, input{}, input{9}), std::runtime_error);
  EXPECT_GE(v.size(), 3U); // The basic guarantee is all that there is for this.
  EXPECT_EQ(v[0], this->of(0));
  EXPECT_THROW(TypeParam(input{}, input{9}), std::runtime_error);
  EXPECT_THROW(v.assign(input{}, input{9}), std::runtime_error);
  v.assign(1, this->of(7));
  EXPECT_TRUE(this->is(v, {7}));
}

// [vector.erasure].
TYPED_TEST(Vector, ErasesByValueAndByPredicate) {
  using T = typename TypeParam::value_type;
  TypeParam v = this->counted(6);
  v.push_back(this->of(2));
  EXPECT_EQ(erase(v, this->of(2)), 2U);
  EXPECT_TRUE(this->is(v, {0, 1, 3, 4, 5}));
  EXPECT_EQ(erase_if(v, [&](const T& each) { return each == this->of(0) || each == this->of(5); }),
            2U);
  EXPECT_TRUE(this->is(v, {1, 3, 4}));
  EXPECT_EQ(erase(v, this->of(9)), 0U);
}

// [vector.overview]: deduction.
TEST(VectorDeduction, GuessesTheElement) {
  const std::array<int, 2> array{1, 2};
  static_assert(
      std::is_same_v<decltype(trivial_vector(array.begin(), array.end())), trivial_vector<int>>);
  static_assert(
      std::is_same_v<decltype(std::vector(array.begin(), array.end())), std::vector<int>>);
  static_assert(std::is_same_v<decltype(trivial_vector{1.0, 2.0}), trivial_vector<double>>);
  static_assert(std::is_same_v<decltype(trivial_vector(3, 'x')), trivial_vector<char>>);
  const trivial_vector<int> v{1};
  static_assert(std::is_same_v<decltype(trivial_vector(v)), trivial_vector<int>>);
  EXPECT_EQ(trivial_vector(array.begin(), array.end()), (trivial_vector{1, 2}));
}

TYPED_TEST(Vector, TakesElementsByWayOfStandardAlgorithms) {
  TypeParam v = this->counted(100);
  std::ranges::reverse(v);
  std::sort(v.begin(), v.end());
  EXPECT_EQ(v, this->counted(100));
  TypeParam copy;
  std::ranges::copy(v, std::back_inserter(copy));
  std::copy(v.begin(), v.begin() + 2, std::inserter(copy, copy.begin()));
  EXPECT_EQ(copy.size(), 102U);
  EXPECT_EQ(copy[1], this->of(1));
  EXPECT_EQ(copy[2], this->of(0));
}

} // namespace
} // namespace afio::unit
