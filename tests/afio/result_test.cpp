#include "afio/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace afio {
namespace {

result<int> half(int number) noexcept {
  if (number % 2 != 0) return error(EDOM, call::verify, "odd");
  return number / 2;
}

result<int> quarter(int number) noexcept {
  AFIO_TRY(const int once, half(number));
  return half(once);
}

TEST(Result, HoldsAValueOrAnError) {
  const auto good = half(4);
  ASSERT_TRUE(good);
  EXPECT_EQ(good.assume_value(), 2);

  const auto bad = half(3);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.assume_error().native(), EDOM);
}

TEST(Result, TryPassesOnTheErrorWhole) {
  EXPECT_EQ(quarter(8).assume_value(), 2);
  for (const int odd : {3, 6}) {
    const auto bad = quarter(odd);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.assume_error().name(), "odd");
    EXPECT_EQ(bad.assume_error().origin(), call::verify);
  }
}

TEST(Result, ValueOfAnErrorThrowsItsCode) {
  try {
    (void)half(3).value();
    FAIL() << "nothing was thrown";
  } catch (const std::system_error& thrown) {
    EXPECT_EQ(thrown.code(), std::error_code(EDOM, std::system_category()));
  }
  EXPECT_EQ(half(4).value(), 2);
}

TEST(Result, CarriesWhatOnlyMoves) {
  result<std::unique_ptr<int>> r = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(r).assume_value();
  EXPECT_EQ(*taken, 7);
}

} // namespace
} // namespace afio
