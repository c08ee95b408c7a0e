// Random operations on a trivial_vector and on a std::vector: they never differ.
#include "algorithms/mapping/trivial_vector.hpp"
#include "tests/mapping/elements.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace afio::unit {
namespace {

using algorithms::trivial_vector;

template <class T>
class VectorModel : public ::testing::Test {};

using elements = ::testing::Types<char, int, three_bytes, line, wide, one_by_default>;
TYPED_TEST_SUITE(VectorModel, elements);

template <class T>
class pair_of_vectors {
public:
  explicit pair_of_vectors(std::uint32_t seed) : random_(seed) {}

  void step() {
    switch (below(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      return both([x = some()](auto& v) { v.push_back(x); });
    case 5:
      return both([x = some()](auto& v) { v.emplace_back(x); });
    case 6:
      if (model.empty()) return;
      return both([](auto& v) { v.pop_back(); });
    case 7:
      return both([at = place(), x = some()](auto& v) { v.insert(v.begin() + at, x); });
    case 8:
      return both(
          [at = place(), n = below(20), x = some()](auto& v) { v.insert(v.begin() + at, n, x); });
    case 9: {
      const std::vector<T> more(below(20), some());
      return both(
          [at = place(), &more](auto& v) { v.insert(v.begin() + at, more.begin(), more.end()); });
    }
    case 10: {
      // Of itself, of which the standard says nothing: by way of a copy in the model.
      const std::size_t from = place(), n = below(model.size() - from + 1) % 50, at = place();
      const std::vector<T> copy(model.begin() + from, model.begin() + from + n);
      model.insert(model.begin() + at, copy.begin(), copy.end());
      ours.insert(ours.begin() + at, ours.begin() + from, ours.begin() + from + n);
      return;
    }
    case 11:
    case 12: {
      const std::size_t from = place(), n = below(model.size() - from + 1) % 30;
      return both([=](auto& v) { v.erase(v.begin() + from, v.begin() + from + n); });
    }
    case 13:
      if (model.empty()) return;
      return both([at = below(model.size())](auto& v) { v.erase(v.begin() + at); });
    case 14:
      return both([n = below(model.size() + 40)](auto& v) { v.resize(n); });
    case 15:
      return both([n = below(model.size() + 40), x = some()](auto& v) { v.resize(n, x); });
    case 16:
      if (below(100) != 0) return;
      return both([](auto& v) { v.shrink_to_fit(); });
    case 17:
      if (model.empty()) return;
      return both([at = below(model.size()), x = some()](auto& v) { v[at] = x; });
    case 18:
      // Now and then all goes, or comes from elsewhere, or is much more.
      switch (below(400)) {
      case 0:
        return both([](auto& v) { v.clear(); });
      case 1:
        return both([n = below(9'000)](auto& v) { v.resize(n); });
      case 2:
        return both([](auto& v) {
          auto copy = v;
          v = std::move(copy);
        });
      case 3:
        return both([n = below(100), x = some()](auto& v) { v.assign(n, x); });
      case 4: {
        const std::size_t from = place();
        model.erase(model.begin(), model.begin() + from);
        ours.assign(ours.begin() + from, ours.end());
        return;
      }
      default:
        return;
      }
    default:
      return both([at = place(), x = some()](auto& v) { v.emplace(v.begin() + at, x); });
    }
  }

  bool sizes_agree() const { return ours.size() == model.size() && ours.capacity() >= ours.size(); }

  bool agree() const {
    return sizes_agree() && std::equal(ours.begin(), ours.end(), model.begin(), model.end());
  }

private:
  template <class F>
  void both(F act) {
    act(ours);
    act(model);
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }

  std::size_t place() { return below(model.size() + 1); }

  T some() { return value<T>(static_cast<int>(below(100))); }

  trivial_vector<T> ours;
  std::vector<T> model;
  std::mt19937 random_;
};

TYPED_TEST(VectorModel, RandomOperationsNeverDiffer) {
  constexpr int operations = 200'000; // Six types.
  pair_of_vectors<TypeParam> pair(17);
  for (int i = 0; i < operations; ++i) {
    pair.step();
    ASSERT_TRUE(pair.sizes_agree()) << "after " << i;
    if (i % 64 == 0) {
      ASSERT_TRUE(pair.agree()) << "after " << i;
    }
  }
  EXPECT_TRUE(pair.agree());
}

} // namespace
} // namespace afio::unit
