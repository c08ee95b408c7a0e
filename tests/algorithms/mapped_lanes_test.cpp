// Files that are hashed in lanes have the hash that each has alone, whatever becomes of the others.
#include "algorithms/hash/mapped_lanes.hpp"
#include "tests/algorithms/scene.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace afio::unit {
namespace {

using hash_detail::mapped_lanes;

class MappedLanes : public ::testing::Test {
protected:
  struct one {
    std::filesystem::path path;
    std::string text;
    file_handle file;
  };

  void make(std::size_t bytes) {
    one made{scratch_.path() / std::to_string(all_.size()), std::string(bytes, '\0'), {}};
    for (char& c : made.text) c = static_cast<char>(random_());
    std::ofstream(made.path, std::ios::binary) << made.text;
    made.file = take(file_handle::file(path_handle(), path_view(made.path.c_str())));
    all_.push_back(std::move(made));
  }

  mapped_lanes lanes() {
    mapped_lanes made = take(mapped_lanes::make());
    for (const one& each : all_) made.add(each.file, each.text.size());
    return made;
  }

  void expect_hash(const mapped_lanes& of, std::size_t lane) {
    const auto hash = of.hash(lane);
    ASSERT_TRUE(hash) << lane;
    EXPECT_EQ(*hash, spooky_hash128(std::as_bytes(std::span(all_[lane].text)))) << lane;
  }

  std::vector<one> all_;
  std::minstd_rand random_{1};
  const testing::scratch_directory scratch_;
};

TEST_F(MappedLanes, GiveEachItsHash) {
  constexpr std::size_t w = mapped_lanes::window;
  const std::vector<std::vector<std::size_t>> sizes = {
      {},
      {3 * w},
      {w, w, w, w, w, w, w, w},
      {5 * w + 17, 5 * w + 17, 5 * w + 17, 5 * w + 17, 5 * w + 17, 5 * w + 17, 5 * w + 17},
      {0, 1, 191, 192, w - 1, w + 1, 2 * w + 100, 4 * w - 4096},
      {2 * w + 95, 2 * w + 96, w, w, w, w}};
  for (const auto& each : sizes) {
    all_.clear();
    std::uint64_t sum = 0;
    for (const std::size_t bytes : each) make(bytes), sum += bytes;
    mapped_lanes of = lanes();
    std::uint64_t taken = 0;
    while (!of.all_done()) taken += of.step();
    EXPECT_EQ(taken, sum);
    for (std::size_t i = 0; i < each.size(); ++i) expect_hash(of, i);
  }
}

/// Cut before or behind where it has been read to, or to nothing.
TEST_F(MappedLanes, OneThatIsCutIsNoneAndTheOthersGoOn) {
  constexpr std::size_t w = mapped_lanes::window;
  for (const std::size_t to : {std::size_t{0}, w / 2, w + 5000, 3 * w - 4096}) {
    for (const std::size_t which : {0U, 3U, 7U}) {
      all_.clear();
      for (int i = 0; i < 8; ++i) make(3 * w + 10);
      mapped_lanes of = lanes();
      of.step();
      std::filesystem::resize_file(all_[which].path, to);
      while (!of.all_done()) of.step();
      for (std::size_t i = 0; i < 8; ++i) {
        if (i == which)
          EXPECT_FALSE(of.hash(i)) << to;
        else
          expect_hash(of, i);
      }
    }
  }
}

TEST_F(MappedLanes, OneThatGrowsHasTheHashOfWhatItWas) {
  for (int i = 0; i < 8; ++i) make(mapped_lanes::window + 1000);
  mapped_lanes of = lanes();
  of.step();
  std::ofstream(all_[2].path, std::ios::app) << "more";
  while (!of.all_done()) of.step();
  for (std::size_t i = 0; i < 8; ++i) expect_hash(of, i);
}

TEST_F(MappedLanes, OneThatCannotBeMappedIsNoneAndTheOthersGoOn) {
  for (int i = 0; i < 8; ++i) make(2 * mapped_lanes::window);
  mapped_lanes of = lanes();
  {
    const armed kernel({.which = call::mmap, .nth = 5, .native = ENODEV});
    while (!of.all_done()) of.step();
  }
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == 4)
      EXPECT_FALSE(of.hash(i));
    else
      expect_hash(of, i);
  }
}

TEST_F(MappedLanes, HaveNoHashBeforeTheyAreDone) {
  for (int i = 0; i < 2; ++i) make(2 * mapped_lanes::window);
  mapped_lanes of = lanes();
  EXPECT_FALSE(of.hash(0));
  of.step();
  EXPECT_FALSE(of.hash(0));
  of.step();
  expect_hash(of, 0);
}

} // namespace
} // namespace afio::unit
