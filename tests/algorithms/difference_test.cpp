#include "algorithms/difference.hpp"

#include <gtest/gtest.h>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/take.hpp>
#include <range/v3/view/transform.hpp>

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace afio::algorithms {
namespace {

struct item {
  int name;
  int value;
};

constexpr auto by_name = [](const item& a, const item& b) { return a.name < b.name; };
constexpr auto same_value = [](const item& a, const item& b) { return a.value == b.value; };

using list = std::vector<item>;

TEST(Difference, OfTwoListsHasEachNameOnceInOrder) {
  const list left{{1, 0}, {2, 0}, {4, 0}}, right{{2, 0}, {3, 0}, {4, 1}};
  std::string told;
  for (const auto& row : difference(left, right, by_name, same_value)) {
    const item& any = row.in[0] != nullptr ? *row.in[0] : *row.in[1];
    told += std::to_string(any.name) + "<=>!"[static_cast<int>(row.kind)];
  }
  static_assert(static_cast<int>(two_way::changed) == 3);
  EXPECT_EQ(told, "1=2<3>4!");
}

TEST(Difference, OfNothingIsNothing) {
  const list none, one{{1, 0}};
  EXPECT_EQ(ranges::distance(difference(none, none, by_name, same_value)), 0);
  EXPECT_EQ(ranges::distance(difference(none, one, by_name, same_value)), 1);
  EXPECT_EQ(ranges::distance(difference(none, none, none, by_name, same_value)), 0);
}

// A view that nobody looks at does nothing, and one that is looked at in part does a part.
TEST(Difference, IsLazy) {
  const list left{{1, 0}, {2, 0}, {3, 0}}, right{{1, 0}, {2, 0}, {3, 0}};
  int compared = 0;
  const auto count = [&](const item& a, const item& b) {
    ++compared;
    return a.value == b.value;
  };
  auto rows = difference(left, right, by_name, count);
  EXPECT_EQ(compared, 0);
  (void)*rows.begin();
  EXPECT_EQ(compared, 1);
}

TEST(Difference, IsARangeAsOthers) {
  const list left{{1, 0}, {2, 0}, {3, 0}}, right{{2, 5}};
  const auto gone =
      difference(left, right, by_name, same_value) |
      ranges::views::filter([](const auto& row) { return row.kind == two_way::only_left; }) |
      ranges::views::transform([](const auto& row) { return row.in[0]->name; }) |
      ranges::to<std::vector>();
  EXPECT_EQ(gone, (std::vector{1, 3}));
}

// Every way in which a name can be in a base and in two lists: absent, or with one of as many
// values as there are lists.
TEST(Difference, OfThreeListsHasEveryOutcome) {
  using cell = std::optional<int>;
  const std::vector<cell> cells{std::nullopt, 1, 2, 3};
  std::map<three_way, int> seen;
  for (const cell& base : cells) {
    for (const cell& left : cells) {
      for (const cell& right : cells) {
        const auto with = [](const cell& c) { return c ? list{{7, *c}} : list(); };
        const list of_base = with(base), of_left = with(left), of_right = with(right);
        const auto rows = difference(of_base, of_left, of_right, by_name, same_value);
        if (!base && !left && !right) {
          EXPECT_EQ(ranges::distance(rows), 0);
          continue;
        }
        ASSERT_EQ(ranges::distance(rows), 1);
        const auto row = *rows.begin();
        const auto expected = left == base && right == base ? three_way::unchanged
                              : right == base               ? three_way::changed_left
                              : left == base                ? three_way::changed_right
                              : left == right               ? three_way::changed_both
                                                            : three_way::conflict;
        EXPECT_EQ(row.kind, expected);
        EXPECT_EQ(row.in[0] != nullptr, base.has_value());
        EXPECT_EQ(row.in[1] != nullptr, left.has_value());
        EXPECT_EQ(row.in[2] != nullptr, right.has_value());
        ++seen[row.kind];
      }
    }
  }
  EXPECT_EQ(seen.size(), 5U);
}

TEST(Difference, OfRandomListsIsWhatAMapSays) {
  std::mt19937 random(1);
  for (int run = 0; run < 2000; ++run) {
    std::array<list, 3> lists;
    std::map<int, std::array<std::optional<int>, 3>> model;
    for (std::size_t i = 0; i < lists.size(); ++i) {
      for (int name = 0; name < 12; ++name) {
        if (random() % 2 == 0) continue;
        const int value = static_cast<int>(random() % 3);
        lists[i].push_back({name, value});
        model[name][i] = value;
      }
    }
    auto expected = model.begin();
    for (const auto& row : difference(lists[0], lists[1], lists[2], by_name, same_value)) {
      ASSERT_NE(expected, model.end());
      const auto& [name, in] = *expected++;
      for (std::size_t i = 0; i < in.size(); ++i) {
        ASSERT_EQ(row.in[i] != nullptr, in[i].has_value());
        if (in[i]) {
          ASSERT_EQ(row.in[i]->name, name);
          ASSERT_EQ(row.in[i]->value, *in[i]);
        }
      }
      ASSERT_EQ(row.kind, three_way_of(in[1] == in[0], in[2] == in[0], in[1] == in[2]));
    }
    ASSERT_EQ(expected, model.end());
  }
}

} // namespace
} // namespace afio::algorithms
