// Elements handed over with their pages, or copied where that is said.
#include "algorithms/mapping/transfer.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <numeric>

namespace afio::unit {
namespace {

using algorithms::mapped_view;
using algorithms::reinterpret;
using algorithms::transfer;
using algorithms::trivial_vector;

trivial_vector<int> counted(int n) {
  trivial_vector<int> v(static_cast<std::size_t>(n));
  std::iota(v.begin(), v.end(), -1);
  return v;
}

TEST(Transfer, BetweenViewAndVectorThePagesGo) {
  auto v = counted(5000);
  const auto* const there = v.data();
  auto view = take(transfer<mapped_view<int>>(std::move(v)));
  EXPECT_TRUE(v.empty());
  EXPECT_EQ(view.data(), there);
  EXPECT_EQ(view.size(), 5000U);
  auto back = take(transfer<trivial_vector<int>>(std::move(view)));
  EXPECT_TRUE(view.empty());
  EXPECT_EQ(back.data(), there);
  EXPECT_EQ(back, counted(5000));
  back.push_back(7);
  EXPECT_EQ(back.back(), 7);
}

TEST(Transfer, BetweenIntegersOfOneSizeToo) {
  auto v = counted(10);
  const void* const there = v.data();
  const auto u = take(transfer<trivial_vector<std::uint32_t>>(std::move(v)));
  EXPECT_EQ(u.data(), there);
  EXPECT_EQ(u[0], 0xFFFFFFFF);
}

TEST(Transfer, ConvertsWhereBitsWouldChange) {
  const auto f = take(transfer<trivial_vector<float>>(counted(10)));
  EXPECT_EQ(f[0], -1.0F);
  EXPECT_EQ(f[9], 8.0F);
  const auto wider = take(transfer<mapped_view<const std::int64_t>>(counted(5000)));
  EXPECT_EQ(wider.size(), 5000U);
  EXPECT_EQ(wider[0], -1);
  EXPECT_EQ(wider.back(), 4998);
}

TEST(Transfer, OfNothingIsNothing) {
  EXPECT_TRUE(take(transfer<mapped_view<int>>(trivial_vector<int>())).empty());
  EXPECT_TRUE(take(transfer<trivial_vector<float>>(mapped_view<int>())).empty());
}

TEST(Reinterpret, TakesTheBytesAsTheyAre) {
  trivial_vector<float> f{1.0F, 2.0F};
  const void* const there = f.data();
  auto bits = take(reinterpret<trivial_vector<std::uint32_t>>(std::move(f)));
  EXPECT_EQ(bits.data(), there);
  EXPECT_EQ(bits[0], 0x3F800000U);
  const auto again = take(reinterpret<mapped_view<const float>>(std::move(bits)));
  EXPECT_EQ(again[1], 2.0F);
}

class TransferOfFiles : public scene {};

TEST_F(TransferOfFiles, ViewsKeepTheirFileAndVectorsCopy) {
  auto file = take(file_handle::in_memory());
  take(file.truncate(5000 * sizeof(int)));
  auto view = take(mapped_view<int>::of(file));
  view[1] = 3;
  EXPECT_TRUE(failed_with(reinterpret<trivial_vector<float>>(std::move(view)), EOPNOTSUPP));
  EXPECT_EQ(view.size(), 5000U); // As it was.
  auto unsigned_view = take(transfer<mapped_view<unsigned>>(std::move(view)));
  unsigned_view[2] = 4;
  const auto own = take(transfer<trivial_vector<unsigned>>(std::move(unsigned_view)));
  EXPECT_TRUE(unsigned_view.empty());
  EXPECT_EQ(own.size(), 5000U);
  EXPECT_EQ(own[1], 3U);
  EXPECT_EQ(own[2], 4U);
}

TEST_F(TransferOfFiles, APartIsCopied) {
  auto file = take(file_handle::in_memory());
  take(file.truncate(5000 * sizeof(int)));
  auto part = take(mapped_view<int>::of(file, {.first = 1}));
  part[0] = 9;
  EXPECT_TRUE(failed_with(reinterpret<mapped_view<float>>(std::move(part)), EINVAL));
  const auto own = take(transfer<mapped_view<int>>(std::move(part)));
  EXPECT_EQ(own.size(), 4999U);
  EXPECT_EQ(own[0], 9);
}

} // namespace
} // namespace afio::unit
