// Memory as it is mapped, grows, shrinks, is given back, and fails.
#include "afio/detail/cache_lines.hpp"
#include "afio/map_handle.hpp"
#include "afio/memory_usage.hpp"
#include "tests/afio/in_child.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>

namespace afio::unit {
namespace {

const std::uint64_t page = page_size();
constexpr auto read_only = map_flags::read;
constexpr auto read_write = map_flags::read | map_flags::write;

/// A byte that tells where it is.
std::byte mark(std::uint64_t offset) { return static_cast<std::byte>(offset % 251 + 1); }

void fill(buffer bytes, std::uint64_t offset = 0) {
  for (std::byte& b : bytes) b = mark(offset++);
}

::testing::AssertionResult is_filled(const_buffer bytes, std::uint64_t offset = 0) {
  for (const std::byte& b : bytes)
    if (b != mark(offset++)) return ::testing::AssertionFailure() << "not so at " << offset - 1;
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult is_zero(const_buffer bytes) {
  const auto found =
      std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{}; });
  if (found == bytes.end()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "a byte at " << found - bytes.begin();
}

/// How many pages are in memory.
std::uint64_t resident(const map_handle& map) {
  std::vector<unsigned char> pages(map.reservation() / page);
  if (::mincore(map.address(), map.reservation(), pages.data()) != 0)
    throw std::runtime_error("mincore");
  return static_cast<std::uint64_t>(
      std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return (p & 1) != 0; }));
}

/// Whether the kernel has this of the memory at an address ("nr": no swap set aside).
bool has_kernels_flag(const std::byte* at, std::string_view wanted) {
  std::ifstream smaps("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long from = 0;
    unsigned long to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2) {
      const auto address = reinterpret_cast<unsigned long>(at);
      here = from <= address && address < to;
    } else if (here && line.starts_with("VmFlags:")) {
      return (line + ' ').find(' ' + std::string(wanted) + ' ') != std::string::npos;
    }
  }
  throw std::runtime_error("nothing is mapped there");
}

/// A page that somebody else has, behind a map, so that it cannot grow where it is.
class obstacle {
public:
  explicit obstacle(const map_handle& map)
      : at_(::mmap(map.address() + map.reservation(), page, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)) {}

  obstacle(const obstacle&) = delete;
  obstacle& operator=(const obstacle&) = delete;

  ~obstacle() {
    if (at_ != MAP_FAILED) ::munmap(at_, page); // Else something was there already.
  }

private:
  void* at_;
};

class Map : public scene {
protected:
  Map() {
    content.resize(5 * page + 100);
    fill(content);
    take(file.write(content, 0));
  }

  section_handle section() const { return take(section_handle::section(file)); }

  map_handle mapped(map_options options = {}) const {
    return take(map_handle::map(section(), options));
  }

  std::vector<std::byte> in_file() const {
    std::vector<std::byte> bytes(take(file.size()));
    for (std::size_t done = 0; done < bytes.size();)
      done += take(file.read(buffer(bytes).subspan(done), done));
    return bytes;
  }

  std::vector<std::byte> content;
  file_handle file = take(
      file_handle::file(dir, leaf("f"), {.mode = mode::write, .creation = creation::if_needed}));
};

// ----------------------------------------------------------------------------------------- mapping

TEST_F(Map, HasThePartThatWasAskedFor) {
  const auto whole = mapped();
  EXPECT_EQ(whole.length(), content.size());
  EXPECT_EQ(whole.reservation(), 6 * page);
  EXPECT_EQ(whole.page_size(), page);
  EXPECT_TRUE(is_filled(whole.bytes()));
  const auto some = mapped({.part = {2 * page, 50}});
  EXPECT_EQ(some.length(), 50U);
  EXPECT_EQ(some.offset(), 2 * page);
  EXPECT_TRUE(is_filled(some.bytes(), 2 * page));
  const auto rest = mapped({.part = {4 * page, 0}, .reservation = 7 * page + 1});
  EXPECT_EQ(rest.length(), page + 100);
  EXPECT_EQ(rest.reservation(), 8 * page);
  EXPECT_TRUE(is_filled(rest.bytes(), 4 * page));
}

TEST_F(Map, StoresIntoTheFileEvenWhenItsNameIsGone) {
  const auto map = mapped();
  const auto another = mapped({.flags = read_only});
  take(file.unlink(dir, leaf("f")));
  map.bytes()[page] = std::byte{};
  EXPECT_EQ(another.bytes()[page], std::byte{});
  EXPECT_EQ(in_file()[page], std::byte{});
}

TEST_F(Map, OfNothingOrWithWhatCannotBeIsInvalid) {
  constexpr std::uint64_t huge = std::uint64_t{1} << 63;
  const auto empty = take(section_handle::section(0));
  EXPECT_TRUE(failed_with(map_handle::map(empty), EINVAL));
  EXPECT_TRUE(failed_with(map_handle::map(section(), {.part = {100 * page, 0}}), EINVAL));
  EXPECT_TRUE(failed_with(map_handle::map(section(), {.part = {1, 10}}), EINVAL));
  EXPECT_TRUE(failed_with(map_handle::map(section(), {.part = {huge, 10}}), EINVAL));
  EXPECT_TRUE(failed_with(map_handle::map(section(), {.part = {0, huge}}), EINVAL));
  EXPECT_TRUE(failed_with(map_handle::map(section(), {.reservation = huge}), EINVAL));
  EXPECT_TRUE(failed_with(map_handle::map(section(), {.part = {0, huge + 5}}), EINVAL));
  const auto both = map_flags::cow | map_flags::non_volatile;
  EXPECT_TRUE(failed_with(map_handle::map(section(), {.flags = both}), EINVAL));
  for (const std::uint64_t bytes : {std::uint64_t{0}, huge, ~std::uint64_t{0}}) {
    EXPECT_TRUE(failed_with(map_handle::map(bytes), EINVAL)) << bytes;
    EXPECT_TRUE(failed_with(map_handle::reserve(bytes), EINVAL)) << bytes;
  }
  for (const std::uint64_t size : {std::uint64_t{1}, 3 * page, 2 * page, page / 2, huge})
    EXPECT_TRUE(failed_with(map_handle::map(1, {.page_size = size}), EINVAL)) << size;
}

TEST_F(Map, WithoutAddressesLeftIsOutOfMemory) {
  constexpr std::uint64_t more_than_there_is = std::uint64_t{1} << 60;
  EXPECT_TRUE(failed_with(map_handle::map(more_than_there_is), ENOMEM));
  EXPECT_TRUE(failed_with(map_handle::reserve(more_than_there_is), ENOMEM));
  EXPECT_TRUE(failed_with(map_handle::map(section(), {.reservation = more_than_there_is}), ENOMEM));
  auto memory = take(map_handle::map(page));
  const auto grown = memory.truncate(more_than_there_is, placement::anywhere);
  EXPECT_TRUE(failed_with(grown, ENOMEM) || failed_with(grown, EINVAL)); // As kernels differ.
  EXPECT_TRUE(failed_with(memory.truncate(std::uint64_t{1} << 46, placement::in_place), ENOMEM));
  EXPECT_EQ(memory.length(), page);
  EXPECT_EQ(in_child([] {
              const rlimit little{1 << 20, 1 << 20};
              ::setrlimit(RLIMIT_AS, &little);
              return map_handle::map(1 << 28).assume_error().native();
            }),
            ENOMEM);
}

TEST_F(Map, OfWhatCannotBeMappedIsNoSuchDevice) {
  const auto made_up = file_handle::file(path_handle::working_directory(),
                                         path_view("/sys/kernel/mm/transparent_hugepage/enabled"));
  if (!made_up) GTEST_SKIP() << made_up.assume_error().message();
  const auto s = take(section_handle::section(made_up.assume_value()));
  EXPECT_TRUE(failed_with(map_handle::map(s, {.flags = read_only}), ENODEV));
}

TEST_F(Map, NonVolatileNeedsPersistentMemory) {
  EXPECT_TRUE(failed_with(
      map_handle::map(section(), {.flags = read_write | map_flags::non_volatile}), EOPNOTSUPP));
}

TEST_F(Map, IsTouchedOnlyAsItsFlagsSay) {
  const auto none = mapped({.flags = map_flags::none});
  EXPECT_EQ(reading(none.address()), -SIGSEGV);
  const auto reads = mapped({.flags = read_only});
  EXPECT_EQ(reading(reads.address()), 0);
  EXPECT_EQ(storing(reads.address()), -SIGSEGV);
  for (const auto flags : {map_flags::write, map_flags::cow}) {
    const auto writes = mapped({.flags = flags});
    EXPECT_EQ(reading(writes.address()), 0);
    EXPECT_EQ(storing(writes.address()), 0);
  }
  EXPECT_EQ(storing(take(map_handle::map(1)).address()), 0);
}

TEST_F(Map, CopyOnWriteIsItsOwnAndNeverTheFiles) {
  const auto cow = mapped({.flags = map_flags::cow});
  fill(cow.bytes(), 1);
  EXPECT_TRUE(succeeded(cow.barrier(barrier_kind::data)));
  EXPECT_EQ(in_file(), content);
  EXPECT_TRUE(is_filled(mapped().bytes()));
  EXPECT_TRUE(is_filled(cow.bytes(), 1));
}

TEST_F(Map, SetsMemoryAsideUnlessToldNotTo) {
  EXPECT_TRUE(has_kernels_flag(take(map_handle::map(page)).address(), "ac"));
  const auto spare = take(map_handle::map(page, {.reservation = 1 << 30}));
  EXPECT_TRUE(has_kernels_flag(spare.address(), "ac"));
  EXPECT_FALSE(has_kernels_flag(spare.address() + page, "ac"));
  for (const std::uint64_t reservation : {std::uint64_t{0}, 100 * page}) {
    const auto none = take(map_handle::map(
        page, {.flags = read_write | map_flags::nocommit, .reservation = reservation}));
    EXPECT_TRUE(has_kernels_flag(none.address(), "nr"));
    EXPECT_FALSE(has_kernels_flag(none.address(), "ac"));
  }
}

TEST_F(Map, PrefaultedIsInMemory) {
  EXPECT_EQ(resident(take(map_handle::map(10 * page))), 0U);
  EXPECT_EQ(resident(take(map_handle::map(
                10 * page, {.flags = read_write | map_flags::prefault, .reservation = 20 * page}))),
            10U);
  const auto file_map = mapped({.flags = map_flags::cow | map_flags::prefault});
  EXPECT_EQ(resident(file_map), 6U);
  EXPECT_TRUE(failed_with(
      map_handle::map(section(), {.part = {0, 7 * page}, .flags = read_only | map_flags::prefault}),
      EFAULT));
}

TEST_F(Map, GoesWithItsOwner) {
  auto one = mapped({.part = {page, page}, .flags = read_only});
  std::byte* const there = one.address();
  auto other = std::move(one);
  EXPECT_FALSE(one.is_open());
  EXPECT_EQ(one.length(), 0U);
  EXPECT_TRUE(one.bytes().empty());
  EXPECT_EQ(other.address(), there);
  auto third = take(map_handle::map(3 * page));
  std::byte* const gone = third.address();
  third = std::move(other);
  EXPECT_EQ(third.address(), there);
  EXPECT_EQ(third.offset(), page);
  EXPECT_EQ(third.flags(), read_only);
  EXPECT_FALSE(other.is_open());
  EXPECT_EQ(reading(gone), -SIGSEGV);
  take(third.close());
  EXPECT_EQ(reading(there), -SIGSEGV);
  EXPECT_TRUE(succeeded(third.close()));
}

TEST_F(Map, ThatIsClosedHasNoParts) {
  map_handle never_open;
  map_handle not_any_more = take(map_handle::map(page));
  take(not_any_more.close());
  for (map_handle* each : {&never_open, &not_any_more}) {
    map_handle& closed = *each;
    EXPECT_TRUE(succeeded(closed.commit({})));
    EXPECT_TRUE(succeeded(closed.decommit({})));
    EXPECT_TRUE(succeeded(closed.zero_memory({})));
    EXPECT_TRUE(succeeded(closed.prefetch({})));
    EXPECT_TRUE(succeeded(closed.prefault({})));
    EXPECT_TRUE(succeeded(closed.advise({}, access_pattern::random)));
    EXPECT_TRUE(succeeded(closed.barrier(barrier_kind::data)));
    EXPECT_TRUE(failed_with(closed.commit({0, 1}), EINVAL));
    EXPECT_TRUE(failed_with(closed.truncate(1, placement::anywhere), EINVAL));
  }
}

TEST_F(Map, PartsAreWithinTheReservation) {
  auto map = take(map_handle::map(page, {.reservation = 4 * page}));
  for (const extent part : {extent{0, 4 * page + 1}, extent{4 * page, 1}, extent{4 * page + 1, 0},
                            extent{~std::uint64_t{0}, 2}, extent{1, ~std::uint64_t{0}}}) {
    EXPECT_TRUE(failed_with(map.commit(part), EINVAL));
    EXPECT_TRUE(failed_with(map.decommit(part), EINVAL));
    EXPECT_TRUE(failed_with(map.zero_memory(part), EINVAL));
    EXPECT_TRUE(failed_with(map.do_not_store(part), EINVAL));
    EXPECT_TRUE(failed_with(map.prefetch(part), EINVAL));
    EXPECT_TRUE(failed_with(map.prefault(part), EINVAL));
    EXPECT_TRUE(failed_with(map.advise(part, access_pattern::normal), EINVAL));
    EXPECT_TRUE(failed_with(map.barrier(barrier_kind::data, part), EINVAL));
  }
}

// ------------------------------------------------------------------------------ the section's end

TEST_F(Map, LastPageIsZerosBehindTheEnd) {
  const auto map = mapped();
  EXPECT_TRUE(is_zero({map.address() + content.size(), 6 * page - content.size()}));
}

TEST_F(Map, PagesBehindTheEndComeWithTheSection) {
  const auto map = mapped({.reservation = 8 * page});
  std::byte* const behind = map.address() + 7 * page;
  EXPECT_EQ(reading(behind), -SIGBUS);
  take(file.truncate(8 * page));
  *behind = std::byte{1};
  EXPECT_EQ(in_file()[7 * page], std::byte{1});
  take(section().truncate(page));
  EXPECT_EQ(reading(behind), -SIGBUS);
  EXPECT_EQ(reading(map.address() + page), -SIGBUS);
  EXPECT_EQ(reading(map.address()), 0);
}

// -------------------------------------------------------------------------------- grow and shrink

TEST_F(Map, OfMemoryGrowsByZerosToTheByteAndStaysWhereItIs) {
  std::mt19937 random(1);
  const std::uint64_t most = 16 * page;
  auto map = take(map_handle::map(1, {.reservation = most}));
  std::byte* const there = map.address();
  std::vector<std::byte> model(1);
  for (int i = 0; i < 2'000; ++i) {
    const std::uint64_t bytes =
        random() % 3 == 0 ? (random() % 16 + 1) * page : random() % most + 1;
    take(map.truncate(bytes, placement::in_place));
    model.resize(bytes);
    ASSERT_EQ(map.address(), there);
    ASSERT_EQ(map.length(), bytes);
    ASSERT_TRUE(std::equal(model.begin(), model.end(), map.bytes().begin()));
    ASSERT_EQ(map.reservation(), most);
    const std::uint64_t at = random() % bytes;
    const std::uint64_t count = std::min(random() % (3 * page), bytes - at);
    fill({map.address() + at, count}, random());
    std::copy_n(map.address() + at, count, model.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

TEST_F(Map, BehindItsLengthIsNotMemory) {
  auto map = take(map_handle::map(3 * page, {.reservation = 9 * page}));
  EXPECT_EQ(reading(map.address() + 3 * page), -SIGSEGV);
  take(map.truncate(page + 1, placement::in_place));
  EXPECT_EQ(reading(map.address() + 2 * page), -SIGSEGV);
  EXPECT_EQ(storing(map.address() + 2 * page - 1), 0);
}

TEST_F(Map, ThatShrankGrowsBeyondWhatItHad) {
  for (const std::uint64_t reservation : {std::uint64_t{0}, 20 * page}) {
    auto map = take(map_handle::map(10 * page, {.reservation = reservation}));
    for (int i = 0; i < 3; ++i) {
      fill(map.bytes());
      const std::uint64_t before = map.reservation();
      const obstacle in_the_way(map);
      take(map.truncate(2 * page, placement::anywhere));
      take(map.truncate(5 * page, placement::anywhere));
      map.bytes()[4 * page] = std::byte{1};
      ASSERT_TRUE(failed_with(map.truncate(before + 1, placement::in_place), ENOMEM));
      ASSERT_EQ(map.length(), 5 * page);
      ASSERT_EQ(reading(map.address() + 5 * page), -SIGSEGV);
      ASSERT_TRUE(succeeded(map.truncate(before + page, placement::anywhere)));
      EXPECT_TRUE(is_filled(map.bytes().first(2 * page)));
      EXPECT_EQ(map.bytes()[4 * page], std::byte{1});
      EXPECT_TRUE(is_zero(map.bytes().subspan(5 * page)));
    }
  }
}

TEST_F(Map, GrowsWhereItIsWhileNothingIsInTheWay) {
  constexpr std::uint64_t size = 1 << 26; // No gap among the small maps has room for it.
  auto behind = take(map_handle::reserve(size));
  auto map = take(map_handle::map(size));
  std::byte* const there = map.address();
  if (there + size != behind.address()) GTEST_SKIP() << "maps are not side by side here";
  EXPECT_TRUE(failed_with(map.truncate(2 * size, placement::in_place), ENOMEM));
  take(behind.close());
  take(map.truncate(2 * size, placement::in_place));
  EXPECT_EQ(map.address(), there);
}

TEST_F(Map, OfASectionGrowsAndShrinksAndTheSectionDoesNot) {
  auto map = mapped({.part = {page, 10}});
  const obstacle in_the_way(map);
  EXPECT_TRUE(failed_with(map.truncate(2 * page, placement::in_place), ENOMEM));
  EXPECT_EQ(map.length(), 10U);
  take(map.truncate(content.size() - page, placement::anywhere));
  EXPECT_TRUE(is_filled(map.bytes(), page));
  take(map.truncate(1, placement::in_place));
  EXPECT_EQ(map.length(), 1U);
  take(map.truncate(3 * page, placement::in_place));
  EXPECT_TRUE(is_filled(map.bytes(), page));
  EXPECT_EQ(in_file(), content);
}

TEST_F(Map, WithPartsUnlikeTheOthersGrowsNoFurther) {
  auto map = take(map_handle::map(4 * page));
  take(map.commit({page, page}, read_only));
  EXPECT_TRUE(failed_with(map.truncate(8 * page, placement::anywhere), EFAULT));
  EXPECT_EQ(map.length(), 4 * page);
  take(map.commit({page, page}));
  EXPECT_TRUE(succeeded(map.truncate(8 * page, placement::anywhere)));
}

TEST_F(Map, ToNothingIsInvalid) {
  auto map = take(map_handle::map(1));
  EXPECT_TRUE(failed_with(map.truncate(0, placement::anywhere), EINVAL));
  EXPECT_TRUE(failed_with(map.truncate(~std::uint64_t{0}, placement::anywhere), EINVAL));
}

TEST_F(Map, PrefaultsWhatItGrowsBy) {
  auto map = take(
      map_handle::map(page, {.flags = read_write | map_flags::prefault, .reservation = 10 * page}));
  take(map.truncate(5 * page, placement::in_place));
  EXPECT_EQ(resident(map), 5U);
}

TEST_F(Map, AFailureToGrowOrShrinkLeavesAllAsItWas) {
  int failures = 0;
  for (const std::uint64_t reservation : {std::uint64_t{0}, 20 * page}) {
    for (const call which : {call::mremap, call::mprotect, call::madvise}) {
      for (std::uint64_t nth = 1; nth <= 2; ++nth) {
        for (const std::uint64_t bytes : {std::uint64_t{1}, 10 * page, 30 * page}) {
          SCOPED_TRACE(std::string(name_of(which)) + ' ' + std::to_string(bytes / page));
          auto map = take(map_handle::map(5 * page, {.reservation = reservation}));
          const map_handle neighbour = take(map_handle::map(page)); // It may be just behind.
          fill(map.bytes());
          std::byte* const there = map.address();
          const std::uint64_t reserved = map.reservation();
          {
            const armed now({.which = which, .nth = nth, .native = EIO});
            const auto outcome = map.truncate(bytes, placement::anywhere);
            if (detail::calls_seen(which) < nth) continue; // It needs no such call.
            EXPECT_TRUE(failed_with(outcome, EIO));
          }
          ++failures;
          EXPECT_EQ(map.address(), there);
          EXPECT_EQ(map.length(), 5 * page);
          EXPECT_EQ(map.reservation(), reserved);
          EXPECT_TRUE(is_filled(map.bytes()));
          EXPECT_EQ(storing(map.address() + 5 * page - 1), 0);
          if (reservation != 0) {
            EXPECT_EQ(reading(map.address() + 5 * page), -SIGSEGV);
          }
        }
      }
    }
  }
  EXPECT_GE(failures, 8);
}

// ---------------------------------------------------------------------------- commit and decommit

TEST_F(Map, ReservedAddressesAreCommittedInParts) {
  auto map = take(map_handle::reserve(10 * page + 1));
  EXPECT_EQ(map.reservation(), 11 * page);
  EXPECT_EQ(reading(map.address()), -SIGSEGV);
  take(map.commit({2 * page + 5, page}));
  fill({map.address() + 2 * page, 2 * page});
  EXPECT_TRUE(has_kernels_flag(map.address() + 2 * page, "ac"));
  EXPECT_EQ(reading(map.address() + 2 * page - 1), -SIGSEGV);
  EXPECT_EQ(reading(map.address() + 4 * page), -SIGSEGV);
  take(map.commit({2 * page, page}, read_only));
  EXPECT_EQ(storing(map.address() + 2 * page), -SIGSEGV);
  EXPECT_TRUE(is_filled({map.address() + 2 * page, 2 * page}));
  take(map.commit({5 * page, 3 * page}, read_write | map_flags::prefault));
  EXPECT_EQ(resident(map), 5U);
}

TEST_F(Map, DecommittedMemoryIsGone) {
  auto map = take(map_handle::map(5 * page));
  fill(map.bytes());
  take(map.decommit({page - 1, 2 * page + 2})); // The pages 1 and 2 alone are wholly in it.
  EXPECT_TRUE(is_filled(map.bytes().first(page)));
  EXPECT_EQ(reading(map.address() + page), -SIGSEGV);
  EXPECT_EQ(reading(map.address() + 3 * page - 1), -SIGSEGV);
  EXPECT_FALSE(has_kernels_flag(map.address() + page, "ac"));
  EXPECT_TRUE(is_filled(map.bytes().subspan(3 * page), 3 * page));
  take(map.commit({page, 2 * page}));
  EXPECT_TRUE(is_zero(map.bytes().subspan(page, 2 * page)));
  EXPECT_TRUE(succeeded(map.decommit({1, page - 1})));
  EXPECT_TRUE(is_filled(map.bytes().first(page)));
}

TEST_F(Map, DecommittedPartsOfAFileAreItsOwnAgain) {
  auto shared = mapped();
  shared.bytes()[page] = std::byte{};
  take(shared.decommit({0, 3 * page}));
  EXPECT_EQ(reading(shared.address() + page), -SIGSEGV);
  take(shared.commit({0, 3 * page}));
  EXPECT_EQ(shared.bytes()[page], std::byte{});
  shared.bytes()[page] = mark(page);

  auto cow = mapped({.flags = map_flags::cow});
  fill(cow.bytes(), 7);
  take(cow.decommit({0, 3 * page}));
  EXPECT_EQ(storing(cow.address()), -SIGSEGV);
  take(cow.commit({0, 3 * page}, map_flags::cow));
  EXPECT_TRUE(is_filled(cow.bytes().first(3 * page)));
  EXPECT_TRUE(is_filled(cow.bytes().subspan(3 * page), 3 * page + 7));
}

TEST_F(Map, OfASectionIsNoOtherKindInParts) {
  auto shared = mapped();
  for (const map_flags flags : {map_flags::cow, read_write | map_flags::cow})
    EXPECT_TRUE(failed_with(shared.commit({0, page}, flags), EINVAL));
  take(shared.commit({0, page}, read_only));
  EXPECT_EQ(storing(shared.address()), -SIGSEGV);

  auto cow = mapped({.flags = map_flags::cow});
  EXPECT_TRUE(failed_with(cow.commit({0, page}), EINVAL));
  take(cow.commit({0, page}, read_write | map_flags::cow));
  fill(cow.bytes(), 1);
  EXPECT_EQ(in_file(), content);
}

TEST_F(Map, DecommittedOrNotAtAll) {
  for (const map_flags flags : {map_flags::cow, read_write}) {
    for (const call which : {call::madvise, call::mprotect}) {
      auto map = mapped({.flags = flags});
      fill(map.bytes(), 7);
      {
        const armed now({.which = which, .native = EIO});
        EXPECT_TRUE(failed_with(map.decommit({0, 2 * page}), EIO));
      }
      EXPECT_TRUE(is_filled(map.bytes(), 7));
      EXPECT_EQ(storing(map.address()), 0);
    }
  }
  auto memory = take(map_handle::map(page));
  fill(memory.bytes());
  const armed now({.which = call::mmap, .native = EIO});
  EXPECT_TRUE(failed_with(memory.decommit({0, page}), EIO));
  EXPECT_TRUE(is_filled(memory.bytes()));
}

// ------------------------------------------------------------------------------ zeros, and advice

TEST_F(Map, ZeroedMemoryIsGivenBack) {
  auto map = take(map_handle::map(6 * page));
  fill(map.bytes());
  take(map.zero_memory({page - 1, 3 * page + 3}));
  EXPECT_TRUE(is_filled(map.bytes().first(page - 1)));
  EXPECT_TRUE(is_zero(map.bytes().subspan(page - 1, 3 * page + 3)));
  EXPECT_TRUE(is_filled(map.bytes().subspan(4 * page + 2), 4 * page + 2));
  fill(map.bytes());
  take(map.zero_memory({page, 4 * page}));
  EXPECT_EQ(resident(map), 2U);
}

TEST_F(Map, ZeroesPartsOfAPage) {
  auto map = take(map_handle::map(2 * page));
  for (const extent part : {extent{5, 10}, extent{page - 5, 10}, extent{page, 1}, extent{7, 0}}) {
    fill(map.bytes());
    take(map.zero_memory(part));
    EXPECT_TRUE(is_filled(map.bytes().first(part.offset)));
    EXPECT_TRUE(is_zero(map.bytes().subspan(part.offset, part.length)));
    EXPECT_TRUE(is_filled(map.bytes().subspan(part.end()), part.end()));
  }
}

TEST_F(Map, ZeroesWhatIsItsOwnAndNotTheFiles) {
  auto cow = mapped({.flags = map_flags::cow});
  take(cow.zero_memory({page + 1, 2 * page}));
  EXPECT_TRUE(is_zero(cow.bytes().subspan(page + 1, 2 * page)));
  EXPECT_TRUE(is_filled(cow.bytes().first(page + 1)));
  EXPECT_EQ(in_file(), content);
}

TEST_F(Map, ZeroesWhateverWasPutIntoReservedSpace) {
  for (const map_flags flags : {read_write, map_flags::cow}) {
    auto section = take(section_handle::section(4 * page));
    fill(take(map_handle::map(section)).bytes());
    auto room = take(map_handle::reserve(8 * page));
    take(room.commit({0, 4 * page}, section, 0, flags));
    take(room.commit({4 * page, 4 * page}));
    fill(room.bytes());
    take(room.zero_memory({1, 7 * page}));
    EXPECT_TRUE(is_filled(room.bytes().first(1)));
    EXPECT_TRUE(is_zero(room.bytes().subspan(1, 7 * page)));
    EXPECT_TRUE(is_filled(room.bytes().subspan(7 * page + 1), 7 * page + 1));
  }
}

TEST_F(Map, ZeroesNothingThatItMayNotWrite) {
  auto map = mapped({.flags = read_only});
  EXPECT_TRUE(failed_with(map.zero_memory({page, 2 * page}), EACCES));
  EXPECT_TRUE(failed_with(map.zero_memory({page, 1}), EACCES));
  EXPECT_EQ(in_file(), content);
}

TEST_F(Map, ZeroesByWritingWhereThereAreNoHoles) {
  for (const int native : {EOPNOTSUPP, EINVAL}) {
    const auto s = take(section_handle::section(4 * page));
    auto map = take(map_handle::map(s));
    fill(map.bytes());
    const armed now({.which = call::madvise, .native = native});
    EXPECT_TRUE(succeeded(map.zero_memory({1, 3 * page})));
    EXPECT_EQ(detail::calls_seen(call::madvise), 1U);
    EXPECT_TRUE(is_zero(map.bytes().subspan(1, 3 * page)));
    EXPECT_TRUE(is_filled(map.bytes().subspan(3 * page + 1), 3 * page + 1));
  }
}

TEST_F(Map, AFailureToZeroLeavesAllAsItWas) {
  auto map = take(map_handle::map(4 * page));
  fill(map.bytes());
  const armed now({.which = call::madvise, .native = EIO});
  EXPECT_TRUE(failed_with(map.zero_memory({1, 3 * page}), EIO));
  EXPECT_TRUE(is_filled(map.bytes()));
}

TEST_F(Map, WhatIsNotStoredIsOldOrZero) {
  auto map = take(map_handle::map(4 * page));
  fill(map.bytes());
  take(map.do_not_store({1, 3 * page}));
  EXPECT_TRUE(is_filled(map.bytes().first(page)));
  EXPECT_TRUE(is_filled(map.bytes().subspan(3 * page), 3 * page));
  for (const std::uint64_t at : {page, 2 * page}) {
    const buffer one = map.bytes().subspan(at, page);
    EXPECT_TRUE(is_zero(one) || is_filled(one, at));
  }
  fill(map.bytes(), 3);
  EXPECT_TRUE(is_filled(map.bytes(), 3));
  EXPECT_TRUE(failed_with(mapped().do_not_store({0, page}), EOPNOTSUPP));
  EXPECT_TRUE(failed_with(mapped({.flags = map_flags::cow}).do_not_store({0, page}), EOPNOTSUPP));
}

TEST_F(Map, PrefaultReadiesAllPagesThatThePartTouches) {
  const auto map = take(map_handle::map(6 * page));
  take(map.prefault({2 * page - 1, 2}));
  EXPECT_EQ(resident(map), 2U);
  const auto behind = mapped({.reservation = 20 * page});
  EXPECT_TRUE(succeeded(behind.prefault({0, 6 * page})));
  EXPECT_TRUE(failed_with(behind.prefault({0, 6 * page + 1}), EFAULT));
  EXPECT_TRUE(failed_with(behind.prefault({10 * page, 1}), EFAULT));
}

TEST_F(Map, TakesAdvice) {
  const auto map = mapped();
  EXPECT_TRUE(succeeded(map.prefetch({1, 5 * page})));
  for (const auto pattern :
       {access_pattern::normal, access_pattern::random, access_pattern::sequential})
    EXPECT_TRUE(succeeded(map.advise({0, 5 * page}, pattern)));
  EXPECT_TRUE(has_kernels_flag(map.address(), "sr"));
  take(map.advise({page, page}, access_pattern::random));
  EXPECT_TRUE(has_kernels_flag(map.address() + page, "rr"));
  take(map.advise({0, 6 * page}, access_pattern::normal));
  EXPECT_FALSE(has_kernels_flag(map.address(), "sr"));
  const auto memory = take(map_handle::map(1 << 22));
  const auto large = memory.advise({0, 1 << 22}, access_pattern::large_pages);
  if (large)
    EXPECT_TRUE(has_kernels_flag(memory.address(), "hg"));
  else
    EXPECT_TRUE(failed_with(large, EINVAL));
}

TEST_F(Map, AFailureOfAdviceIsReported) {
  auto map = take(map_handle::map(2 * page));
  const armed now(
      {.which = call::madvise, .repeats = detail::fault::repeat::for_ever, .native = EIO});
  EXPECT_TRUE(failed_with(map.prefetch({0, page}), EIO));
  EXPECT_TRUE(failed_with(map.prefault({0, page}), EIO));
  EXPECT_TRUE(failed_with(map.do_not_store({0, page}), EIO));
  EXPECT_TRUE(failed_with(map.advise({0, page}, access_pattern::random), EIO));
}

// ---------------------------------------------------------------------------------------- barrier

TEST_F(Map, BarrierWaitsForWhatItIsToldTo) {
  const auto map = mapped({.reservation = 20 * page});
  const armed counting;
  EXPECT_TRUE(succeeded(map.barrier(barrier_kind::start)));
  EXPECT_TRUE(succeeded(map.barrier(barrier_kind::data)));
  EXPECT_TRUE(succeeded(map.barrier(barrier_kind::data, {page + 1, 1})));
  EXPECT_EQ(detail::calls_seen(call::msync), 3U);
  EXPECT_TRUE(failed_with(map.barrier(barrier_kind::all), EOPNOTSUPP));
}

TEST_F(Map, ClosingReportsABarrierThatFailed) {
  auto map = mapped({.flags = read_write | map_flags::barrier_on_close});
  std::byte* const there = map.address();
  {
    const armed now({.which = call::msync, .native = EIO});
    EXPECT_TRUE(failed_with(map.close(), EIO));
  }
  EXPECT_FALSE(map.is_open());
  EXPECT_EQ(reading(there), -SIGSEGV);
  EXPECT_TRUE(succeeded(map.close()));
  auto plain = mapped();
  const armed now({.which = call::msync, .native = EIO});
  EXPECT_TRUE(succeeded(plain.close()));
}

TEST_F(Map, IsOnlyUnmappedByItsDestructor) {
  std::byte* there = nullptr;
  {
    const auto map = mapped({.flags = read_write | map_flags::barrier_on_close});
    there = map.address();
    const armed now({.which = call::msync, .native = EIO});
  }
  EXPECT_EQ(reading(there), -SIGSEGV);
}

TEST_F(Map, WritingBackCachesChangesNoByte) {
  const auto map = take(map_handle::map(3 * page));
  fill(map.bytes());
  detail::write_back_cache(map.bytes());
  detail::write_back_cache(map.bytes().subspan(100, 1));
  detail::write_back_cache({});
  EXPECT_TRUE(is_filled(map.bytes()));
}

// ---------------------------------------------------------------------------- pages, instructions

TEST_F(Map, OfLargePagesWorksOrThereAreTooFew) {
  std::array<std::uint64_t, 16> sizes;
  for (const std::uint64_t size : take(page_sizes(sizes)).subspan(1)) {
    auto made = map_handle::map(1, {.page_size = size});
    if (!made) {
      EXPECT_TRUE(failed_with(made, ENOMEM)) << size;
      continue;
    }
    auto& map = made.assume_value();
    EXPECT_EQ(map.page_size(), size);
    EXPECT_EQ(map.reservation(), size);
    map.address()[size - 1] = std::byte{1};
    take(map.zero_memory({0, size}));
    EXPECT_EQ(map.address()[size - 1], std::byte{});
    take(map.decommit({0, size}));
    EXPECT_EQ(reading(map.address()), -SIGSEGV);
    take(map.commit({0, size}));
    map.address()[0] = std::byte{1};
  }
}

TEST_F(Map, ExecutesWhereItMay) {
#if defined(__x86_64__)
  constexpr std::array<unsigned char, 6> forty_two{0xb8, 42, 0, 0, 0, 0xc3}; // mov eax, 42; ret
#elif defined(__aarch64__)
  constexpr std::array<std::uint32_t, 2> forty_two{0x52800540, 0xd65f03c0}; // mov w0, 42; ret
#endif
  take(file.write(std::as_bytes(std::span(forty_two)), page));
  auto map = mapped({.part = {page, page}, .flags = read_only});
  const auto run = [&] {
    return in_child([&] { return reinterpret_cast<int (*)()>(map.address())(); });
  };
  EXPECT_EQ(run(), -SIGSEGV);
  take(map.commit({0, page}, read_only | map_flags::execute));
  EXPECT_EQ(run(), 42);
  map = mapped({.part = {page, page}, .flags = read_only | map_flags::execute});
  EXPECT_EQ(run(), 42);
}

} // namespace
} // namespace afio::unit
