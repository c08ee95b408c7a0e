// move_tree on file systems that know no flags of renameat2, such as nfs.
#include "algorithms/move_tree/move_tree.hpp"
#include "tests/afio/rename_flags.hpp"
#include "tests/algorithms/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>

namespace afio::unit {
namespace {

using namespace algorithms;
namespace fs = std::filesystem;
using list = std::set<std::string>;

class FlaglessMove : public scene {
protected:
  static void SetUpTestSuite() { filtered = forget_rename_flags(); }

  void SetUp() override {
    if (!filtered) GTEST_SKIP() << "no filters of system calls here: " << std::strerror(errno);
  }

  result<move_report> try_move(const char* from, const char* to) {
    return move_tree(dir, leaf(from), dir, leaf(to), {from, to}, {}, told);
  }

  listener told;

private:
  static inline bool filtered = false;
};

TEST_F(FlaglessMove, HasANameAtEveryInstant) {
  for (const char* what : {"f s 1", "l s -> there", "f s/f 1"}) {
    for (const call which : {call::renameat2, call::linkat, call::unlinkat}) {
      make(what);
      list seen;
      const just_before looking(
          which, 1,
          [&] {
            for (const std::string& name : names()) seen.insert(name);
          },
          detail::fault::repeat::for_ever);
      EXPECT_EQ(take(try_move("s", "t")).moved, 1U);
      EXPECT_TRUE(seen.empty() || seen.contains("s") || seen.contains("t"))
          << what << ' ' << name_of(which);
      EXPECT_EQ(names(), list{"t"});
      testing::remove_by_force(scratch / "t");
    }
  }
}

TEST_F(FlaglessMove, AFileThatCannotLoseItsOldNameGetsNoNewOne) {
  make("f s 1");
  {
    const armed fails({.which = call::unlinkat, .native = EIO});
    EXPECT_TRUE(failed_with(try_move("s", "t"), EIO));
  }
  EXPECT_EQ(names(), list{"s"});
}

TEST_F(FlaglessMove, ReplacesNothing) {
  make("f s 1\n f t 2\n d d\n f e/f 1");
  EXPECT_TRUE(failed_with(try_move("s", "t"), EEXIST));
  EXPECT_TRUE(failed_with(try_move("d", "e"), EEXIST));
  EXPECT_EQ(names(), (list{"d", "e", "s", "t"}));
  EXPECT_EQ(fs::file_size(scratch / "t"), 2U);
}

TEST_F(FlaglessMove, WhereThereAreNoLinksEitherAFileStaysAndADirectoryMoves) {
  make("f s 1\n d d");
  const armed no_links(
      {.which = call::linkat, .repeats = detail::fault::repeat::for_ever, .native = EPERM});
  EXPECT_TRUE(failed_with(try_move("s", "t"), EINVAL));
  EXPECT_EQ(take(try_move("d", "e")).moved, 1U);
  EXPECT_EQ(names(), (list{"e", "s"}));
}

} // namespace
} // namespace afio::unit
