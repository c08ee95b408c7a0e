// Deletion of what cannot be made, or not be deleted, everywhere: device nodes, immutable files,
// file systems that are read-only.
#include "tests/algorithms/removal_scene.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/mounts.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using testing::file_system;
using testing::loop_fs;
using testing::manifest;

/// The tree `t` is on a file system of the suite's own.
class SpecialFiles : public ::testing::TestWithParam<unsigned> {
protected:
  static void TearDownTestSuite() { made_.reset(); }

  void SetUp() override {
    if (!made_) made_.emplace(file_system::ext4);
    if (!*made_) GTEST_SKIP() << made_->why_not();
    guard_.emplace();
    dir_ = anchor(made_->path());
  }

  void TearDown() override {
    if (!*made_) return;
    testing::remove_by_force(at("t"));
    dir_ = {};
    guard_.reset();
  }

  static fs::path at(const std::string& name) { return made_->path() / name; }

  static void make(std::string_view literal) { testing::make_tree(made_->path(), literal); }

  remove_report remove(remove_options options = {}) {
    options.tree.threads = GetParam();
    return take(remove_tree(dir_, leaf("t"), "t", options, told));
  }

  list left() const {
    list found;
    for (const auto& [path, entry] : manifest(at("t")).entries) found.insert(path);
    return found;
  }

  listener told;

private:
  static inline std::optional<loop_fs> made_;
  std::optional<testing::descriptor_guard> guard_;
  path_handle dir_;
};

AFIO_WITH_1_2_AND_3_THREADS(SpecialFiles);

TEST_P(SpecialFiles, OfAllTypesAreDeletedUnopened) {
  make("c t/null 1 3\n b t/disk 7 99\n p t/fifo\n l t/link -> null\n f t/file 1\n d t/d");
  // A socket's path must be short.
  fs::current_path(at("t"));
  testing::make_tree(".", "s socket");
  fs::current_path("/");
  const armed counting;
  EXPECT_EQ(remove().deleted, 8U);
  EXPECT_TRUE(told.failures.empty()) << told;
  EXPECT_FALSE(fs::exists(at("t")));
  // The root for its names, and d.
  EXPECT_EQ(detail::calls_seen(call::openat2), 2U);
}

TEST_P(SpecialFiles, AnImmutableFileIsAFailureByNameAndAllElseGoes) {
  make("f t/a/fixed 1\n f t/a/x 1\n f t/b/y 1");
  ASSERT_TRUE(set_immutable(at("t/a/fixed"), true));
  const auto done = remove();
  EXPECT_EQ(told.failure_alone().path, "t/a/fixed");
  EXPECT_EQ(told.failure_alone().what, operation::remove);
  EXPECT_EQ(told.failure_alone().why.native(), EPERM);
  EXPECT_EQ(done.deleted, 3U);
  EXPECT_EQ(left(), (list{".", "a", "a/fixed"}));
}

TEST_P(SpecialFiles, AnImmutableDirectoryKeepsWhatIsInIt) {
  make("f t/fixed/x 1\n f t/b/y 1");
  ASSERT_TRUE(set_immutable(at("t/fixed"), true));
  remove();
  EXPECT_EQ(told.failed_paths(), lines{"t/fixed/x"});
  EXPECT_EQ(told.failure_alone().why.native(), EPERM);
  EXPECT_EQ(left(), (list{".", "fixed", "fixed/x"}));
}

TEST_P(SpecialFiles, AnImmutableEmptyDirectoryIsAFailureByName) {
  make("d t/fixed\n f t/b/y 1");
  ASSERT_TRUE(set_immutable(at("t/fixed"), true));
  remove();
  EXPECT_EQ(told.failed_paths(), lines{"t/fixed"});
  EXPECT_EQ(left(), (list{".", "fixed"}));
}

TEST_P(SpecialFiles, AnImmutableRootIsAFailureByName) {
  make("d t");
  ASSERT_TRUE(set_immutable(at("t"), true));
  remove();
  EXPECT_EQ(told.failed_paths(), lines{"t"});
  EXPECT_EQ(told.failure_alone().why.native(), EPERM);
}

TEST_P(SpecialFiles, AllGoesBackIfOneIsImmutable) {
  for (const char* fixed : {"t/a/b/file", "t/a/b", "t/a", "t/x"}) {
    make("f t/a/b/file 1\n f t/a/c 1\n f t/x 1\n h t/a/x2 = t/x");
    ASSERT_TRUE(set_immutable(at(fixed), true));
    const manifest before(at("t"));
    const auto done = remove({.extent = extent::all_or_nothing});
    EXPECT_EQ(difference(before, manifest(at("t"))), "") << fixed;
    EXPECT_EQ(done.deleted, 0U);
    EXPECT_EQ(done.left_as, std::nullopt);
    ASSERT_FALSE(told.failures.empty());
    EXPECT_EQ(told.failures.front().why.native(), EPERM);
    EXPECT_TRUE(told.failures.front().path.starts_with(fixed)) << told;
    told.failures.clear();
    testing::remove_by_force(at("t"));
  }
}

TEST_P(SpecialFiles, ReadOnlyFileSystemLosesNothing) {
  make("f t/a/x 1\n f t/y 1");
  const manifest before(at("t"));
  const auto remount = [&](unsigned long flags) {
    testing::checked(::mount(nullptr, at("").c_str(), nullptr, MS_REMOUNT | flags, nullptr),
                     "remount");
  };
  remount(MS_RDONLY);
  for (const auto hide : {remove_options::hide::no, remove_options::hide::first}) {
    for (const auto what : {extent::each_entry, extent::all_or_nothing}) {
      told.failures.clear();
      const auto done =
          remove_tree(anchor(at("")), leaf("t"), "t",
                      {.tree = {.threads = GetParam()}, .hide = hide, .extent = what}, told);
      if (done)
        EXPECT_EQ(told.failed_paths(), (lines{"t/a/x", "t/y"}));
      else
        EXPECT_TRUE(failed_with(done, EROFS));
      for (const auto& f : told.failures) EXPECT_EQ(f.why.native(), EROFS);
    }
  }
  remount(0);
  EXPECT_EQ(difference(before, manifest(at("t"))), "");
}

} // namespace
} // namespace afio::unit
