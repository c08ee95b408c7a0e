// Files that several threads copy together, and that several workers copy beside each other.
#include "afio/detail/fault.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/tree.hpp"

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t mebibyte = 1 << 20;
constexpr std::size_t large = 65 * mebibyte;

class LargeFiles : public any_threads {
protected:
  /// Of which no two pages are alike.
  void make_large(const std::string& name) {
    std::vector<std::uint32_t> part(mebibyte / sizeof(std::uint32_t));
    std::ofstream file(scratch / name, std::ios::binary);
    for (std::size_t done = 0; done < large; done += mebibyte) {
      std::uint32_t next = static_cast<std::uint32_t>(done);
      for (auto& word : part) word = next++ * 2'654'435'761U;
      file.write(reinterpret_cast<const char*>(part.data()), mebibyte);
    }
    if (!file.flush()) throw std::runtime_error("no room for large files");
  }

  copy_report copied() {
    copy_options options;
    options.tree.threads = GetParam();
    options.tree.counters = &counted;
    options.file.reflink = reflink::never;
    return take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", options, told));
  }

  progress counted;
  listener told;
};

AFIO_WITH_1_2_AND_3_THREADS(LargeFiles);

TEST_P(LargeFiles, BesideEachOtherAreWhole) {
  make("d s");
  for (const char* name : {"s/a", "s/b", "s/c"}) make_large(name);
  EXPECT_EQ(copied().failures, 0U) << told;
  EXPECT_EQ(counted.bytes, 3 * large);
  const testing::manifest before(scratch / "s"), after(scratch / "t");
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(after.entries.at(name).size, large);
    EXPECT_EQ(after.entries.at(name).content, before.entries.at(name).content);
  }
}

TEST_P(LargeFiles, FailAloneWhicheverThreadItMeets) {
  make("d s\n f s/small 0");
  make_large("s/a");
  for (const std::uint64_t nth : {2U, 100U, 200U}) {
    const armed full({.which = call::pwrite64, .nth = nth, .native = ENOSPC});
    EXPECT_EQ(copied().failures, 1U) << nth;
    EXPECT_EQ(names_in(scratch / "t"), (std::set<std::string>{"small"})) << nth;
    fs::remove_all(scratch / "t");
  }
}

} // namespace
} // namespace afio::unit
