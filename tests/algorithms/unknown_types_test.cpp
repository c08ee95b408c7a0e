// File systems whose listings do not tell types, or number inodes in their own way. getdents64 is
// ours here, and makes one out of any other.
#include "algorithms/summarize.hpp"
#include "tests/algorithms/removal_scene.hpp"

#include <cstring>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

bool hides_types = false;
std::uint64_t added_to_inodes = 0;

} // namespace

extern "C" ssize_t getdents64(int fd, void* buffer, std::size_t size) {
  const auto got = ::syscall(SYS_getdents64, fd, buffer, size);
  auto* at = static_cast<char*>(buffer);
  for (char* const end = at + std::max(got, 0L); at < end;) {
    std::uint16_t length;
    std::memcpy(&length, at + offsetof(dirent64, d_reclen), sizeof length);
    std::uint64_t inode;
    std::memcpy(&inode, at, sizeof inode);
    inode += added_to_inodes;
    std::memcpy(at, &inode, sizeof inode);
    if (hides_types) at[offsetof(dirent64, d_type)] = DT_UNKNOWN;
    at += length;
  }
  return got;
}

namespace afio::unit {
namespace {

constexpr std::string_view small_tree = R"(
  f t/a 1
  f t/b/c 1
  d t/b/d
  l t/link -> b
  p t/fifo
  s t/socket
)";

class UnknownTypes : public removal_scene {
protected:
  void SetUp() override { hides_types = true; }

  void TearDown() override {
    hides_types = false;
    added_to_inodes = 0;
  }
};

AFIO_WITH_1_2_AND_3_THREADS(UnknownTypes);

TEST_P(UnknownTypes, AreLookedUpBeforeRowsAreHandedOut) {
  make(small_tree);
  const tree_root root(scratch / "t", "t");
  journal seen;
  const script<1> writing = {.rows = [&](const place<1>& here, std::span<row<1>> rows) {
    for (const row<1>& r : rows)
      seen.add(here.path(r.name) + " " + std::to_string(static_cast<int>(r.in[0].type)));
  }};
  take(perform<1>({root.get()}, writing, threaded(walk_options{}), told));
  // As stat.hpp counts them.
  EXPECT_EQ(seen.sorted(),
            (lines{"t/a 1", "t/b 2", "t/b/c 1", "t/b/d 2", "t/fifo 4", "t/link 3", "t/socket 5"}));
}

TEST_P(UnknownTypes, AreNoHindranceToDeletion) {
  make(small_tree);
  EXPECT_EQ(remove().deleted, 8U);
  EXPECT_TRUE(told.failures.empty()) << told;
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(UnknownTypes, AreNoHindranceToStaging) {
  make(small_tree);
  EXPECT_EQ(remove({.extent = extent::all_or_nothing}).deleted, 8U);
  EXPECT_EQ(names(), nothing_left);
}

TEST_P(UnknownTypes, AreCountedByType) {
  make(small_tree);
  const tree_root root(scratch / "t", "t");
  const auto sum = take(summarize(root.get(), counting::names, {.threads = GetParam()}, told));
  EXPECT_EQ(sum.of(file_type::unknown), 0U);
  EXPECT_EQ(sum.of(file_type::regular), 2U);
  EXPECT_EQ(sum.of(file_type::directory), 3U);
}

TEST_P(UnknownTypes, AreLinedUpInSeveralTrees) {
  make("f 0/a 1\n f 0/d/x 1\n f 1/a/y 1\n f 1/d/x 1");
  const path_handle first = anchor(scratch / "0"), second = anchor(scratch / "1");
  journal seen;
  const script<2> writing = {.rows = [&](const place<2>& here, std::span<row<2>> rows) {
    for (const row<2>& r : rows) {
      std::string line = here.path(r.name);
      for (const cell& c : r.in) line += " " + std::to_string(static_cast<int>(c.type));
      seen.add(line);
    }
  }};
  take(perform<2>({walk_root{&first, ""}, walk_root{&second, ""}}, writing,
                  threaded(walk_options{}), told));
  EXPECT_EQ(seen.sorted(), (lines{"a 1 2", "a/y 0 1", "d 2 2", "d/x 1 1"}));
}

/// On file systems known to list true inodes, another one is a race.
TEST_P(UnknownTypes, AListedInodeThatIsAnotherOneIsRaced) {
  added_to_inodes = 1'000'000;
  make("f t/d/x 1");
  const testing::manifest before(scratch.path());
  remove();
  EXPECT_EQ(told.failure_alone().path, "t/d");
  EXPECT_EQ(told.failure_alone().why, errc::raced);
  EXPECT_EQ(difference(before, testing::manifest(scratch.path())), "");
}

} // namespace
} // namespace afio::unit
