// The hash has the values that its author's code gives, however the message comes.
#include "algorithms/hash/spooky_hash.hpp"
#include "algorithms/hash/spooky_lanes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace afio::algorithms {
namespace {

using message = std::vector<std::byte>;

/// The message of the golden file.
message golden_message(std::size_t bytes) {
  message made(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    made[i] = static_cast<std::byte>(i * 131 + 7 + (i >> 8) * 17);
  }
  return made;
}

message random_message(std::size_t bytes, std::mt19937_64& random) {
  message made(bytes);
  for (auto& byte : made) byte = static_cast<std::byte>(random());
  return made;
}

struct golden_row {
  std::size_t length;
  hash128 seed;
  hash128 hash;
  std::uint64_t hash64;
  std::uint32_t hash32;
};

const std::vector<golden_row>& golden() {
  static const auto rows = [] {
    std::vector<golden_row> read;
    std::ifstream file("tests/golden/spooky_v2.txt");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with('#')) continue;
      golden_row row{};
      std::istringstream in(line);
      in >> std::dec >> row.length >> std::hex >> row.seed.first >> row.seed.second >>
          row.hash.first >> row.hash.second >> row.hash64 >> row.hash32;
      EXPECT_TRUE(in) << line;
      read.push_back(row);
    }
    return read;
  }();
  return rows;
}

TEST(SpookyHash, HasTheValuesOfItsAuthor) {
  ASSERT_EQ(golden().size(), 1239u);
  for (const auto& row : golden()) {
    const auto m = golden_message(row.length);
    EXPECT_EQ(spooky_hash128(m, row.seed), row.hash) << row.length;
    EXPECT_EQ(spooky_hash64(m, row.seed.first), row.hash64) << row.length;
    EXPECT_EQ(spooky_hash32(m, static_cast<std::uint32_t>(row.seed.first)), row.hash32)
        << row.length;
  }
}

TEST(SpookyHash, DoesNotDependOnAlignment) {
  for (std::size_t length = 0; length < 700; ++length) {
    const auto m = golden_message(length);
    const auto hash = spooky_hash128(m);
    for (std::size_t shift = 1; shift < 8; ++shift) {
      message shifted(shift);
      shifted.insert(shifted.end(), m.begin(), m.end());
      ASSERT_EQ(spooky_hash128(std::span(shifted).subspan(shift)), hash) << length << ' ' << shift;
    }
  }
}

TEST(SpookyHash, EveryByteAndBothSeedsCount) {
  for (std::size_t length : {1, 8, 15, 16, 31, 33, 100, 191, 192, 300}) {
    auto m = golden_message(length);
    const auto hash = spooky_hash128(m);
    for (auto& byte : m) {
      byte ^= std::byte{1};
      EXPECT_NE(spooky_hash128(m), hash);
      byte ^= std::byte{1};
    }
    EXPECT_NE(spooky_hash128(m, {1, 0}), hash);
    EXPECT_NE(spooky_hash128(m, {0, 1}), hash);
  }
}

TEST(SpookyHasher, AnySplitGivesTheHashOfTheWhole) {
  for (std::size_t length = 0; length < 500; ++length) {
    const auto m = golden_message(length);
    const auto hash = spooky_hash128(m, {3, 4});
    for (std::size_t cut = 0; cut <= length; ++cut) {
      spooky_hasher hasher({3, 4});
      hasher.update(std::span(m).first(cut));
      hasher.update(std::span(m).subspan(cut));
      ASSERT_EQ(hasher.final(), hash) << length << ' ' << cut;
    }
  }
}

TEST(SpookyHasher, ManyPiecesGiveTheHashOfTheWholeAndOfEachBeginning) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    const auto m = random_message(random() % 5000, random);
    spooky_hasher hasher;
    for (std::size_t done = 0; done < m.size();) {
      const auto bytes = std::min<std::size_t>(random() % (round + 2), m.size() - done);
      hasher.update(std::span(m).subspan(done, bytes));
      done += bytes;
      ASSERT_EQ(hasher.final(), spooky_hash128(std::span(m).first(done)));
    }
    hasher.init({9, 9});
    hasher.update(m);
    EXPECT_EQ(hasher.final(), spooky_hash128(m, {9, 9}));
  }
}

/// All widths that this processor has.
class SpookyLanes : public testing::TestWithParam<spooky_lanes> {
protected:
  void SetUp() override {
    if (GetParam() > widest_spooky_lanes()) {
      GTEST_SKIP() << "this processor has no vectors of " << static_cast<int>(GetParam())
                   << " words";
    }
  }

  void expect_right(const std::vector<message>& messages, hash128 seed) const {
    const std::vector<std::span<const std::byte>> spans(messages.begin(), messages.end());
    std::vector<hash128> hashes(messages.size());
    spooky_hash128(spans, hashes, seed, GetParam());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      ASSERT_EQ(hashes[i], spooky_hash128(messages[i], seed))
          << i << " of " << messages.size() << ", " << messages[i].size() << " bytes";
    }
  }
};

TEST_P(SpookyLanes, MessagesOfOneLength) {
  std::mt19937_64 random(2);
  for (std::size_t length = 180; length < 700; ++length) {
    std::vector<message> messages;
    for (int i = 0; i < 8; ++i) messages.push_back(random_message(length, random));
    expect_right(messages, {length, 5});
  }
}

TEST_P(SpookyLanes, AnyNumberOfAnyLengths) {
  std::mt19937_64 random(3);
  for (std::size_t count = 0; count < 40; ++count) {
    for (const std::size_t longest : {100, 1000, 20000}) {
      std::vector<message> messages;
      for (std::size_t i = 0; i < count; ++i) {
        messages.push_back(random_message(random() % longest, random));
      }
      expect_right(messages, {random(), random()});
    }
  }
}

TEST_P(SpookyLanes, PiecesOfAnyLengthsGiveTheHashOfTheWhole) {
  std::mt19937_64 random(4);
  for (std::size_t count = 1; count < 20; ++count) {
    for (const std::size_t longest : {1, 100, 300, 5000}) {
      std::vector<message> messages;
      for (std::size_t i = 0; i < count; ++i) {
        messages.push_back(random_message(random() % (8 * longest), random));
      }
      const hash128 seed{random(), random()};
      std::vector<spooky_hasher> hashers(count, spooky_hasher(seed));
      std::vector<std::size_t> done(count, 0);
      while (!std::ranges::equal(done, messages, {}, {}, &message::size)) {
        std::vector<spooky_piece> pieces;
        for (std::size_t i = 0; i < count; ++i) {
          const auto left = std::span<const std::byte>(messages[i]).subspan(done[i]);
          const auto bytes = std::min<std::size_t>(random() % (longest + 1), left.size());
          pieces.push_back({&hashers[i], left.first(bytes)});
          done[i] += bytes;
        }
        spooky_update(pieces, GetParam());
      }
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(hashers[i].final(), spooky_hash128(messages[i], seed)) << i << " of " << count;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SpookyLanes, testing::Values(spooky_lanes::one, spooky_lanes::four, spooky_lanes::eight),
    [](const auto& width) { return "Of" + std::to_string(static_cast<int>(width.param)); });

} // namespace
} // namespace afio::algorithms
