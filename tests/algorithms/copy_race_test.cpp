// Something is exchanged at each call of a copy, in turn: a secret must never come into the copy,
// and nothing outside may change.
#include "afio/detail/fault.hpp"
#include "afio/file_handle.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

/// What is exchanged with what, by paths below the scratch directory.
struct exchange {
  const char* one;
  const char* other;
};

constexpr const char* scene_of_a_copy = R"(
  f s/d/e/f 10
  f s/d/g 10
  f s/h 10
  l s/l -> h
  d t/d/e 0755
  f t/d/g 5
  f t/h 5
  f outside/e/f 777
  f outside/g 777
  l to-outside -> outside
  l to-secret -> outside/g
  p fifo
)";

constexpr exchange at_source[] = {{"s/d", "to-outside"},  {"s/d", "outside"}, {"s/h", "to-secret"},
                                  {"s/d/g", "to-secret"}, {"s/h", "fifo"},    {"s/d", "s/h"},
                                  {"s/d/e", "to-outside"}};
constexpr exchange at_target[] = {{"t/d", "to-outside"},  {"t/d", "outside"},
                                  {"t/h", "to-secret"},   {"t/h", "fifo"},
                                  {"t/d/g", "to-secret"}, {"t/d", "t/h"}};

std::string root_path;
exchange planned;
std::uint64_t listings_before = 0; // Calls of getdents64 that had been made when it was exchanged.

void swap_now(call which) noexcept {
  listings_before = detail::calls_seen(call::getdents64) - (which == call::getdents64 ? 1 : 0);
  ::renameat2(AT_FDCWD, (root_path + '/' + planned.one).c_str(), AT_FDCWD,
              (root_path + '/' + planned.other).c_str(), RENAME_EXCHANGE);
}

constexpr call calls[] = {call::openat2,   call::openat,    call::statx,      call::getdents64,
                          call::pread64,   call::pwrite64,  call::flistxattr, call::ioctl,
                          call::mkdirat,   call::linkat,    call::renameat2,  call::readlinkat,
                          call::symlinkat, call::fchmodat2, call::utimensat,  call::unlinkat};

/// The size that only files outside have.
bool has_a_secret(const fs::path& copy) {
  if (!fs::exists(fs::symlink_status(copy))) return false;
  for (const auto& [name, entry] : testing::manifest(copy).entries) {
    if (entry.type == 'f' && entry.size == 777) return true;
  }
  return false;
}

struct counted {
  unsigned runs = 0;
  unsigned dangerous = 0;
  unsigned secrets = 0;
  unsigned touched = 0;
};

/// Copies with `f` once for each call and each exchange. What is exchanged in before the directory
/// above it is listed, which begins with that many calls behind it, is in the tree.
template <class F>
counted explore(std::span<const exchange> exchanges, std::uint64_t listed_after, F&& f) {
  counted sum;
  for (const exchange& e : exchanges) {
    for (const call which : calls) {
      for (std::uint64_t nth = 1, seen = 1; nth <= seen; ++nth) {
        const testing::scratch_directory scratch;
        testing::make_tree(scratch.path(), scene_of_a_copy);
        root_path = scratch.path();
        planned = e;
        const testing::manifest before(scratch / "outside");
        detail::arm({.which = which, .nth = nth, .stop = swap_now});
        f(scratch.path());
        detail::disarm();
        seen = detail::calls_seen(which);
        if (seen < nth) break;
        ++sum.runs;
        if (listings_before < listed_after) continue;
        ++sum.dangerous;
        if (has_a_secret(scratch / "copy")) ++sum.secrets;
        // Where it is now: it may have been exchanged.
        bool whole = false;
        for (const char* place : {"outside", "s/d", "t/d"}) {
          const fs::path there = scratch / place;
          if (fs::is_directory(fs::symlink_status(there)) &&
              testing::manifest(there).entries == before.entries)
            whole = true;
        }
        if (!whole) ++sum.touched;
      }
    }
  }
  return sum;
}

TEST(CopyRace, NoSecretIsCopiedAndNothingOutsideIsTouched) {
  const auto sum = explore(at_source, 1, [](const fs::path& root) {
    listener heard;
    const auto dir = anchor(root);
    copy_options options;
    options.tree.threads = 1;
    options.file.retry = deadline::in(std::chrono::seconds(0));
    (void)copy_tree(dir, leaf("s"), dir, leaf("copy"), "s", options, heard);
  });
  std::printf("source: %u runs, %u dangerous\n", sum.runs, sum.dangerous);
  EXPECT_GT(sum.dangerous, 300U);
  EXPECT_EQ(sum.secrets, 0U);
  EXPECT_EQ(sum.touched, 0U);
}

TEST(CopyRace, AMergeTouchesNothingOutside) {
  const auto sum = explore(at_target, 3, [](const fs::path& root) {
    listener heard;
    const auto dir = anchor(root);
    copy_options options;
    options.tree.threads = 1;
    options.existing = copy_options::existing::merge;
    (void)copy_tree(dir, leaf("s"), dir, leaf("t"), "s", options, heard);
  });
  std::printf("target: %u runs, %u dangerous\n", sum.runs, sum.dangerous);
  EXPECT_GT(sum.dangerous, 300U);
  EXPECT_EQ(sum.touched, 0U);
}

/// By paths, as people write it.
void copy_naively(const fs::path& root) {
  const auto dir = anchor(root);
  if (!dir.create_directory(leaf("copy"))) return;
  int number = 0;
  for (const char* path : {"s/h", "s/d/g", "s/d/e/f"}) {
    stat_t s;
    const auto file = file_handle::file(dir, path_view(path));
    if (!file || !s.stamp(file.assume_value())) continue;
    const auto copy = root / "copy" / std::to_string(number++);
    std::ofstream(copy) << std::string(s.size, 'x');
  }
}

TEST(CopyRace, ANaiveCopyFalls) {
  const auto sum = explore(at_source, 0, copy_naively);
  EXPECT_GT(sum.secrets, 0U);
}

} // namespace
} // namespace afio::unit
