// Zeros in data are found where a model in memory has them.
#include "algorithms/holes/zero_runs.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <vector>

#include <unistd.h>

namespace afio::unit {
namespace {

using algorithms::zero_runs;

constexpr std::uint64_t block = 4'096;

class ZeroRuns : public scene {
protected:
  void write(const std::vector<std::byte>& content, std::uint64_t at = 0) {
    take(file.write(content, at));
  }

  /// Blocks as a text: 'x' data that is not zero, '0' zeros that were written, '.' a hole.
  void lay_out(std::string_view blocks) {
    take(file.truncate(0));
    take(file.truncate(blocks.size() * block));
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i] != '.')
        write(std::vector<std::byte>(block, std::byte(blocks[i] == 'x')), i * block);
    }
  }

  std::vector<extent> runs(std::uint64_t least, std::uint64_t end = ~std::uint64_t{0}) {
    std::vector<std::byte> through(buffer_size);
    zero_runs search(file, std::min(end, take(file.size())), through,
                     {.least = least, .block = block, .counters = &counters});
    if (maps) search.map_under(file, lease::write);
    std::vector<extent> found;
    for (;;) {
      const auto run = take(search.next());
      if (!run) return found;
      if (run->length != 0) found.push_back(*run);
    }
  }

  std::size_t buffer_size = 4 * block;
  bool maps = false;
  algorithms::progress counters;
  file_handle file = take(
      file_handle::file(dir, leaf("f"), {.mode = mode::write, .creation = creation::if_needed}));
};

using list = std::vector<extent>;

TEST_F(ZeroRuns, AreFoundInDataAlone) {
  lay_out("x00x..00.xx0");
  EXPECT_EQ(runs(block), (list{{block, 2 * block}, {6 * block, 2 * block}, {11 * block, block}}));
}

TEST_F(ZeroRuns, ThatAreTooShortAreNotTold) {
  lay_out("x0x00x000x0");
  EXPECT_EQ(runs(2 * block), (list{{3 * block, 2 * block}, {6 * block, 3 * block}}));
  EXPECT_EQ(runs(4 * block), list{});
}

TEST_F(ZeroRuns, AreWholeBlocks) {
  write(std::vector<std::byte>(3 * block - 1));
  EXPECT_EQ(runs(block), (list{{0, 2 * block}}));
  std::vector<std::byte> content(4 * block);
  content[block] = content[3 * block - 1] = std::byte{1};
  write(content);
  EXPECT_EQ(runs(block), (list{{0, block}, {3 * block, block}}));
}

TEST_F(ZeroRuns, AreToldInPartsOfWhichTheLastMayBeShort) {
  buffer_size = 256 << 10;
  write(std::vector<std::byte>(2 * zero_runs::part + block));
  write({std::byte{1}}, 2 * zero_runs::part + block);
  EXPECT_EQ(runs(10 * block), (list{{0, zero_runs::part},
                                    {zero_runs::part, zero_runs::part},
                                    {2 * zero_runs::part, block}}));
}

TEST_F(ZeroRuns, LetTheCallerLookAboutWhereThereAreNone) {
  buffer_size = 256 << 10;
  write(std::vector<std::byte>(3 * zero_runs::part, std::byte{1}));
  std::vector<std::byte> through(buffer_size);
  zero_runs search(file, 3 * zero_runs::part, through, {.least = block, .block = block});
  int pauses = 0;
  while (const auto run = take(search.next())) pauses += run->length == 0 ? 1 : 1'000;
  EXPECT_EQ(pauses, 3);
}

TEST_F(ZeroRuns, OfAThousandRandomLayoutsAgreeWithAModel) {
  ASSERT_TRUE(take(file.try_lease(lease::write)));
  for (unsigned seed = 0; seed < 1'000; ++seed) {
    maps = seed % 2 == 0;
    std::mt19937 random(seed);
    std::string blocks;
    while (blocks.size() < 40) blocks.append(1 + random() % 6, "x0."[random() % 3]);
    lay_out(blocks);
    const std::size_t least = 1 + random() % 4;
    list expected;
    for (std::size_t at = 0; at < blocks.size();) {
      const std::size_t end = std::min(blocks.find_first_not_of(blocks[at], at), blocks.size());
      if (blocks[at] == '0' && end - at >= least)
        expected.push_back({at * block, (end - at) * block});
      at = end;
    }
    ASSERT_EQ(runs(least * block), expected) << blocks << " " << least;
  }
}

TEST_F(ZeroRuns, EndWhereTheCallerSaysOrTheFileIsCut) {
  lay_out("00000000");
  EXPECT_EQ(runs(block, 3 * block), (list{{0, 3 * block}}));
  const just_before reading(call::pread64, 2, [&] {
    EXPECT_EQ(::truncate((scratch / "f").c_str(), static_cast<off_t>(5 * block)), 0);
  });
  EXPECT_EQ(runs(block), (list{{0, 5 * block}}));
  EXPECT_EQ(reading.times(), 1);
}

TEST_F(ZeroRuns, AreReadInsteadOfMappedOnceTheLeaseIsWanted) {
  std::string blocks;
  for (int i = 0; i < 4'096; ++i) blocks += i % 2 == 0 ? "x0" : "00";
  lay_out(blocks);
  auto reader = take(file_handle::file(dir, leaf("f")));
  take(file.close());
  std::vector<std::byte> through(256 << 10);
  zero_runs search(reader, blocks.size() * block, through, {.least = block, .block = block});
  ASSERT_TRUE(take(reader.try_lease(lease::read)));
  search.map_under(reader, lease::read);
  const armed counting;
  ASSERT_TRUE(take(search.next()));
  EXPECT_EQ(detail::calls_seen(call::pread64), 0U);
  EXPECT_TRUE(failed_with(file_handle::file(dir, leaf("f"), {.mode = mode::write}), EAGAIN));
  while (take(search.next())) {
  }
  EXPECT_GT(detail::calls_seen(call::pread64), 0U);
  EXPECT_TRUE(succeeded(file_handle::file(dir, leaf("f"), {.mode = mode::write})))
      << "it was given back";
}

TEST_F(ZeroRuns, AreReadWhereTheFileCannotBeMapped) {
  lay_out("x00x");
  ASSERT_TRUE(take(file.try_lease(lease::write)));
  maps = true;
  for (const call which : {call::mmap, call::madvise}) {
    const armed fails({.which = which, .native = EINVAL});
    EXPECT_EQ(runs(block), (list{{block, 2 * block}}));
    EXPECT_EQ(detail::calls_seen(which), 1U);
  }
}

TEST_F(ZeroRuns, CountWhatIsRead) {
  lay_out("x0..xx");
  (void)runs(block);
  EXPECT_EQ(counters.bytes, 4 * block);
}

TEST_F(ZeroRuns, AreNotMadeUpWhereTheFileCannotBeRead) {
  lay_out("x0");
  std::vector<std::byte> through(buffer_size);
  for (const call which : {call::pread64, call::lseek}) {
    const armed fails({.which = which, .native = EIO});
    zero_runs search(file, 2 * block, through, {.least = block, .block = block});
    EXPECT_TRUE(failed_with(search.next(), EIO));
  }
  std::stop_source stop;
  stop.request_stop();
  zero_runs search(file, 2 * block, through,
                   {.least = block, .block = block, .stop = stop.get_token()});
  EXPECT_TRUE(failed_with(search.next(), ECANCELED));
}

} // namespace
} // namespace afio::unit
