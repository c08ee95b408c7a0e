// update_tree on file systems that know no flags of renameat2, such as nfs.
#include "algorithms/update_tree/update_tree.hpp"
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

class FlaglessUpdate : public scene {
protected:
  static void SetUpTestSuite() { filtered = forget_rename_flags(); }

  void SetUp() override {
    if (!filtered) GTEST_SKIP() << "no filters of system calls here: " << std::strerror(errno);
  }

  update_report update() {
    const tree_root source(scratch / "s", "s"), target(scratch / "t", "t");
    return take(
        update_tree(source.get(), target.get(), {.extras = update_options::extras::remove}, told));
  }

  listener told;

private:
  static inline bool filtered = false;
};

TEST_F(FlaglessUpdate, WhatIsNoDirectoryTakesThePlaceOfOne) {
  make("f s/f 9\n l s/l -> there\n h s/g = s/f\n f t/f/d/in 1\n f t/l/in 1\n f t/g/in 1");
  EXPECT_EQ(update().failures, 0U) << told;
  EXPECT_EQ(fs::file_size(scratch / "t/f"), 9U);
  EXPECT_EQ(fs::read_symlink(scratch / "t/l"), "there");
  EXPECT_TRUE(fs::equivalent(scratch / "t/f", scratch / "t/g"));
  EXPECT_EQ(names_in(scratch / "t"), (std::set<std::string>{"f", "g", "l"}));
}

TEST_F(FlaglessUpdate, WhatTakesTheNameMeanwhileStays) {
  make("f s/f 9\n f t/f/in 1");
  {
    // Behind the directory's end, somebody is faster.
    const just_before renaming(
        call::renameat2, 1,
        [&] {
          if (!fs::exists(scratch / "t/f")) make("f t/f 3");
        },
        detail::fault::repeat::for_ever);
    EXPECT_EQ(update().failures, 1U) << told;
  }
  EXPECT_EQ(told.failure_alone().why.native(), EEXIST) << told;
  EXPECT_EQ(fs::file_size(scratch / "t/f"), 3U);
  EXPECT_EQ(names_in(scratch / "t"), std::set<std::string>{"f"});
}

TEST_F(FlaglessUpdate, AFileKeepsItsPlace) {
  make("f s/f 9\n f t/f 5");
  EXPECT_EQ(update().failures, 1U);
  EXPECT_EQ(told.failure_alone().why.native(), EINVAL) << told;
  EXPECT_EQ(fs::file_size(scratch / "t/f"), 5U);
  EXPECT_EQ(names_in(scratch / "t"), std::set<std::string>{"f"});
}

} // namespace
} // namespace afio::unit
