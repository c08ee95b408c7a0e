// What summarize.hpp promises, compared with a count by other means.
#include "algorithms/summarize.hpp"
#include "tests/algorithms/scene.hpp"

#include <sys/stat.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

file_type type_of(fs::file_type type) {
  switch (type) {
  case fs::file_type::regular:
    return file_type::regular;
  case fs::file_type::directory:
    return file_type::directory;
  case fs::file_type::symlink:
    return file_type::symlink;
  case fs::file_type::fifo:
    return file_type::fifo;
  case fs::file_type::socket:
    return file_type::socket;
  case fs::file_type::character:
    return file_type::character_device;
  case fs::file_type::block:
    return file_type::block_device;
  default:
    return file_type::unknown;
  }
}

void add_entry(summary& sum, std::set<ino_t>& seen, const fs::path& at, std::uint32_t depth) {
  const auto type = type_of(fs::symlink_status(at).type());
  ++sum.entries[static_cast<std::size_t>(type)];
  if (type == file_type::directory) sum.deepest = std::max(sum.deepest, depth);

  struct ::stat s {};

  ASSERT_EQ(::lstat(at.c_str(), &s), 0);
  if (type != file_type::directory && !seen.insert(s.st_ino).second) {
    ++sum.linked_again;
    return;
  }
  sum.allocated += static_cast<std::uint64_t>(s.st_blocks) * 512;
  if (type == file_type::regular || type == file_type::symlink) {
    sum.bytes += static_cast<std::uint64_t>(s.st_size);
  }
}

/// The same by std::filesystem.
summary count_otherwise(const fs::path& root) {
  summary sum;
  std::set<ino_t> seen;
  add_entry(sum, seen, root, 0);
  for (auto at = fs::recursive_directory_iterator(root); at != fs::end(at); ++at) {
    add_entry(sum, seen, at->path(), static_cast<std::uint32_t>(at.depth()) + 1);
  }
  return sum;
}

class Summarize : public any_threads {
protected:
  summary sum_of(counting what, tree_options options = {}) {
    const tree_root root(scratch / "t", "t");
    options.threads = GetParam();
    return take(summarize(root.get(), what, options, told));
  }

  void expect_the_same_as_otherwise() {
    const summary expected = count_otherwise(scratch / "t");
    const summary sizes = sum_of(counting::sizes);
    EXPECT_EQ(sizes.entries, expected.entries);
    EXPECT_EQ(sizes.bytes, expected.bytes);
    EXPECT_EQ(sizes.allocated, expected.allocated);
    EXPECT_EQ(sizes.linked_again, expected.linked_again);
    EXPECT_EQ(sizes.deepest, expected.deepest);
    const summary names = sum_of(counting::names);
    EXPECT_EQ(names.entries, expected.entries);
    EXPECT_EQ(names.deepest, expected.deepest);
    EXPECT_EQ(names.total(), expected.total());
    EXPECT_TRUE(told.failures.empty()) << told;
  }

  listener told;
};

AFIO_WITH_1_2_AND_3_THREADS(Summarize);

TEST_P(Summarize, CountsByType) {
  make("f t/a 1\n f t/b/c 1\n d t/b/d\n l t/l -> a\n p t/p\n s t/s");
  const summary sum = sum_of(counting::names);
  EXPECT_EQ(sum.of(file_type::regular), 2U);
  EXPECT_EQ(sum.of(file_type::directory), 3U) << "the root, too";
  EXPECT_EQ(sum.of(file_type::symlink), 1U);
  EXPECT_EQ(sum.of(file_type::fifo), 1U);
  EXPECT_EQ(sum.of(file_type::socket), 1U);
  EXPECT_EQ(sum.total(), 8U);
}

TEST_P(Summarize, CountsBytesOfFilesAndSymlinks) {
  make("f t/a 1000\n f t/b/c 5\n l t/l -> a\n p t/p");
  EXPECT_EQ(sum_of(counting::sizes).bytes, 1006U);
}

TEST_P(Summarize, CountsAnInodeOnceHoweverManyNamesItHas) {
  make("f t/a 100\n h t/b = t/a\n h t/d/c = t/a\n f out 50\n h t/o = out");
  const summary sum = sum_of(counting::sizes);
  EXPECT_EQ(sum.of(file_type::regular), 4U);
  EXPECT_EQ(sum.bytes, 150U);
  EXPECT_EQ(sum.linked_again, 2U);
}

TEST_P(Summarize, CountsWhatIsAllocatedAndNotWhatIsAHole) {
  make("f t/a 100");
  ASSERT_EQ(::truncate((scratch / "t/a").c_str(), 1 << 30), 0);
  const summary sum = sum_of(counting::sizes);
  EXPECT_EQ(sum.bytes, std::uint64_t{1} << 30);
  EXPECT_LT(sum.allocated, 1U << 20);
}

TEST_P(Summarize, IsWhatACountByOtherMeansIs) {
  make(R"(
    f t/a 10000
    d t/b/c/d/e
    f t/b/c/f 70000
    h t/b/g = t/a
    h t/b/c/h = t/b/c/f
    l t/b/c/l -> nowhere
    h t/b/l2 = t/b/c/l
    p t/p
    s t/s
  )");
  expect_the_same_as_otherwise();
}

TEST_P(Summarize, OfALargeTreeIsWhatACountByOtherMeansIs) {
  for (int i = 0; i < 100; ++i) {
    const auto at = scratch / "t" / std::to_string(i % 10) / std::to_string(i);
    fs::create_directories(at);
    make_files(at, 200);
    for (int j = 0; j < 20; ++j) {
      fs::create_hard_link(at / std::to_string(j),
                           scratch / "t" / (std::to_string(i) + "-" + std::to_string(j)));
    }
  }
  expect_the_same_as_otherwise();
}

TEST_P(Summarize, OfAnEmptyDirectoryCountsThat) {
  make("d t");
  expect_the_same_as_otherwise();
  EXPECT_EQ(sum_of(counting::names).total(), 1U);
}

TEST_P(Summarize, CountsDepthsOfEmptyDirectoriesToo) {
  make("d t/a/b/c");
  EXPECT_EQ(sum_of(counting::names).deepest, 3U);
}

TEST_P(Summarize, ReadsNoStatusToCountNames) {
  make("f t/a 1\n f t/b 1");
  const armed counting_calls;
  sum_of(counting::names);
  // To know the root's identity, and that it is a directory.
  EXPECT_LE(detail::calls_seen(call::statx), 2U);
}

TEST_P(Summarize, ChangesNothing) {
  make("f t/a 1\n f t/b/c 1");
  const testing::manifest before(scratch.path());
  sum_of(counting::sizes);
  EXPECT_EQ(difference(before, testing::manifest(scratch.path())), "");
}

TEST_P(Summarize, TellsWhatItCannotReadAndLeavesItOut) {
  make("f t/a 1\n f t/b 1");
  // Of the two files, the root's own having been the first.
  const armed failing({.which = call::statx, .nth = 2, .native = EIO});
  const summary sum = sum_of(counting::sizes);
  EXPECT_EQ(sum.failures, 1U);
  EXPECT_EQ(told.failure_alone().what, operation::stat);
  EXPECT_EQ(sum.of(file_type::regular), 1U);
}

TEST_P(Summarize, TellsADirectoryThatCannotBeListed) {
  make("f t/a/x 1");
  const armed failing({.which = call::getdents64, .nth = 3, .native = EIO});
  EXPECT_EQ(sum_of(counting::names).failures, 1U);
  EXPECT_EQ(told.failure_alone().path, "t/a");
  EXPECT_EQ(told.failure_alone().what, operation::list);
}

TEST_P(Summarize, StopsWhenItIsAskedTo) {
  make("f t/a/x 1");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(sum_of(counting::names, {.stop = stop.get_token()}).stopped, stopped::by_request);
}

} // namespace
} // namespace afio::unit
