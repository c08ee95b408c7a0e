// Symlinks of a copy that mean in it what they meant in the source.
#include "algorithms/copy_tree/copy_tree.hpp"
#include "algorithms/copy_tree/symlink_target.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using copy_detail::relative_path;

// ---- The text alone

TEST(RelativePath, TakesNoStepTooMuch) {
  EXPECT_EQ(relative_path("/x/t", "/x/s"), "../s");
  EXPECT_EQ(relative_path("/x/t/a", "/x/t/a/b"), "b");
  EXPECT_EQ(relative_path("/x/t/a/b", "/x/t"), "../..");
  EXPECT_EQ(relative_path("/x", "/x"), ".");
  EXPECT_EQ(relative_path("/x", ""), "..");
  EXPECT_EQ(relative_path("", "/x/y"), "x/y");
  EXPECT_EQ(relative_path("", ""), ".");
  EXPECT_EQ(relative_path("/ab", "/a"), "../a");
}

/// Where there are no symlinks on the way: by the words.
class by_words final : public copy_detail::wayfarer {
public:
  void go_to_root() override {}

  void go_up() override {}

  std::optional<std::string> go_to(std::string_view) override { return std::nullopt; }
};

/// What becomes of a symlink in /x/s/d, copied to /x/t/d, or to another place.
std::string fixed(std::string target, const std::string& copy = "/x/t") {
  by_words way;
  const copy_detail::whereabouts at{"/x/s", copy};
  return copy_detail::fixed_target(at, "/x/s/d", copy + "/d", target, way).value_or(target);
}

TEST(FixedTarget, WhatIsAbsoluteIntoTheTreeIsIntoTheCopy) {
  EXPECT_EQ(fixed("/x/s"), "/x/t");
  EXPECT_EQ(fixed("/x/s/a/b"), "/x/t/a/b");
  EXPECT_EQ(fixed("//x/./s//a//b/"), "/x/t/a//b/");
  EXPECT_EQ(fixed("/x/../x/s/a"), "/x/t/a");
  EXPECT_EQ(fixed("/x/s/../s/a"), "/x/t/a");
  EXPECT_EQ(fixed("/x/s/a", ""), "/a");
}

TEST(FixedTarget, WhatIsAbsoluteElsewhereIsKept) {
  for (const char* target :
       {"/", "/x", "/x/s2/a", "/x/s/../a", "/x/t/a", "/usr/bin/../lib", "//"}) {
    EXPECT_EQ(fixed(target), target);
    EXPECT_EQ(fixed(target, "/y/z/t"), target);
  }
}

TEST(FixedTarget, WhatStaysInTheTreeIsKeptByteForByte) {
  for (const char* target : {"a", "./a", "../a//b/", "..", ".", "../d/../e", "a/../../b", "../d"}) {
    EXPECT_EQ(fixed(target), target);
    EXPECT_EQ(fixed(target, "/y/z/t"), target);
  }
}

TEST(FixedTarget, WhatLeavesTheTreeAndComesBackDoesNotLeaveIt) {
  EXPECT_EQ(fixed("../../s/a"), "../a");
  EXPECT_EQ(fixed("../../s"), "..");
  EXPECT_EQ(fixed("../../s/d/a"), "../d/a");
  EXPECT_EQ(fixed("../../../x/s/a//b"), "../a//b");
  EXPECT_EQ(fixed("../../../../../x/s/a", "/y/z/t"), "../a");
}

TEST(FixedTarget, WhatLeadsOutMeansTheSameFromElsewhere) {
  EXPECT_EQ(fixed("../../a"), "../../a");
  EXPECT_EQ(fixed("../../a", "/y/z/t"), "../../../../x/a");
  EXPECT_EQ(fixed("../..", "/x/y/t"), "../../..");
  // Both ways up end in the root directory.
  EXPECT_EQ(fixed("../../../etc", "/y/t"), "../../../etc");
  EXPECT_EQ(fixed("../../t/a"), "../../t/a");
}

// ---- Copies

class FixSymlinks : public scene {
protected:
  copy_report copied(const char* from, const path_handle& to, const char* name,
                     copy_options options = {}) {
    options.symlinks = copy_options::symlinks::fix;
    return take(copy_tree(dir, leaf(from), to, leaf(name), from, options, told));
  }

  std::string says(const fs::path& name) const { return fs::read_symlink(scratch / name); }

  listener told;
};

TEST_F(FixSymlinks, ThroughDirectoriesThatAreSymlinks) {
  // The words of s/up say that "in/../x" is s/x; the kernel, that it is s/real/x.
  make("f s/x 1\n f s/real/x 2\n d s/real/deep\n l s/in -> real/deep\n l s/up -> in/../x\n"
       "l s/out -> ../beside/deep\n f beside/x 3\n d beside/deep\n l s/beyond -> out/../x\n"
       "l s/home -> .\n l s/again -> home/../s/x\n d elsewhere/y");
  const auto to = anchor(scratch / "elsewhere/y");
  EXPECT_EQ(copied("s", to, "t").failures, 0U) << told;
  const fs::path t = "elsewhere/y/t";
  EXPECT_EQ(says(t / "up"), "in/../x");
  EXPECT_EQ(says(t / "out"), "../../../beside/deep");
  EXPECT_EQ(says(t / "beyond"), "out/../x");
  EXPECT_EQ(says(t / "again"), "x");
  EXPECT_EQ(fs::file_size(scratch / t / "up"), 2U);
  EXPECT_EQ(fs::file_size(scratch / t / "beyond"), 3U);
  EXPECT_TRUE(fs::equivalent(scratch / t / "again", scratch / t / "x"));
}

TEST_F(FixSymlinks, ThroughAnotherNameOfTheTree) {
  make("f s/d/x 1\n l alias -> s\n l x-alias -> s/d/x\n l s/a -> ../alias/d/x\n l s/b -> ../alias\n"
       "l s/c -> ../x-alias\n d s/e");
  const std::string whole = (scratch / "alias/d").string();
  fs::create_symlink(whole, scratch / "s/e/w");
  EXPECT_EQ(copied("s", dir, "t").failures, 0U) << told;
  EXPECT_EQ(says("t/a"), "d/x");
  EXPECT_EQ(says("t/b"), ".");
  EXPECT_EQ(says("t/c"), "d/x");
  EXPECT_EQ(says("t/e/w"), fs::canonical(scratch / "t/d").string());
}

TEST_F(FixSymlinks, WhereNothingIsItsWordsAreTaken) {
  make("d s/d\n l s/d/gone -> ../../s/none/../x\n l s/d/far -> ../../none/x\n d y/z");
  fs::create_symlink(fs::canonical(scratch / "s").string() + "/no/such", scratch / "s/whole");
  const auto to = anchor(scratch / "y/z");
  EXPECT_EQ(copied("s", to, "t").failures, 0U) << told;
  EXPECT_EQ(says("y/z/t/d/gone"), "../none/../x");
  EXPECT_EQ(says("y/z/t/d/far"), "../../../../none/x");
  EXPECT_EQ(says("y/z/t/whole"), fs::canonical(scratch / "y/z/t").string() + "/no/such");
}

TEST_F(FixSymlinks, KeepsTheRestOfTheSymlinkAndItsNamesWhereItCan) {
  make("f s/x 1\n l s/a -> x\n h s/d/b = s/a\n l s/c -> ../s/x\n h s/d/e = s/c");
  const timespec old[] = {{1'000, 5}, {1'000, 7}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (scratch / "s/c").c_str(), old, AT_SYMLINK_NOFOLLOW), 0);
  EXPECT_EQ(copied("s", dir, "t").failures, 0U) << told;
  EXPECT_EQ(says("t/c"), "x");
  // From there, the same words mean something that there is not: they still do.
  EXPECT_EQ(says("t/d/e"), "../s/x");
  EXPECT_EQ(metadata_of(scratch / "t/c"), metadata_of(scratch / "s/c"));
  const testing::manifest made(scratch / "t");
  EXPECT_EQ(made.entries.at("a").inode, made.entries.at("d/b").inode);
}

TEST_F(FixSymlinks, OfOneSymlinkAloneToo) {
  make("f x 1\n l l -> x\n d y");
  const auto to = anchor(scratch / "y");
  EXPECT_EQ(copied("l", to, "l").failures, 0U) << told;
  EXPECT_EQ(copied("l", dir, "m").failures, 0U) << told;
  EXPECT_EQ(says("y/l"), "../x");
  EXPECT_EQ(says("m"), "x");
}

TEST_F(FixSymlinks, MergedTheyMeanWhatIsInTheTarget) {
  make("f s/x 1\n f t/x 2\n d t/d\n l s/d/l -> ../../s/x\n l t/d/l -> nowhere");
  EXPECT_EQ(copied("s", dir, "t", {.existing = copy_options::existing::merge}).failures, 0U);
  EXPECT_EQ(says("t/d/l"), "../x");
}

TEST_F(FixSymlinks, ATargetThatWouldBeTooLongFailsAlone) {
  std::string far = "../far";
  while (far.size() < 4090) far += "/.";
  make("f s/x 1\n f far 1\n l s/l -> " + far + "\n d y/z");
  const auto to = anchor(scratch / "y/z");
  for (const auto doing : {copy_options::doing::rehearse, copy_options::doing::execute}) {
    told.failures.clear();
    EXPECT_EQ(copied("s", to, "t", {.doing = doing}).failures, 1U);
    EXPECT_EQ(told.failure_alone().why.native(), ENAMETOOLONG);
  }
  EXPECT_TRUE(fs::exists(scratch / "y/z/t/x"));
}

/// Random trees in which symlinks lead anywhere: each that leads somewhere in the source leads to
/// the counterpart of that in the copy, as the kernel follows it.
TEST_F(FixSymlinks, EverySymlinkMeansInTheCopyWhatItMeantInTheSource) {
  std::mt19937 random(20'201'126);
  const auto below = [&](std::size_t bound) { return random() % bound; };
  unsigned compared = 0, changed = 0;
  for (int round = 0; round < 250; ++round) {
    const testing::scratch_directory place;
    const fs::path root = fs::canonical(place.path());
    std::vector<fs::path> dirs{"p", "p/s", "q", "q/r"};
    for (const auto& d : dirs) fs::create_directories(root / d);
    const char* const names[] = {"a", "b", "c", "s"};
    for (int i = 0; i < 14; ++i) {
      const fs::path made = dirs[below(dirs.size())] / names[below(4)];
      if (!fs::exists(fs::symlink_status(root / made))) {
        fs::create_directory(root / made);
        dirs.push_back(made);
      }
    }
    for (int i = 0; i < 40; ++i) {
      const fs::path made = dirs[below(dirs.size())] / names[below(4)];
      if (fs::exists(fs::symlink_status(root / made))) continue;
      fs::path target = below(4) == 0 ? root / dirs[below(dirs.size())] : fs::path();
      for (std::size_t steps = 1 + below(5); steps != 0; --steps) {
        const char* const steps_of[] = {"..", "..", "..", "p", "q", "a", "b", "c", "s", "."};
        target /= steps_of[below(10)];
      }
      fs::create_symlink(target, root / made);
    }
    const fs::path source = root / "p/s";
    const char* const places[] = {"p", "q", "q/r"};
    const fs::path in = root / places[below(3)];
    const auto from = anchor(root / "p"), to = anchor(in);
    listener heard;
    ASSERT_EQ(take(copy_tree(from, leaf("s"), to, leaf("copy"), "s",
                             {.symlinks = copy_options::symlinks::fix}, heard))
                  .failures,
              0U)
        << heard;
    for (const auto& entry : fs::recursive_directory_iterator(source)) {
      if (!entry.is_symlink()) continue;
      std::error_code nowhere;
      const fs::path meant = fs::canonical(entry.path(), nowhere);
      if (nowhere) continue;
      const fs::path inside = meant.lexically_relative(source);
      const fs::path copy = in / "copy" / entry.path().lexically_relative(source);
      const fs::path expected = inside == "."             ? in / "copy"
                                : *inside.begin() == ".." ? meant
                                                          : in / "copy" / inside;
      const fs::path means = fs::canonical(copy, nowhere);
      EXPECT_EQ(means, expected) << copy << " says " << fs::read_symlink(copy) << ", "
                                 << entry.path() << " says " << fs::read_symlink(entry.path());
      ++compared;
      if (fs::read_symlink(copy) != fs::read_symlink(entry.path())) ++changed;
    }
  }
  EXPECT_GT(compared, 100U);
  EXPECT_GT(changed, 30U);
}

} // namespace
} // namespace afio::unit
