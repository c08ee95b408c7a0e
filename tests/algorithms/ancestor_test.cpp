// Whether a directory is above another, by identity and not by name.
#include "algorithms/ancestor.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"
#include "tests/algorithms/scene.hpp"

#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

class Ancestor : public scene {
protected:
  void SetUp() override { make("d a/b/c\n d a/beside\n l link -> a"); }

  relation between(const char* one, const char* other) const {
    return take(relation_of(anchor(scratch / one), anchor(scratch / other)));
  }
};

TEST_F(Ancestor, IsTheSameWhateverTheWay) {
  EXPECT_EQ(between("a", "a"), relation::same);
  EXPECT_EQ(between("a", "link"), relation::same);
  EXPECT_EQ(between("link/b", "a/b/c/.."), relation::same);
}

TEST_F(Ancestor, IsAboveAtWhateverDepth) {
  EXPECT_EQ(between("a", "a/b"), relation::above);
  EXPECT_EQ(between("a", "a/b/c"), relation::above);
  EXPECT_EQ(between("link", "a/b/c"), relation::above);
  EXPECT_EQ(take(relation_of(anchor("/"), anchor(scratch / "a"))), relation::above);
}

TEST_F(Ancestor, IsUnrelatedOtherwise) {
  EXPECT_EQ(between("a/b", "a"), relation::unrelated);
  EXPECT_EQ(between("a/beside", "a/b/c"), relation::unrelated);
  EXPECT_EQ(between("a/b", "a/beside"), relation::unrelated);
}

TEST_F(Ancestor, OfTheRootDirectoryIsTold) {
  EXPECT_TRUE(take(is_root(anchor("/"))));
  EXPECT_TRUE(take(is_root(anchor("/.."))));
  EXPECT_FALSE(take(is_root(anchor(scratch / "a"))));
  EXPECT_FALSE(take(is_root(anchor("/dev"))));
}

TEST_F(Ancestor, ErrorsAreNotTakenForAnAnswer) {
  const path_handle a = anchor(scratch / "a"), c = anchor(scratch / "a/b/c");
  const armed failing({.which = call::openat, .nth = 1, .native = EACCES});
  EXPECT_TRUE(failed_with(relation_of(a, c), EACCES));
}

// -------------------------------------------------------------------------------------- refusals

/// In processes of their own, which go where they like.
class Refusal : public scene {
protected:
  void SetUp() override { make("f t/a/b/x 1\n f t/c/y 1\n l link -> t\n d elsewhere"); }

  result<remove_report> remove(const fs::path& parent, const char* name) {
    return remove_tree(anchor(parent), leaf(name), name, {.tree = {.threads = 1}}, told);
  }

  result<remove_report> empty(const fs::path& root) {
    return remove_contents(anchor(root), root.native(), {.tree = {.threads = 1}}, told);
  }

  /// Runs with that working directory.
  void from(const char* where, const std::function<void()>& f) {
    EXPECT_EQ(in_child([&] {
                fs::current_path(scratch / where);
                f();
              }),
              0);
  }

  listener told;
};

TEST_F(Refusal, ToDeleteTheWorkingDirectoryOrWhatItIsIn) {
  from("t/a/b", [&] {
    EXPECT_TRUE(failed_with(remove(scratch.path(), "t"), errc::refused));
    EXPECT_TRUE(failed_with(remove(scratch / "t", "a"), errc::refused));
    EXPECT_TRUE(failed_with(remove(scratch / "t/a", "b"), errc::refused));
  });
  EXPECT_TRUE(fs::exists(scratch / "t/a/b/x"));
}

TEST_F(Refusal, WhicheverTheWayThere) {
  from("t/a/b", [&] {
    EXPECT_TRUE(failed_with(remove(scratch / "link", "a"), errc::refused));
    EXPECT_TRUE(failed_with(remove("..", "b"), errc::refused));
    EXPECT_TRUE(failed_with(remove("../..", "a"), errc::refused));
  });
  from("link/a", [&] { EXPECT_TRUE(failed_with(remove(scratch / "t", "a"), errc::refused)); });
  EXPECT_TRUE(fs::exists(scratch / "t/a/b/x"));
}

TEST_F(Refusal, HoldsForEveryOption) {
  from("t/a", [&] {
    const path_handle parent = anchor(scratch.path());
    for (const remove_options& options :
         {remove_options{.hide = remove_options::hide::first},
          remove_options{.extent = remove_options::extent::all_or_nothing},
          remove_options{.doing = remove_options::doing::rehearse},
          remove_options{.permissions = remove_options::permissions::force}}) {
      EXPECT_TRUE(failed_with(remove_tree(parent, leaf("t"), "t", options, told), errc::refused));
    }
  });
  EXPECT_TRUE(fs::exists(scratch / "t/a/b/x"));
  EXPECT_TRUE(told.events.empty());
}

TEST_F(Refusal, DoesNotHoldForWhatIsBesideOrBelow) {
  from("t/a", [&] {
    EXPECT_TRUE(succeeded(remove(scratch / "t", "c")));
    EXPECT_TRUE(succeeded(remove(scratch / "t/a", "b")));
  });
  EXPECT_TRUE(fs::exists(scratch / "t/a"));
  EXPECT_FALSE(fs::exists(scratch / "t/c"));
  EXPECT_FALSE(fs::exists(scratch / "t/a/b"));
}

TEST_F(Refusal, OfASymlinkToTheWorkingDirectoryIsNotNeeded) {
  from("t/a", [&] { EXPECT_TRUE(succeeded(remove(scratch.path(), "link"))); });
  EXPECT_TRUE(fs::exists(scratch / "t/a/b/x"));
  EXPECT_FALSE(fs::exists(scratch / "link"));
}

TEST_F(Refusal, ToEmptyWhatTheWorkingDirectoryIsIn) {
  from("t/a/b", [&] {
    EXPECT_TRUE(failed_with(empty(scratch / "t"), errc::refused));
    EXPECT_TRUE(failed_with(empty(scratch / "link/a"), errc::refused));
  });
  EXPECT_TRUE(fs::exists(scratch / "t/a/b/x"));
}

TEST_F(Refusal, DoesNotHoldForTheContentsOfTheWorkingDirectory) {
  from("t/a", [&] { EXPECT_TRUE(succeeded(empty("."))); });
  EXPECT_TRUE(fs::exists(scratch / "t/a"));
  EXPECT_TRUE(fs::is_empty(scratch / "t/a"));
}

/// A working directory that is gone is in no tree.
TEST_F(Refusal, DoesNotHoldWhereTheWorkingDirectoryHasBeenDeleted) {
  from("elsewhere", [&] {
    fs::remove(scratch / "elsewhere");
    EXPECT_TRUE(succeeded(remove(scratch.path(), "t")));
  });
  EXPECT_FALSE(fs::exists(scratch / "t"));
}

TEST_F(Refusal, ToEmptyTheRootDirectory) {
  const int ended = in_child([&] {
    // So that this is not the real one.
    if (::chroot(scratch.path().c_str()) != 0) ::_exit(2);
    fs::current_path("/t/c");
    EXPECT_TRUE(failed_with(empty("/"), errc::refused));
    fs::current_path("/");
    EXPECT_TRUE(failed_with(empty("/"), errc::refused));
  });
  if (ended == 2) GTEST_SKIP() << "cannot change the root directory here";
  EXPECT_EQ(ended, 0);
  EXPECT_TRUE(fs::exists(scratch / "t/a/b/x"));
}

} // namespace
} // namespace afio::unit
