// A record comes back as it was, and nothing else does.
#include "algorithms/hash/hash_record.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace afio::algorithms {
namespace {

hash_record example() {
  return {.hash = {0x0123456789ABCDEF, 0xFEDCBA9876543210},
          .computed = 1'700'000'000,
          .size = 4096,
          .inode = 77,
          .modified = {1'600'000'000, 999'999'999},
          .changed = {-5, 1}};
}

stat_t file_of(const hash_record& r) {
  stat_t s;
  s.size = r.size;
  s.id.inode = r.inode;
  s.modified = r.modified;
  s.changed = r.changed;
  return s;
}

TEST(HashRecord, ComesBackAsItWas) {
  const hash_record r = example();
  EXPECT_EQ(decode_hash_record(*encode(r)), r);
  EXPECT_EQ(decode_hash_record(*encode({})), hash_record());
}

TEST(HashRecord, HasOneFormOnAllMachines) {
  const auto bytes = *encode(example());
  EXPECT_EQ(bytes[8], std::byte{0xEF}); // The hash.
  EXPECT_EQ(bytes[23], std::byte{0xFE});
  EXPECT_EQ(bytes[25], std::byte{0x10}); // The size.
  EXPECT_EQ(bytes[32], std::byte{77});
  EXPECT_EQ(inode_of(bytes), 77U);
  EXPECT_EQ(bytes[48], std::byte{1}); // Nanoseconds of the change; -5 s above them.
  EXPECT_EQ(bytes[55], std::byte{0xFF});
}

TEST(HashRecord, WithAnyBitChangedIsNone) {
  const auto good = *encode(example());
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(decode_hash_record(bad)) << bit;
  }
}

TEST(HashRecord, OfAnotherLengthIsNone) {
  const auto good = *encode(example());
  EXPECT_FALSE(decode_hash_record(std::span(good).first(hash_record_size - 1)));
  EXPECT_FALSE(decode_hash_record({}));
  std::array<std::byte, hash_record_size + 1> longer{};
  std::copy(good.begin(), good.end(), longer.begin());
  EXPECT_FALSE(decode_hash_record(longer));
}

TEST(HashRecord, HasNoRoomForFarTimes) {
  hash_record r = example();
  for (const std::int64_t seconds : {std::int64_t{1} << 33, -(std::int64_t{1} << 33) - 1}) {
    r.modified = {seconds, 0};
    EXPECT_FALSE(encode(r));
    r.modified.seconds += seconds < 0 ? 1 : -1;
    EXPECT_EQ(decode_hash_record(*encode(r)), r);
  }
  r.changed.nanoseconds = 1'000'000'000;
  EXPECT_FALSE(encode(r));
}

TEST(HashRecord, DescribesTheFileExactlyAsItWas) {
  const hash_record r = example();
  EXPECT_TRUE(r.describes(file_of(r)));
  const auto differs = [&](auto change) {
    stat_t s = file_of(r);
    change(s);
    return !r.describes(s);
  };
  EXPECT_TRUE(differs([](stat_t& s) { ++s.size; }));
  EXPECT_TRUE(differs([](stat_t& s) { ++s.id.inode; }));
  EXPECT_TRUE(differs([](stat_t& s) { --s.modified.nanoseconds; }));
  EXPECT_TRUE(differs([](stat_t& s) { ++s.modified.seconds; }));
  EXPECT_TRUE(differs([](stat_t& s) { ++s.changed.nanoseconds; }));
  EXPECT_TRUE(differs([](stat_t& s) { --s.changed.seconds; }));
}

} // namespace
} // namespace afio::algorithms
